#!/bin/sh
# A first argument that is an option or a *.conf file goes to redis-server, which runs as redis when root starts it.
set -e
case ${1-} in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "${1-}" = redis-server ]; then
  # The official build has protected mode off, so that other containers reach it; arguments may turn it on again.
  case " $* " in
    *" --protected-mode "*) ;;
    *) set -- "$@" --protected-mode no ;;
  esac
  if [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis:redis '{}' + 2>/dev/null || true
    exec gosu redis "$@"
  fi
fi
exec "$@"
