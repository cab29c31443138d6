#!/bin/sh
# Runs what is in /docker-entrypoint.d before nginx, in order: programs are run, *.envsh files are read in.
set -e
case ${1-} in
  nginx | nginx-debug)
    for file in /docker-entrypoint.d/*; do
      [ -x "$file" ] || continue
      case $file in
        *.envsh) . "$file" ;;
        *.sh) "$file" ;;
      esac
    done
    ;;
esac
exec "$@"
