#!/bin/sh
# Runs after each new certificate. Copies the pair beside the old one and switches by one rename:
# nginx never sees a certificate with the key of another.
set -eu
version=$(date +%Y%m%d%H%M%S)
mkdir -p "/tls/$version"
cp -L "$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem" "/tls/$version/"
chmod 0600 "/tls/$version/privkey.pem"
ln -s "$version" /tls/next
mv -fT /tls/next /tls/current
