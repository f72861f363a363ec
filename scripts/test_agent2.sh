#!/usr/bin/env bash
# Set up what the tests need and run all of them.
#   test_agent2.sh [arguments of pytest]
# Ends with one line for each test, failures last, and with pytest's own total and exit
# code. Installs Debian packages only as root.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# What the tests call -> the Debian package that brings it. PostgreSQL is used when it is
# there, and takes too long to be brought.
tools=(jq:jq lsof:lsof logrotate:logrotate shellcheck:shellcheck curl:curl ps:procps systemd-analyze:systemd chromium:chromium nginx:nginx)

missing() {
  local pair
  for pair in "${tools[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null 2>&1 || say "${pair##*:}"
  done
}

mapfile -t packages < <(missing)
if ((${#packages[@]})) && [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null 2>&1; then
  say "apt-get install ${packages[*]}"
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "${packages[@]}"; } >/dev/null || true
  mapfile -t packages < <(missing)
fi
if ((${#packages[@]})); then
  say "not installed: ${packages[*]} (the tests that call them will skip)"
fi

ensure_venv requirements-dev.lock
python="$(find_python)" || fail 69 "no Python environment"
cd -- "$AGENT2_ROOT"
export PATH="$PATH:/usr/sbin:/sbin"
if [[ ! -w "$AGENT2_ROOT" ]]; then
  # Not our checkout: leave no byte code and no examples in it.
  scratch="$(mktemp -d)"
  trap 'rm -rf -- "$scratch"' EXIT
  export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY="$scratch"
else
  unset PYTHONDONTWRITEBYTECODE # or hundreds of programs would all compile the same
fi
# The settings of the caller's own agent are no business of the tests.
unset AGENT2_CONFIG AGENT2_HOME AGENT2_STATE_DIR AGENT2_PROFILE AGENT2_LANGUAGE AGENT2_SCRIPTS AGENTOS_DB_PATH
if (($# == 0)); then
  if [[ -w . && ! -d tests/core/__pycache__ ]]; then
    # A fresh checkout: make the byte code of the tests once, not once for each worker.
    for half in "tests/live tests/crash" "tests --ignore=tests/live --ignore=tests/crash"; do
      # shellcheck disable=SC2086  # words
      "$python" -m pytest --collect-only -q $half >/dev/null &
    done
    wait
  fi
  # All of them, the tests of one file together, in the order of tests/conftest.py;
  # four of the six mostly wait.
  set -- -n 6 --dist loadfile --no-loadscope-reorder
fi
"$python" -m pytest -r psfE "$@"
