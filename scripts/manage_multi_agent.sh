#!/usr/bin/env bash
# Manage the restarter (agent1) and the watcher (agent2).
#   manage_multi_agent.sh {start|stop|restart|status} {agent1|agent2|all}
# The watcher is stopped first and started last: it must not heal what is stopped.
# The exit code is the worst of those that were asked.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  say "usage: $(basename -- "$0") {start|stop|restart|status} {agent1|agent2|all}" >&2
  exit 2
}

one() {
  local verb="$1" agent="$2"
  case "$agent:$verb" in
    agent1:*) "$AGENT2_SCRIPTS/agent2" restarter "$verb" ;;
    agent2:start) "$AGENT2_SCRIPTS/start_agent2.sh" ;;
    agent2:stop) "$AGENT2_SCRIPTS/stop_agent2.sh" ;;
    agent2:restart) "$AGENT2_SCRIPTS/agent2" restart ;;
    agent2:status) "$AGENT2_SCRIPTS/status_agent2.sh" ;;
  esac
}

[[ $# -eq 2 ]] || usage
verb="$1"
case "$verb:$2" in
  start:all) steps=(start:agent1 start:agent2) ;;
  stop:all) steps=(stop:agent2 stop:agent1) ;;
  restart:all) steps=(stop:agent2 stop:agent1 start:agent1 start:agent2) ;;
  status:all) steps=(status:agent1 status:agent2) ;;
  start:agent[12] | stop:agent[12] | restart:agent[12] | status:agent[12]) steps=("$verb:$2") ;;
  *) usage ;;
esac
if [[ "$verb" == start || "$verb" == restart ]]; then
  ensure_venv requirements.lock
fi
if [[ "$verb:$2" == restart:all ]]; then
  # What could not be started again is not stopped.
  "$AGENT2_SCRIPTS/agent2" config check >/dev/null
fi
worst=0
for step in "${steps[@]}"; do
  code=0
  one "${step%%:*}" "${step##*:}" || code=$?
  if ((code > worst)); then
    worst=$code
  fi
done
exit "$worst"
