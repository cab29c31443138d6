#!/bin/bash
# deploy.sh RELEASE: puts the images of that release into service, or leaves the old one in service.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

export RELEASE=${1:?usage: deploy.sh RELEASE}
previous=$(env_value RELEASE)
lock

# Everything that can be known to fail is asked before anything is touched.
docker compose config --quiet
grep --quiet "server_name $(env_value SITE_DOMAIN);" nginx/conf.d/harbour.conf ||
    { echo "nginx/conf.d/harbour.conf does not serve $(env_value SITE_DOMAIN)" >&2; exit 1; }
docker compose pull --quiet

# The data first. On the very first deploy there is none.
docker compose up --detach --no-build --wait --wait-timeout 180 db redis </dev/null
if [ -n "$(docker compose ps --quiet backup)" ]; then
    docker compose exec -T backup backup.sh </dev/null
fi
# Migrations have to suit the release that is still running: add now, remove in a later release.
docker compose run --rm --no-TTY migrate </dev/null

if start_release && start_proxy && answers; then
    [ -z "$previous" ] || [ "$previous" = "$RELEASE" ] || echo "$previous" >.previous-release
    remember "$RELEASE"
    echo "$RELEASE is in service"
    exit 0
fi

echo "$RELEASE failed" >&2
if [ -n "$previous" ]; then
    export RELEASE=$previous
    start_release && start_proxy && answers && echo "$previous is in service again" >&2
fi
exit 1
