#!/usr/bin/env bash
# Brings up a Docker engine with Compose v2 on a Debian machine without one; for CI and for the engine tests.
#   tools/engine.sh up     install what is missing, start dockerd, wait until it answers
#   tools/engine.sh base   make the image debian:bookworm-slim from Debian's packages: no image registry is needed
#   tools/engine.sh oracles   install the programs that the tests compare with: nginx, certbot, databases, monitoring
#   tools/engine.sh down   stop the dockerd that `up` started
# What is there already is left as it is. All packages come from the mirror that apt is configured with.
set -euo pipefail

state=${ENGINE_STATE:-/var/lib/shipworthy-engine}
plugins=/usr/libexec/docker/cli-plugins
release=bookworm      # the image's release
plugin_release=trixie # the first Debian release with Compose v2
# Programs that tests compare with, and the packages that bring them.
oracle_programs="nginx:nginx-light certbot:certbot pebble:pebble psql:postgresql mariadbd:mariadb-server redis-server:redis-server pgbouncer:pgbouncer
promtool:prometheus amtool:prometheus-alertmanager shellcheck:shellcheck"

say() { printf 'engine: %s\n' "$*" >&2; }
answers() { docker info >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

mirror() {
  # The address that most of apt's indexes come from.
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

install_packages() {
  say "installing $*"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The plugins are taken out of the next release's packages: installing those would upgrade half the system.
install_plugins() {
  say "unpacking Compose and Buildx of $plugin_release"
  local work
  work=$(mktemp -d)
  mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial" "$work/unpacked"
  cat >"$work/sources/next.sources" <<SOURCES
Types: deb
URIs: $(mirror)
Suites: $plugin_release
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  local options=(
    -qq
    -o Dir::Etc::sourcelist=/dev/null
    -o "Dir::Etc::sourceparts=$work/sources"
    -o "Dir::State::Lists=$work/lists"
    -o "Dir::Cache=$work/cache"
    -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update
  (cd "$work" && apt-get "${options[@]}" download docker-compose docker-buildx)
  for package in "$work"/*.deb; do dpkg-deb --extract "$package" "$work/unpacked"; done
  as_root mkdir -p "$plugins"
  as_root cp "$work/unpacked$plugins"/* "$plugins/"
  rm -rf "$work"
}

start_daemon() {
  say "starting dockerd"
  as_root mkdir -p "$state"
  # Its own session, so that an interrupted test run does not take the engine down.
  as_root bash -c "setsid dockerd >'$state/dockerd.log' 2>&1 </dev/null & echo \$! >'$state/dockerd.pid'"
  for _ in $(seq 60); do
    if answers; then return; fi
    sleep 1
  done
  say "dockerd did not answer within a minute; the end of its log:"
  tail -n 20 "$state/dockerd.log" >&2
  exit 1
}

up() {
  if ! command -v docker >/dev/null || { ! command -v dockerd >/dev/null && ! answers; }; then
    install_packages docker.io iptables iproute2
  fi
  docker compose version >/dev/null 2>&1 || install_plugins
  answers || start_daemon
  say "$(docker version --format '{{.Server.Version}}'), $(docker compose version)"
}

base() {
  local name=${1:-$release} root
  if docker image inspect "debian:$name-slim" >/dev/null 2>&1; then return; fi
  command -v debootstrap >/dev/null || install_packages debootstrap
  say "building debian:$name-slim"
  root=$(mktemp -d)
  as_root debootstrap --variant=minbase "$name" "$root" "$(mirror)" >/dev/null
  as_root rm -rf "$root/var/cache/apt/archives" "$root/var/lib/apt/lists"
  as_root mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial"
  as_root tar -C "$root" -c . | docker import - "debian:$name-slim" >/dev/null
  as_root rm -rf "$root"
}

# Programs whose own answers the tests compare with. Debian starts a web server that it installs; this one is only asked.
oracles() {
  local wanted=() each
  for each in $oracle_programs; do
    command -v "${each%%:*}" >/dev/null || [ -x "/usr/sbin/${each%%:*}" ] || wanted+=("${each#*:}")
  done
  [ ${#wanted[@]} -eq 0 ] && return
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 0755 "$policy"
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  install_packages "${wanted[@]}"
}

down() {
  if [ -f "$state/dockerd.pid" ]; then
    as_root kill "$(cat "$state/dockerd.pid")"
    as_root rm -f "$state/dockerd.pid"
  fi
}

case ${1:-} in
  up | oracles | down) "$1" ;;
  base) base "${2:-}" ;;
  *)
    echo "usage: tools/engine.sh up|base|oracles|down" >&2
    exit 2
    ;;
esac
