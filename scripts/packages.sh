# Which Debian packages each command of ./dev needs, and how the missing ones come in. Sourced by ./dev.

declare -A packages=(
  [build]="clang-19 lld-19 cmake ninja-build ccache libssl-dev zlib1g-dev libbrotli-dev libzstd-dev libisal-dev
    libdeflate-dev libc-ares-dev libcrypt-dev libtomlplusplus-dev libspdlog-dev libcli11-dev nlohmann-json3-dev openssl"
  [test]="libgtest-dev libgmock-dev python3 python3-pytest python3-websockets curl strace iproute2 nginx-light chromium sslscan testssl.sh
    brotli zstd"
  [format]="clang-format-19"
  [check]="clang-tidy-19 g++ valgrind libbenchmark-dev qemu-system-x86 busybox-static cpio"
  [fuzz]="libclang-rt-19-dev"
  [bench]="libbenchmark-dev python3 wrk nginx-light haproxy iproute2 openssl strace"
)

# packages_of GROUP...: "all" is every group.
packages_of() {
  local group
  for group in "$@"; do
    if [[ $group == all ]]; then
      packages_of "${!packages[@]}"
    elif [[ -n ${packages[$group]:-} ]]; then
      tr -s ' \n' '\n' <<<"${packages[$group]}"
    else
      printf 'dev: unknown package group %s; there are: all %s\n' "$group" "${!packages[*]}" >&2
      return 1
    fi
  done | sort -u
}

missing_packages() {
  local wanted
  wanted=$(packages_of "$@")
  # dpkg-query fails for names it never saw; what counts is the list of those that are installed.
  comm -23 <(echo "$wanted") <(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii *//p' | sort -u)
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

# require_packages GROUP...: costs one dpkg-query when everything is there.
require_packages() {
  command -v dpkg-query >/dev/null || die "this is not a Debian system; install by hand: $(packages_of "$@" | xargs)"
  local missing
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  say "installing from Debian: ${missing//$'\n'/ }"
  if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    die "installing needs root or sudo; as root: apt-get install --no-install-recommends ${missing//$'\n'/ }"
  fi
  as_root apt-get update -qq || die "apt-get update failed: check the network and /etc/apt/sources.list"
  without_starting_services install_packages $missing || die "apt-get could not install: ${missing//$'\n'/ } (Debian 12 'bookworm' main has them all)"
}

install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" || return 1
  # The bench starts an nginx of its own; the system's service must not start now (policy-rc.d), nor at the next boot.
  if [[ " $* " == *" nginx-light "* ]]; then
    as_root update-rc.d nginx disable
  fi
}

# A policy-rc.d that answers 101 keeps package scripts from starting their services. One that the operator put there stays.
without_starting_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  [[ -e $policy ]] && { "$@"; return; }
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  "$@" || status=$?
  as_root rm -f "$policy"
  return "$status"
}
