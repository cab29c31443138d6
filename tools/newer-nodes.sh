#!/usr/bin/env bash
# Runs the built program on newer Nodes than the oldest that it supports: same report, and no word on standard error.
# A V8 that no longer has a flag, or a warning of Node's, would be on every user's screen.
#
#   npm run build && tools/newer-nodes.sh [MAJOR...]     (default: 22 24)
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

program=${SHIPWORTHY_PROGRAM:-dist/shipworthy.js}
report() { # NODE... : the report without the second in which it was made
  "$@" "$program" audit examples/harbour --format json --fail-on never 2>"$scratch/said" | grep -v '^  "at": '
}

report node >"$scratch/here"
[ $# -gt 0 ] || set -- 22 24
for major in "$@"; do
  node=$(npm exec --yes --package="node@$major" -- node -p process.execPath)
  report "$node" >"$scratch/there"
  if [ -s "$scratch/said" ]; then
    echo "Node $("$node" --version) says: $(head -3 "$scratch/said")" >&2
    exit 1
  fi
  cmp "$scratch/here" "$scratch/there"
  echo "Node $("$node" --version): the same report, nothing on standard error"
done
