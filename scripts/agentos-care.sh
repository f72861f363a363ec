#!/usr/bin/env bash
# What cron and the timers do for the store, as its owner, whoever calls this.
#   agentos-care.sh daily    cleanup (7 days), check, a backup set (kept 7 days)
#   agentos-care.sh hourly   the row of the metrics archive, the store as db_HH.sql.gz
#   agentos-care.sh cleanup  the cleanup alone (CLEANUP_DAYS)
#   agentos-care.sh copy     [options of "agent2 db backup"]
# Ends with the worst exit code. BACKUP_DIR (else backups/ in the state folder),
# AGENT2_HOME, AGENTOS_DB_PATH (its folder) and AGENT2_CONFIG are honoured.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"

job="${1:-}"
shift || true
state="${AGENTOS_DB_PATH:+$(dirname -- "$AGENTOS_DB_PATH")}"
state="${AGENT2_STATE_DIR:-${AGENT2_HOME:-${state:-$HOME/.agentos/multi_agent}}}"
export AGENT2_HOME="$state"
worst=0

# The store is its owner's alone: root would be refused, and must not own files there.
as_owner=()
if [[ "$(id -u)" == 0 && -e "$state/agent2.db" ]]; then
  owner="$(stat -c %u -- "$state/agent2.db")"
  group="$(stat -c %g -- "$state/agent2.db")"
  if [[ "$owner" != 0 ]]; then
    as_owner=(setpriv "--reuid=$owner" "--regid=$group" --clear-groups --)
    if [[ -n "${BACKUP_DIR:-}" && ! -e "$BACKUP_DIR" ]]; then
      install -d -m 700 -o "$owner" -g "$group" -- "$BACKUP_DIR"
    fi
  fi
fi
backups=()
[[ -z "${BACKUP_DIR:-}" ]] || backups=(--to "$BACKUP_DIR")

step() {
  local code=0
  "${as_owner[@]}" bash "$AGENT2_SCRIPTS/agent2" "$@" || code=$?
  ((code <= worst)) || worst=$code
}

case "$job" in
  daily)
    step db cleanup --days "${CLEANUP_DAYS:-7}"
    step db check
    step backup create "${backups[@]}"
    ;;
  hourly)
    step db archive
    step backup hourly "${backups[@]}"
    ;;
  cleanup) step db cleanup --days "${CLEANUP_DAYS:-7}" "$@" ;;
  copy) step db backup "${backups[@]}" "$@" ;;
  *) fail 2 "usage: agentos-care.sh daily | hourly | cleanup | copy" ;;
esac
exit "$worst"
