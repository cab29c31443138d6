#!/bin/bash
# Nightly backup. Cron: 0 3 * * * /opt/harbour/scripts/backup.sh
set -e

STAMP=$(date +%Y%m%d)
mkdir -p backups
docker exec harbour-postgres pg_dump -U postgres harbour | gzip > backups/harbour-$STAMP.sql.gz
find backups -name '*.sql.gz' -mtime +7 -delete
echo "Backup complete: backups/harbour-$STAMP.sql.gz"
