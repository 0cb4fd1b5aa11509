#!/bin/sh
# Makes a test CA and certificates below the folder given: ca, server (localhost and 127.0.0.1), client, wrong-name,
# expired, and stranger (a server certificate of a CA that nobody trusts). Each is <name>.crt and <name>.key.
set -eu

folder=${1:?usage: make_certs.sh FOLDER}
mkdir -p "$folder"
cd "$folder"

key() { openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }

authority() {
    key "$1"
    openssl req -x509 -new -sha256 -key "$1.key" -out "$1.crt" -days 30 -subj "/CN=libgateway test $1" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
}

# certificate NAME CA SUBJECT-ALT-NAMES USAGE NOT-BEFORE NOT-AFTER
certificate() {
    key "$1"
    mkdir -p "$2.issued"
    [ -f "$2.issued/index" ] || : >"$2.issued/index"
    cat >"$1.cnf" <<END
[ca]
default_ca = authority
[authority]
database = $2.issued/index
new_certs_dir = $2.issued
rand_serial = yes
unique_subject = no
certificate = $2.crt
private_key = $2.key
default_md = sha256
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = $4
subjectAltName = $3
[req]
distinguished_name = name
[name]
END
    openssl req -new -config "$1.cnf" -key "$1.key" -subj "/CN=libgateway test $1" -out "$1.csr" 2>/dev/null
    openssl ca -batch -notext -config "$1.cnf" -in "$1.csr" -out "$1.crt" -startdate "$5" -enddate "$6" 2>/dev/null
    rm -f "$1.cnf" "$1.csr"
}

here=DNS:localhost,IP:127.0.0.1
from=20240101000000Z
to=20990101000000Z

authority ca
authority stranger-ca
certificate server ca "$here" serverAuth "$from" "$to"
certificate client ca "DNS:client.test" clientAuth "$from" "$to"
certificate wrong-name ca "DNS:elsewhere.test" serverAuth "$from" "$to"
certificate expired ca "$here" serverAuth 20200101000000Z 20200201000000Z
certificate stranger stranger-ca "$here" serverAuth "$from" "$to"
