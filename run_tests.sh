#!/usr/bin/env bash
# Runs every check and stops at the first that fails. Arguments go to pytest:
# ./run_tests.sh -k monitor
# ./run_tests.sh --browser looks at the dashboards in Superset and Chromium, and does nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

./run_pipeline.sh setup
bin=.venv/bin

# In environments of their own, outside the scratch folder: they are large, and kept.
if [ "${1:-}" = --browser ]; then
    shift
    browser=.dwh/browser
    if ! cmp -s tests/browser/requirements.txt $browser/installed.txt; then
        $bin/python -m venv --clear $browser
        $browser/bin/python -m pip install --quiet -r tests/browser/requirements.txt
        cp tests/browser/requirements.txt $browser/installed.txt
    fi
    packages=$($browser/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    PYTHONPATH=$packages DO_NOT_TRACK=1 exec $bin/python -P -m pytest tests/browser "$@"
fi

# Settings, server and files of its own: the checkout's are neither read nor written.
for variable in $(compgen -e); do
    case $variable in
        SOURCE_DB_* | DWH_DB_* | DWH_EMBEDDED_PORT | DWH_TARGET | DWH_THREADS) unset "$variable" ;;
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
trap './run_pipeline.sh stop >/dev/null; rm -rf "$scratch"' EXIT

step() {
    printf '\n== %s\n' "$1"
    shift
    "$@"
}

with_dbt() {
    DBT_PROFILES_DIR=$scratch DBT_TARGET_PATH=$scratch/target DBT_LOG_PATH=$scratch/logs "$@"
}

# sqlfluff compiles the models as dbt does, and dbt asks the database which tables exist.
lint_sql() (
    ./run_pipeline.sh start
    while IFS= read -r variable; do
        export "${variable?}"
    done < <(./run_pipeline.sh env)
    DWH_DB_NAME=postgres $bin/sqlfluff lint models snapshots tests/dbt
)

step "ruff: Python style" $bin/ruff check .
step "ruff: Python format" $bin/ruff format --check .
step "mypy: types" $bin/mypy
step "yamllint: YAML" $bin/yamllint --strict .
step "dbt: the project as a whole" with_dbt $bin/dbt --quiet --warn-error parse
step "dbt-bouncer: layers and names" $bin/dbt-bouncer run --config-file "$scratch/dbt-bouncer.yml"
step "sqlfluff: SQL style" with_dbt lint_sql
# A file is run by one process: its tests share what they spoil. The longest files come first.
step "pytest" $bin/python -P -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
    --no-loadscope-reorder "$@"
