#!/bin/sh
# Looks once a minute whether `current` points at another pair, and reloads when the configuration
# is valid. nginx keeps the certificate in memory: without a reload a renewal stays unseen.
set -eu
watch() {
    seen=$(readlink /etc/nginx/tls/current)
    while sleep 60; do
        now=$(readlink /etc/nginx/tls/current) || continue
        if [ "$now" != "$seen" ] && nginx -t -q && nginx -s reload; then
            seen=$now
        fi
    done
}
watch &
