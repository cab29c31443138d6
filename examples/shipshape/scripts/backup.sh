#!/bin/bash
# A backup now, beside the daily one of the backup service. Ends with its status.
set -euo pipefail
cd "$(dirname "$0")/.."
docker compose exec -T backup backup.sh </dev/null
