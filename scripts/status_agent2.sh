#!/usr/bin/env bash
# Show the status; exit 0 running, 1 dead with a PID file, 3 not running, 4 unknown.
#   status_agent2.sh [options of "agent2 status"]
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

run_agent2 status --lsb "$@"
