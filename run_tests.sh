#!/usr/bin/env bash
# Runs every check; stops at the first that fails. Arguments go to pytest: ./run_tests.sh -k monitor
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

./run_pipeline.sh setup

# The checks have settings, a server and files of their own: never those of the checkout.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bin=$PWD/.venv/bin

step() {
    printf '\n== %s\n' "$1"
    shift
    "$@"
}

step "ruff: lint" "$bin/ruff" check .
step "ruff: format" "$bin/ruff" format --check .
step "mypy: types" "$bin/mypy"
step "yamllint" "$bin/yamllint" --strict .
step "pytest" "$bin/python" -P -m pytest "$@"
