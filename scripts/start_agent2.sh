#!/usr/bin/env bash
# Start Agent2 in the background; makes its virtual environment first if need be.
#   start_agent2.sh [--demo] [options of "agent2 start"]
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

ensure_venv requirements.lock
if [[ -z "${AGENT2_PYTHON:-}" ]]; then
  say "激活虚拟环境: $(venv_dir)"
fi
words=(start)
arguments=()
for argument in "$@"; do
  if [[ "$argument" == --demo ]]; then
    words=(demo)
  else
    arguments+=("$argument")
  fi
done
run_agent2 "${words[@]}" ${arguments[@]+"${arguments[@]}"}
