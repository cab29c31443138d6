# Sourced by deploy.sh and rollback.sh, in the project's directory.
# shellcheck shell=bash

env_value() { sed -n "s/^$1=//p" .env | tail -n 1; }

# One operation at a time, whoever starts it. The kernel gives the lock back when the script dies.
lock() {
    exec 9>.deploy.lock
    flock --nonblock 9 || { echo "another deploy is running" >&2; exit 1; }
}

# remember RELEASE: .env names what runs, so `docker compose` by hand sees the same.
remember() {
    sed "s/^RELEASE=.*/RELEASE=$1/" .env >.env.next
    chmod 0600 .env.next
    mv .env.next .env
}

healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]; }

# It ends again and again, or its health check has failed as often as it may: waiting longer helps nobody.
hopeless() {
    local health restarts
    read -r health restarts < <(docker inspect --format '{{.State.Health.Status}} {{.RestartCount}}' "$1")
    [ "$health" = unhealthy ] || [ "$restarts" -ge 3 ]
}

# roll SERVICE: starts the new one beside the old, waits until it is healthy, then ends the old. nginx
# looks names up while serving, so it finds the new one. On failure the old one was never touched.
roll() {
    local service=$1 old new id tries
    old=$(docker compose ps --quiet "$service")
    docker compose up --detach --no-deps --no-build --no-recreate \
        --scale "$service=$(($(wc -w <<<"$old") + 1))" "$service" </dev/null || return 1
    new=$(comm -13 <(sort <<<"$old") <(docker compose ps --quiet "$service" | sort))
    for ((tries = 0; tries < 60; tries++)); do
        if healthy "$new" || hopeless "$new"; then break; fi
        sleep 2
    done
    if ! healthy "$new"; then
        echo "$service of $RELEASE is not healthy:" >&2
        docker logs --tail 30 "$new" >&2
        docker rm --force "$new" >/dev/null
        return 1
    fi
    # Longer than nginx keeps the address, so nobody is sent to one that is stopping.
    sleep 3
    for id in $old; do
        docker stop "$id" >/dev/null
        docker rm "$id" >/dev/null
    done
}

# Everything that comes from the release in $RELEASE. A worker has no callers: it is replaced in place.
# The probes of backup and certbot look once in minutes, so nothing waits for them; alarm.sh tells.
start_release() {
    roll api && roll web &&
        docker compose up --detach --no-deps --no-build --wait --wait-timeout 180 worker </dev/null &&
        docker compose up --detach --no-deps --no-build backup </dev/null
}

start_proxy() {
    docker compose up --detach --no-deps --no-build --wait --wait-timeout 60 nginx </dev/null &&
        docker compose up --detach --no-deps --no-build certbot </dev/null &&
        docker compose exec -T nginx nginx -t -q </dev/null &&
        docker compose exec -T nginx nginx -s reload </dev/null
}

# The whole way in, as a visitor goes: TLS, nginx, API, database.
answers() {
    local domain; domain=$(env_value SITE_DOMAIN)
    # --insecure: on a new machine the placeholder certificate is still in place. The alert on its age is certbot's health.
    curl --fail --silent --show-error --max-time 10 --retry 5 --retry-all-errors --insecure \
        --resolve "$domain:443:127.0.0.1" --output /dev/null "https://$domain/api/health/" &&
        curl --fail --silent --show-error --max-time 10 --insecure \
            --resolve "$domain:443:127.0.0.1" --output /dev/null "https://$domain/"
}
