#!/bin/bash
# restore.sh [NAME|latest]: brings a backup back as the database. Writers are stopped meanwhile.
# The database from before is kept under another name; see README.md for how to drop it.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-latest}
read -r -p "The site stops, and its data becomes that of \"$name\". Type restore: " answer
[ "$answer" = restore ] || exit 1
docker compose stop api worker </dev/null
# Started again whatever happens: a restore that failed has not touched the live database.
trap 'docker compose start api worker </dev/null' EXIT
docker compose run --rm --no-TTY backup restore.sh "$name" </dev/null
