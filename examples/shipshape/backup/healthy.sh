#!/bin/bash
# Healthy while the last backup that went all the way is younger than 26 hours.
set -euo pipefail
[ $(($(date --utc +%s) - $(cat /backups/last-success))) -lt 93600 ]
