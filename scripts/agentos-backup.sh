#!/usr/bin/env bash
# Copy the store while Agent2 runs, prove the copy, let copies older than 30 days go.
# The last line is "Backup completed: FILE".
#   agentos-backup.sh [options of "agent2 db backup"]
# BACKUP_DIR (/var/backups/agentos), KEEP_DAYS (30) and AGENT2_HOME are honoured. A link
# to it may lie in /usr/local/bin. Root becomes the owner of the store.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"

export BACKUP_DIR="${BACKUP_DIR:-/var/backups/agentos}"
exec bash "$AGENT2_SCRIPTS/agentos-care.sh" copy --keep-days "${KEEP_DAYS:-30}" "$@"
