#!/usr/bin/env bash
# Dump a PostgreSQL database, keep 30 days of it, and report to Agent2 how it went.
#   backup_database.sh DATABASE FOLDER
# Runs as a user who may read the database and write the state folder of Agent2. What
# pg_dump needs to connect (PGHOST, PGUSER, ~/.pgpass) it takes from its environment.
set -euo pipefail

database="${1:?name the database}"
folder="${2:?name the folder}"
job="database-backup"
agent2="${AGENT2:-agent2}"

failed() {
  rm -f -- "$part"
  "$agent2" ping "$job" fail --message "backup of $database failed" || true
}

"$agent2" ping "$job" start || true # no backup fails for want of a watcher
file="$folder/backup_$(date +%Y%m%d_%H%M%S).sql.gz"
part="$folder/.${file##*/}.part" # nobody takes half a dump for a whole one
trap failed ERR
pg_dump --no-password -- "$database" | gzip >"$part"
mv -- "$part" "$file"
find "$folder" -maxdepth 1 -name 'backup_*.sql.gz' -mtime +30 -delete
trap - ERR
"$agent2" ping "$job" ok --message "$(stat -c %s -- "$file") bytes"
echo "Database backup completed: $file"
