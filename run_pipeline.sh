#!/usr/bin/env bash
# Makes the Python environment when it is missing or out of date, then hands over to it.
# What it can do: ./run_pipeline.sh --help
set -euo pipefail

say() { printf '%s\n' "$@" >&2; }

die() {
    say "$@"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The folder of this script, through symbolic links: macOS has no `readlink -f`.
here=${BASH_SOURCE[0]}
while [ -L "$here" ]; do
    target=$(readlink "$here")
    case $target in
        /*) here=$target ;;
        *) here=$(dirname "$here")/$target ;;
    esac
done
root=$(CDPATH='' cd -- "$(dirname "$here")" && pwd -P)
venv=$root/.venv
stamp=$venv/.installed
log=$root/.venv.log

# A candidate counts when it runs: a pyenv shim may answer nothing but an error.
find_python() {
    local candidate version
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3.13 python3.12 python3.11 python3
    fi
    for candidate in "$@"; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
            >/dev/null 2>&1; then
            python=$candidate
            return
        fi
    done
    version=$( (have "$candidate" && "$candidate" --version 2>&1) || true)
    die "Python 3.11, 3.12 or 3.13 is needed; $candidate is ${version:-not there}." \
        "Install one, or name it: PYTHON=/path/to/python3.12 ./run_pipeline.sh"
}

# The stamp says what was installed. Its first line cannot change without a new environment:
# one that was moved, or whose Python was upgraded, is broken in ways that show late.
place() { printf '%s %s' "$root" "$("$venv/bin/python" --version 2>&1)"; }
wanted() { printf '%s\n%s' "$(place)" "$(cd "$root" && cksum requirements.lock pyproject.toml)"; }
installed() { cat "$stamp" 2>/dev/null || true; }

make_venv() {
    say "Making the Python environment in $venv."
    if "$python" -m venv --clear "$venv" >"$log" 2>&1; then
        return
    fi
    if have uv && uv venv --quiet --clear --python "$python" "$venv" >>"$log" 2>&1; then
        return
    fi
    die "$python cannot make a virtual environment (why: $log)." \
        "On Debian or Ubuntu: apt install python3-venv; anywhere: install uv."
}

packages() {
    "$@" --quiet --require-hashes --no-deps -r "$root/requirements.lock" &&
        "$@" --quiet --no-deps --no-build-isolation --editable "$root"
}

# uv is quicker, but does not read pip's configuration: where that names an index, pip installs.
# pip also does what uv cannot, as without a folder for its cache.
install_packages() {
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input)
    if have uv && ! "${pip[@]}" config list 2>/dev/null | grep -Eq 'index-url|find-links|no-index' &&
        packages uv pip install --python "$venv/bin/python"; then
        return
    fi
    packages "${pip[@]}" install
}

# Which process has locked descriptor 9, as far as Linux tells it.
holder() {
    "$python" - <<'EOF' 2>/dev/null || echo 'another process'
import os
locks = map(str.split, open("/proc/locks"))
inode = f":{os.fstat(9).st_ino}"
print("process", next(lock[4] for lock in locks if lock[1] == "FLOCK" and lock[5].endswith(inode)))
EOF
}

install() {
    exec 9>>"$root/.venv.lock" || die "$root cannot be written: run as its owner."
    # Whoever may read it could lock it.
    chmod 600 "$root/.venv.lock" 2>/dev/null || true
    # The lock belongs to descriptor 9, which this shell keeps; it goes when the shell goes.
    if ! "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null; then
        say "Waiting for another run that is installing."
        "$python" -c 'import fcntl, signal; signal.alarm(900); fcntl.flock(9, fcntl.LOCK_EX)' ||
            die "$root/.venv.lock has been locked for 15 minutes by $(holder)." \
                "Wait for its end, or end it, and run again."
    fi
    if [ "$(installed)" != "$(wanted)" ]; then
        case $(installed) in
            "$(place)"*) ;;
            *) make_venv ;;
        esac
        rm -f "$stamp"
        say "Installing the packages of requirements.lock: a minute or some, the first time only."
        if ! install_packages >"$log" 2>&1; then
            die "The installation failed: $(grep -i error "$log" | tail -n 1)" \
                "All it said: $log. A package index of yours: set PIP_INDEX_URL."
        fi
        wanted >"$stamp"
        rm -f "$log"
    fi
    exec 9>&-
}

if [ "$(installed)" != "$(wanted)" ]; then
    find_python
    install
fi
# Each thread would set 64 MB of addresses aside, of which `ulimit -v` may allow few.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
exec "$venv/bin/python" -P -m sigeti_dwh "$@"
