#!/bin/sh
# nginx does not start without a certificate, and certbot gets none without nginx. The first start
# makes a self-signed pair in a directory of its own, which certbot's hook replaces by one rename.
set -eu
tls=/etc/nginx/tls
if [ -e "$tls/current/fullchain.pem" ]; then
    exit 0
fi
mkdir -p "$tls/placeholder"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=placeholder \
    -keyout "$tls/placeholder/privkey.pem" -out "$tls/placeholder/fullchain.pem" 2>/dev/null
ln -sfn placeholder "$tls/current"
