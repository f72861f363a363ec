#!/usr/bin/env bash
# Stop Agent2; 0 when it is gone, also when it did not run.
#   stop_agent2.sh [options of "agent2 stop"]
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

run_agent2 stop "$@"
