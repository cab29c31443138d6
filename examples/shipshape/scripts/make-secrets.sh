#!/bin/bash
# Makes the random secrets that are not there yet, and names those that a person has to supply.
set -euo pipefail
cd "$(dirname "$0")/.."
install --directory --mode=0700 secrets
for name in django_secret_key postgres_password db_password redis_password restic_password; do
    [ -s "secrets/$name" ] || openssl rand -hex 32 >"secrets/$name"
done
[ -s secrets/email_password ] || { echo "put the mail server's password into secrets/email_password" >&2; exit 1; }
# The directory is closed to everyone else on the machine; inside the containers the users differ.
chmod 0444 secrets/*
