#!/usr/bin/env bash
# Makes the certificates and keys of the golden files anew: every section "#: file tls/NAME.pem MODE" of a *.toml-test
# gets a fresh NAME. They are valid from 2020 to 2099, unless their name says otherwise. Fingerprints change, so
# afterwards: FLARE_UPDATE_GOLDEN=1 build/dev/tests/config/config_golden, and read the diff.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# key NAME [ALGORITHM OPTIONS]
key() {
  openssl genpkey -quiet "${@:2}" -out "$work/$1-key.pem" 2>/dev/null || openssl genpkey "${@:2}" -out "$work/$1-key.pem"
}
p256=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)

# certificate NAME BEGIN END SUBJECT_ALT_NAMES: for NAME-key.pem, signed by itself
certificate() {
  cat >"$work/ca.conf" <<CONF
[ca]
default_ca = self
[self]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
subjectAltName = $4
[req]
distinguished_name = nobody
[nobody]
CONF
  : >"$work/index"
  openssl req -new -config "$work/ca.conf" -subj "/CN=$1" -key "$work/$1-key.pem" -out "$work/request"
  openssl ca -batch -notext -config "$work/ca.conf" -selfsign -keyfile "$work/$1-key.pem" -in "$work/request" \
    -startdate "$2" -enddate "$3" -out "$work/$1.pem" 2>/dev/null
}

begin=20200101000000Z end=20990101000000Z
for name in www api clients expired future other; do key "$name" "${p256[@]}"; done
key short -algorithm RSA -pkeyopt rsa_keygen_bits:1024
certificate www "$begin" "$end" DNS:www.example.com,DNS:*.example.net,IP:192.0.2.1
certificate api "$begin" "$end" DNS:api.example.com
certificate clients "$begin" "$end" DNS:clients.example.com
certificate expired 20190101000000Z "$begin" DNS:expired.example.com
certificate future 20980101000000Z "$end" DNS:future.example.com
certificate short "$begin" "$end" DNS:short.example.com
openssl pkcs8 -topk8 -in "$work/www-key.pem" -passout "pass:open sesame" -out "$work/locked-key.pem"

for golden in *.toml-test; do
  awk -v work="$work" '
    /^#: / || /^----------$/ { skipping = 0 }
    !skipping { print }
    /^#: file tls\// {
      name = work substr($3, 4)
      while ((getline line < name) > 0) { print line; skipping = 1 }
      close(name)
    }' "$golden" >"$work/golden"
  cmp -s "$work/golden" "$golden" || cp "$work/golden" "$golden"
done
