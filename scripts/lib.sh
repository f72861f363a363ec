# shellcheck shell=bash
# Shared by the scripts here: find the checkout, the interpreter, the environment.
# Sourced, never run. Honours AGENT2_PYTHON, AGENT2_VENV, AGENT2_CONFIG, AGENT2_HOME.

AGENT2_SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"
AGENT2_ROOT="$(dirname -- "$AGENT2_SCRIPTS")"
export AGENT2_SCRIPTS

say() { printf '%s\n' "$*"; }
fail() {
  local code="$1"
  shift
  printf 'agent2: %s\n' "$*" >&2
  exit "$code"
}

# The folder of the virtual environment: beside the code, or in the home of a user
# who may not write there.
venv_dir() {
  if [[ -n "${AGENT2_VENV:-}" ]]; then
    say "$AGENT2_VENV"
  elif [[ -x "$AGENT2_ROOT/.venv/bin/python" || -w "$AGENT2_ROOT" ]]; then
    say "$AGENT2_ROOT/.venv"
  else
    say "${XDG_DATA_HOME:-$HOME/.local/share}/agent2/venv"
  fi
}

# An interpreter that can make the environment: Python 3.11 or newer.
base_python() {
  local name
  for name in "${AGENT2_BASE_PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14 python; do
    [[ -n "$name" ]] || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

# The interpreter that runs Agent2: AGENT2_PYTHON, else the environment's.
find_python() {
  if [[ -n "${AGENT2_PYTHON:-}" ]]; then
    command -v "$AGENT2_PYTHON" || return 1
    return 0
  fi
  local venv
  venv="$(venv_dir)"
  [[ -x "$venv/bin/python" ]] || return 1
  say "$venv/bin/python"
}

# Replace this script by the command line of Agent2.
run_agent2() {
  local python
  python="$(find_python)" ||
    fail 69 "no Python environment here. Try: bash $AGENT2_SCRIPTS/start_agent2.sh"
  exec "$python" "$AGENT2_ROOT/agent2/__main__.py" "$@"
}

# What the environment was made of: the lock file, the metadata, the place.
stamp_of() {
  cksum "$AGENT2_ROOT/$1" "$AGENT2_ROOT/setup.cfg" | tr '\n' ' '
}

# Make the environment from a lock file unless it is made of just that already.
#   ensure_venv requirements.lock
ensure_venv() {
  local lock="$1" venv python stamp wanted
  [[ -z "${AGENT2_PYTHON:-}" ]] || return 0
  venv="$(venv_dir)"
  stamp="$venv/.agent2-$lock"
  wanted="$(stamp_of "$lock")"
  if [[ -f "$stamp" && "$(cat -- "$stamp")" == "$wanted" && -x "$venv/bin/python" ]]; then
    return 0
  fi
  if [[ ! -x "$venv/bin/python" ]]; then
    python="$(base_python)" || fail 69 "Python 3.11 or newer is needed: install it, or set AGENT2_BASE_PYTHON"
    say "创建虚拟环境 / making the virtual environment: $venv"
    mkdir -p -- "$(dirname -- "$venv")"
    "$python" -m venv "$venv" ||
      fail 73 "cannot make $venv. On Debian: apt-get install python3-venv"
  fi
  [[ -w "$venv" ]] || fail 77 "$venv is not of this lock file and you may not write it. Try: AGENT2_VENV=\$HOME/agent2-venv"
  say "安装依赖 / installing $lock (hash-pinned)"
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input --quiet)
  "${pip[@]}" install --require-hashes -r "$AGENT2_ROOT/$lock" ||
    fail 69 "the packages of $lock could not be installed: see above"
  # Only the one who may write the checkout can install it in place; all others
  # run it by path, which is what the scripts do anyway.
  if [[ -w "$AGENT2_ROOT" ]]; then
    "${pip[@]}" install --no-deps --no-build-isolation \
      --config-settings editable_mode=compat -e "$AGENT2_ROOT" ||
      fail 69 "agent2 could not be installed: see above"
  fi
  printf '%s' "$wanted" >"$stamp"
}
