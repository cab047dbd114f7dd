#!/usr/bin/env bash
# Whether files leave by the kernel's TLS, and right, in a kernel that has it: Debian's, in a virtual machine without
# network or disk. usage: kernel_tls.sh FLARED FOLDER; FOLDER keeps the kernel. Exit status 0: every answer was whole.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
flared=$(realpath "$1")
mkdir -p "$2"
cd "$2"
readonly patience=300  # seconds: all of it is emulated

die() { printf 'kernel_tls: %s\n' "$*" >&2; exit 1; }

kernel_package() { apt-cache depends --important linux-image-cloud-amd64 2>/dev/null | awk '/Depends:/ { print $2; exit }'; }

# The lists of packages may be missing, or older than what there is to be had.
fetch_kernel() {
  [[ ! -d kernel/boot ]] || return 0
  local package
  package=$(kernel_package)
  if [[ -z $package ]] || ! apt-get -q download "$package" >download.log 2>&1; then
    as_root apt-get -qq update || die "apt-get update failed: check the network and /etc/apt/sources.list"
    package=$(kernel_package)
    [[ -n $package ]] || die "there is no package linux-image-cloud-amd64: see /etc/apt/sources.list"
    apt-get -q download "$package" >download.log 2>&1 || die "no $package: $(tail -1 download.log)"
  fi
  dpkg-deb -x "$package"_*.deb kernel.new
  mv kernel.new kernel
}

# Programs with their libraries, in place.
install_program() {
  local file
  for file in "$1" $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
    mkdir -p "root$(dirname "$file")"
    cp -L "$file" "root$file"
  done
}

# TLS and the ciphers, where the kernel looks for them.
install_modules() {
  local from=kernel/lib/modules part
  for part in kernel/net/tls kernel/crypto kernel/lib kernel/arch/x86/crypto; do
    (cd "$from" && find ./*/"$part" -name '*.ko' -exec cp --parents {} "$OLDPWD/root/lib/modules" \;)
  done
  cp "$from"/*/modules.{builtin,order} root/lib/modules/*/
  busybox depmod -b root "$(ls root/lib/modules)" 2>/dev/null || depmod -b root "$(ls root/lib/modules)"
}

make_root() {
  rm -rf root
  mkdir -p root/{bin,sbin,proc,sys,dev,tmp,etc,lib/modules,site/files}
  install_program "$flared"
  install_program /usr/bin/curl
  install_program /usr/bin/openssl
  install_program /bin/busybox
  install_modules
  "$flared" cert self-signed --force --out root/site/certs localhost >/dev/null
  head -c 4194305 /dev/urandom >root/site/files/large
  head -c 700 /dev/urandom >root/site/files/small
  (cd root/site/files && sha256sum large small) >root/site/sums
  cat >root/site/flare.toml <<'TOML'
[listen.web]
address = "127.0.0.1:8443"
tls = true
[[tls.cert]]
chain = "certs/fullchain.pem"
key = "certs/privkey.pem"
[[route]]
path = "/**"
static = { root = "files" }
TOML
  cat >root/init <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
ln -s /bin/busybox /sbin/modprobe
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
ifconfig lo 127.0.0.1 up
modprobe tls
cd /site
$flared -c flare.toml >/tmp/access 2>/tmp/log &
until grep -q "flared is ready" /tmp/log; do sleep 0.1; done
cat >/tmp/get <<'GET'
#!/bin/sh
# get NAME CURL-OPTIONS: small, large, small, large on one connection
cd /tmp && rm -f small large small2 large2
u=https://localhost:8443
curl -sS --resolve localhost:8443:127.0.0.1 --cacert /site/certs/fullchain.pem \$2 \$3 \$4 \$5 -w '%{num_connects}\n' \\
  -o small \$u/small -o large \$u/large -o small2 \$u/small -o large2 \$u/large | sort | uniq -c | tr '\n' ' '
for pass in 1 2; do
  sha256sum -c /site/sums >/tmp/sums 2>&1 && echo "answer \$1 whole" || { echo "answer \$1 BROKEN"; cat /tmp/sums; }
  mv small2 small; mv large2 large
done
echo "sent by the kernel: \$(awk '/TlsTxSw/ { print \$2 }' /proc/net/tls_stat)"
GET
chmod +x /tmp/get
/tmp/get 1.3-aes128 --tlsv1.3 --tls13-ciphers TLS_AES_128_GCM_SHA256
/tmp/get 1.3-aes256 --tlsv1.3 --tls13-ciphers TLS_AES_256_GCM_SHA384
/tmp/get 1.3-chacha --tlsv1.3 --tls13-ciphers TLS_CHACHA20_POLY1305_SHA256
/tmp/get 1.2-aes128 --tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256
/tmp/get 1.2-aes256 --tls-max 1.2 --ciphers ECDHE-ECDSA-AES256-GCM-SHA384
/tmp/get 1.2-chacha --tls-max 1.2 --ciphers ECDHE-ECDSA-CHACHA20-POLY1305
# Who leaves before his file comes is no reason to do without the kernel's TLS from then on.
before=\$(awk '/TlsTxSw/ { print \$2 }' /proc/net/tls_stat)
for i in 1 2 3; do
  (printf 'GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n'; sleep 0) | openssl s_client -quiet -connect 127.0.0.1:8443 \
    -servername localhost >/dev/null 2>&1 &
  sleep 0.3; kill -9 \$! 2>/dev/null
done
curl -sS --resolve localhost:8443:127.0.0.1 --cacert /site/certs/fullchain.pem -o /dev/null https://localhost:8443/large
[ "\$(awk '/TlsTxSw/ { print \$2 }' /proc/net/tls_stat)" -gt "\$before" ] && echo "left early: not refused"
# A slow reader, small buffers, and the server closes behind the file: what waits in the kernel must not be lost.
echo "4096 16384 262144" >/proc/sys/net/ipv4/tcp_wmem
echo "4096 65536 131072" >/proc/sys/net/ipv4/tcp_rmem
for kilobytes in 2500 610 733 858 977 1111; do
  dd if=/dev/urandom of=/site/files/huge bs=1000 count=\$kilobytes 2>/dev/null
  curl -sS --resolve localhost:8443:127.0.0.1 --cacert /site/certs/fullchain.pem -H 'Connection: close' \\
    --limit-rate 2M -o /tmp/huge https://localhost:8443/huge
  cmp /tmp/huge /site/files/huge && echo "closed behind a slow reader: whole"
done
cat /proc/net/tls_stat
cat /tmp/log
echo finished
poweroff -f
INIT
  chmod +x root/init
  (cd root && find . | cpio -o -H newc --quiet | gzip -1) >root.cpio.gz
}

run_machine() {
  timeout "$patience" qemu-system-x86_64 -machine accel=tcg -cpu max -m 768 -smp 1 -nographic -no-reboot -nic none \
    -kernel "$(find kernel/boot -name 'vmlinuz-*')" -initrd root.cpio.gz \
    -append 'console=ttyS0 quiet panic=-1' </dev/null >machine.log 2>&1 || true
}

fetch_kernel
make_root
run_machine
grep -q '^finished' machine.log || { tail -30 machine.log >&2; die "the machine did not get to its end in $patience s"; }
whole=$(grep -c '^.*answer .* whole' machine.log || true)
refused=$(grep -c 'left early: not refused' machine.log || true)
sent=$(awk '/sent by the kernel:/ { n = $NF } END { print n + 0 }' machine.log)
slow=$(grep -c '^closed behind a slow reader: whole' machine.log || true)
[[ $whole -eq 12 && $sent -eq 6 && $slow -eq 6 && $refused -eq 1 ]] || {
  tail -60 machine.log >&2
  die "$whole of 12 answers were whole, $sent of 6 connections sent by the kernel, $slow of 6 slow readers had all"
}
echo "12 files came whole over 6 connections, each sent by the kernel's TLS, and 6 to slow readers"
