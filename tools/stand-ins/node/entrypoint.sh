#!/bin/sh
# Runs node when the first argument is an option, no program, or a file that is none.
set -e
case ${1-} in -*) set -- node "$@" ;; esac
if ! command -v "${1:-node}" >/dev/null 2>&1 || { [ -f "$1" ] && [ ! -x "$1" ]; }; then set -- node "$@"; fi
exec "$@"
