#!/usr/bin/env bash
# Runs every check and stops at the first that fails. What it can do: ./run_tests.sh --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'END'
usage: run_tests.sh [--fast | --documents | --browser | --spark] [OPTION OF PYTEST ...]

Runs every check that needs neither browser nor Spark, in about an hour on two cores, and stops
at the first that fails. The last line says which, or that all passed.

  --fast      lint, a small night, unit tests of dbt and Python: two minutes
  --documents types every command of every document in a fresh clone, as a run of every
              check does beside pytest, and does nothing else
  --browser   looks at the dashboards in Superset and Chromium, and does nothing else;
              installs both the first time
  --spark     runs the demo on PostgreSQL and on a Spark cluster of this machine, compares
              them, kills what can be killed, and does nothing else; needs Java 17, and
              installs Spark in .dwh the first time: a quarter of an hour
  --help      this

Other arguments go to pytest, to choose from its tests:
  ./run_tests.sh -k monitor
  ./run_tests.sh tests/python/test_cli.py
END
}

case "${1:-}" in
    -h | --help)
        usage
        exit
        ;;
esac

current=
scratch=
typing=
step() {
    current=$1
    printf '\n== %s\n' "$1"
    shift
    "$@"
}

finish() {
    local code=$?
    if [ -n "$typing" ]; then
        kill "$typing" 2>/dev/null && wait "$typing" || true
    fi
    if [ -n "$scratch" ]; then
        ./run_pipeline.sh stop >/dev/null || true
        rm -rf "$scratch"
    fi
    if [ $code = 0 ]; then
        printf '\nAll passed in %d s.\n' $SECONDS
    else
        printf '\nFailed: %s (exit code %d).\n' "$current" $code
    fi
}
trap finish EXIT

step "installation" ./run_pipeline.sh setup
bin=.venv/bin

type_documents=("$bin/python" tests/documents/type_commands.py)

typed_documents() {
    local code=0
    wait "$typing" || code=$?
    typing=
    cat "$scratch/documents.log"
    return $code
}

if [ "${1:-}" = --documents ]; then
    step "documents: every command is typed" "${type_documents[@]}"
    exit
fi

# In environments of their own, outside the scratch folder: they are large, and kept.
if [ "${1:-}" = --browser ]; then
    shift
    browser=.dwh/browser
    current="installation of the browser"
    if ! cmp -s tests/browser/requirements.txt $browser/installed.txt; then
        $bin/python -m venv --clear $browser
        $browser/bin/python -m pip install --quiet -r tests/browser/requirements.txt
        cp tests/browser/requirements.txt $browser/installed.txt
    fi
    packages=$($browser/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    step "pytest in the browser" env PYTHONPATH="$packages" DO_NOT_TRACK=1 \
        $bin/python -P -m pytest tests/browser "$@"
    exit
fi

if [ "${1:-}" = --spark ]; then
    shift
    step "pytest on Spark" env DO_NOT_TRACK=1 $bin/python -P -m pytest tests/spark "$@"
    exit
fi

fast=
if [ "${1:-}" = --fast ]; then
    fast=yes
    shift
fi

# Settings, server and files of its own: the checkout's are neither read nor written.
for variable in $(compgen -e); do
    case $variable in
        SOURCE_DB_* | DWH_DB_* | DBT_PASSWORD | DWH_EMBEDDED_PORT | DWH_TARGET | DWH_THREADS) unset "$variable" ;;
    esac
done
scratch=$(mktemp -d)
# As root, the server runs as another user, who must get to its folder.
chmod 711 "$scratch"
# One for all processes of pytest, which must see the same tests.
export FAULTS_SEED=${FAULTS_SEED:-$RANDOM}
export DWH_ENV_FILE=/dev/null DWH_STATE_DIR=$scratch/state DO_NOT_TRACK=1
cp profiles.example.yml "$scratch/profiles.yml"
cp dbt-bouncer.yml "$scratch/dbt-bouncer.yml"

# Optional areas too, which are not read while they are off.
with_dbt() {
    DWH_AREAS=$($bin/python -c 'from sigeti_dwh.areas import AREAS; print(*AREAS)') \
        DBT_PROFILES_DIR=$scratch DBT_TARGET_PATH=$scratch/target DBT_LOG_PATH=$scratch/logs "$@"
}

# sqlfluff compiles the models as dbt does, and dbt asks the database which tables exist.
lint_sql() (
    ./run_pipeline.sh start
    while IFS= read -r variable; do
        export "${variable?}"
    done < <(./run_pipeline.sh env --secrets)
    DWH_DB_NAME=postgres $bin/sqlfluff lint models snapshots tests/dbt
)

chosen=$*
# A mistake in them would else show after the minutes of lint.
[ $# = 0 ] || step "arguments for pytest" $bin/python -P -m pytest --collect-only -qq "$@" >/dev/null

step "ruff: Python style" $bin/ruff check .
step "ruff: Python format" $bin/ruff format --check .
step "mypy: types" $bin/mypy
step "yamllint: YAML" $bin/yamllint --strict .
step "dbt: the project as a whole" with_dbt $bin/dbt --quiet --warn-error parse
step "dbt-bouncer: layers and names" $bin/dbt-bouncer run --config-file "$scratch/dbt-bouncer.yml"
step "sqlfluff: SQL style" with_dbt lint_sql

if [ "$fast" ]; then
    # The unit tests of dbt and of Python, and a small night; none waits for anything.
    set -- "$@" tests/python/test_{unit_tests_of_dbt,layers,settings,schedule,schedulers}.py \
        tests/python/test_{profiles,run_pipeline,run_tests,documents,prefect_folder,oracle}.py \
        tests/python/test_pipeline.py::test_every_fact_and_mart_equals_sql_on_the_source
fi
# Beside pytest, since it waits more than it computes.
if [ -z "$fast$chosen" ]; then
    "${type_documents[@]}" >"$scratch/documents.log" 2>&1 &
    typing=$!
fi
# A file is run by one process: its tests share what they spoil. The longest files come first (conftest.py).
step "pytest" $bin/python -P -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
    --no-loadscope-reorder "$@"

[ -z "$typing" ] || step "documents: every command is typed" typed_documents
