#!/bin/bash
# rollback.sh [RELEASE]: back to the release from before the last deploy, or to the one that is named.
# The database stays as it is: migrations only add, so the release from before runs on it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

RELEASE=${1:-$(cat .previous-release)}
export RELEASE
lock
docker compose pull --quiet
start_release
start_proxy
answers
remember "$RELEASE"
echo "$RELEASE is in service"
