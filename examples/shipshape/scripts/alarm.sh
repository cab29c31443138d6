#!/bin/bash
# Names every service that is not running and healthy, and ends with 1 when there is one. For cron:
# */5 * * * * /srv/harbour/scripts/alarm.sh >/dev/null   (cron mails what is on standard error)
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
for service in $(docker compose config --services); do
    [ "$service" = migrate ] && continue
    ids=$(docker compose ps --quiet "$service")
    if [ -z "$ids" ]; then
        echo "$service does not run" >&2
        status=1
    fi
    for id in $ids; do
        state=$(docker inspect --format '{{.State.Status}} {{.State.Health.Status}}' "$id")
        case $state in
            "running healthy" | "running starting") ;;
            *)
                echo "$service is $state" >&2
                status=1
                ;;
        esac
    done
done
exit "$status"
