#!/bin/sh
# Makes the keys and certificates that the tests of TLS use; they protect nothing and last a hundred years.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=36500

authority() { # file, name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days $days -subj "/CN=$2" -keyout "$work/$1.key" -out "$1.crt"
}
signed() { # file, subject, authority, extensions, digest
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$1.key" -out "$work/$1.csr"
  printf '%s\n' "$4" > "$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA "$3.crt" -CAkey "$work/$3.key" -set_serial "0x$(openssl rand -hex 8)" -days $days "-$5" -extfile "$work/$1.ext" -out "$1.crt"
}

authority authority "Freshet test authority"
authority stranger "Another authority"
hosts="subjectAltName=DNS:localhost,IP:127.0.0.1"
signed server "/CN=localhost" authority "$hosts" sha256
signed renewed "/CN=localhost" authority "$hosts" sha384
signed misnamed "/CN=elsewhere.example" authority "subjectAltName=DNS:elsewhere.example" sha256
signed jane "/O=example/OU=ops/CN=jane" authority "extendedKeyUsage=clientAuth" sha256
signed revoked "/CN=revoked" authority "extendedKeyUsage=clientAuth" sha256
signed foreign "/CN=jane" stranger "extendedKeyUsage=clientAuth" sha256

cat > "$work/ca.cnf" <<END
[ca]
default_ca = own
[own]
database = $work/index.txt
default_md = sha256
crlnumber = $work/crlnumber
END
: > "$work/index.txt"
echo 01 > "$work/crlnumber"
openssl ca -config "$work/ca.cnf" -keyfile "$work/authority.key" -cert authority.crt -revoke revoked.crt
openssl ca -config "$work/ca.cnf" -keyfile "$work/authority.key" -cert authority.crt -gencrl -crldays $days -out authority.crl
