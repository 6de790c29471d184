"""What a command leads to, and what is not typed."""

from reader import Expected, Serving

NOBODY = "Nobody is told"
TABLE = r"layer +objects[\s\S]*load +\d+ [\s\S]*staging +\d+ [\s\S]*"
# What a command leads to where it is typed for the first time.
TYPED_FIRST = {"./run_pipeline.sh": Expected(says=rf"{TABLE}Done in \d+ s\.")}
TYPED: dict[str, Expected | Serving] = {
    "./run_pipeline.sh": Expected(
        says=rf"({TABLE}|Nothing changed since \d\d:\d\d\. )Done in \d+ s\."
    ),
    "python3 monitor_dwh.py": Expected(says="fait_factures"),
    "./run_pipeline.sh demo --advance 3": Expected(says="day 3 of 3"),
    ".venv/bin/python prefect/deployments/deploy_scheduled.py": Expected(code=1, says="Start one"),
    "./run_pipeline.sh --from-failure": Expected(code=1, says="no failed run to take up"),
    "./run_pipeline.sh install-schedule": Expected(says=rf"next \d{{4}}[\s\S]*{NOBODY}"),
    "./run_pipeline.sh install-schedule --with backup,monitor": Expected(
        says="backup:[^$]*monitor:"
    ),
    "./run_pipeline.sh install-schedule --show": Expected(says="crontab: 0 2"),
    "./run_pipeline.sh install-schedule --remove": Expected(says="Removed from crontab"),
    "./run_pipeline.sh restore FILE": Expected(code=1, says="--force"),
    "./run_pipeline.sh alert --dry-run": Expected(says=NOBODY),
    "./run_pipeline.sh alert --test": Expected(code=1, says=NOBODY),
    "./run_pipeline.sh env": Expected(says=r"\A(?![\s\S]*PASSWORD)[\s\S]*DWH_DB_PORT=\d+"),
    "./run_pipeline.sh env --secrets": Expected(says="DWH_DB_PASSWORD=."),
    "./run_pipeline.sh accept superficie_improbable --until 2099-12-31 "
    "--reason 'seen with the land registry'": Expected(says="Accepted: superficie_improbable"),
    "./run_pipeline.sh report --user LOGIN": Expected(code=1, says="There is no login 'LOGIN'"),
    "./run_pipeline.sh report --mail": Expected(says="Nobody is left to get it"),
    "./run_pipeline.sh report --mail ADDRESS": Expected(code=1, says="no e-mail address"),
    "./run_pipeline.sh report --mail ADDRESS --user LOGIN": Expected(
        code=1, says="There is no login 'LOGIN'"
    ),
    "./run_pipeline.sh export": Expected(code=1, says="--user NAME"),
    "./run_pipeline.sh export --user NAME": Expected(says=r"Written: .*\.xlsx\n\d+ rows of"),
    "./run_pipeline.sh demo --area boutique": Expected(says="DWH_AREAS=boutique"),
    "./run_pipeline.sh load --dry-run": Expected(says="Nothing was written"),
    "./run_pipeline.sh load --undo-area boutique": Expected(says="There was nothing of it"),
    "./run_pipeline.sh dashboards --stop": Expected(says="It was not running"),
    "prefect agent start": Expected(code=2, says='Unknown command "agent"'),
    "PREFECT_HOME=$PWD/.dwh/prefect .venv/bin/prefect server start": Serving(
        "Check out the dashboard", "127.0.0.1:4200"
    ),
    "PREFECT_API_URL=http://127.0.0.1:4200/api .venv/bin/python "
    "prefect/deployments/deploy_scheduled.py": Serving("Serving sigeti-dwh/nightly"),
    ".venv/bin/prefect deployment ls": Expected(says="sigeti-dwh/nightly"),
    ".venv/bin/prefect deployment run sigeti-dwh/nightly --watch": Expected(says="Completed"),
    ".venv/bin/prefect deployment run sigeti-dwh-dbt/command --watch -p command=test "
    "-p select=dim_lots": Expected(says="Completed"),
    ".venv/bin/prefect flow-run ls": Expected(
        says=r"│ [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} │"
    ),
    ".venv/bin/prefect flow-run logs ID": Expected(says="INFO"),
    "./run_pipeline.sh backup": Expected(says="checked by restoring it"),
    "./run_pipeline.sh restore FILE --into DATABASE": Expected(says="Restored: .*a_cote"),
    "python3 monitor_dwh.py --all": Expected(says="raw_sigeti.factures"),
    "python3 monitor_dwh.py --layer facts": Expected(
        says=r"\A(?![\s\S]*mart_)[\s\S]*fait_factures"
    ),
    "python3 monitor_dwh.py --select 'mart_*'": Expected(says=r"\A(?![\s\S]*fait_)[\s\S]*mart_"),
    "python3 monitor_dwh.py --estimate": Expected(says=r"~\d"),
    "python3 monitor_dwh.py --format json": Expected(says=r"\A\{"),
    "python3 monitor_dwh.py --mail": Expected(code=3, says="DWH_ALERT_MAIL_TO"),
    "python3 monitor_dwh.py --watch 30": Serving("fait_factures"),
    "python3 monitor_dwh.py rows fait_factures": Expected(says="facture_id"),
    "python3 monitor_dwh.py history fait_factures": Expected(says=r"\d{4}-\d\d-\d\d"),
    "python3 monitor_dwh.py health": Expected(says="who waits for whom"),
    "python3 monitor_dwh.py serve --port 9187": Serving("/metrics", "127.0.0.1:9187"),
    "select * from dwh_marts_clients.rechercher('oeuvre cajuo', 10)": Expected(says="mark>"),
    "./run_pipeline.sh restore /mnt/nas/FILE --force": Expected(says="Restored: "),
}

SUPERSET = "installs Superset, 800 MB; tests/browser serves with it"
BENCHMARK = "measures for an hour; tests/python/test_benchmarks.py runs a small one"
ITSELF = "runs this very script"
TESTS = "runs tests, as what runs this script does"
SPARK = "installs Spark, 500 MB; tests/spark runs it"
NOT_OURS = "belongs to a product that is not here"
NOT_TYPED = {
    "./run_tests.sh": ITSELF,
    "./run_tests.sh --fast": TESTS,
    "./run_tests.sh -k monitor": TESTS,
    "./run_tests.sh tests/python/test_cli.py": TESTS,
    "./run_tests.sh tests/python/test_oracle.py": TESTS,
    "FAULTS=20 ./run_tests.sh -k faults": "an hour",
    "LOOKS=72 ./run_tests.sh -k looks": "half an hour",
    "./run_pipeline.sh dashboards": SUPERSET,
    "./run_pipeline.sh spark-demo": SPARK,
    "./run_tests.sh --spark": TESTS,
    "./run_pipeline.sh dashboards --account m.traore --zones 3,7": SUPERSET,
    ".venv/bin/python -m benchmarks.readers --scale 10000": BENCHMARK,
    ".venv/bin/python -m benchmarks.client": BENCHMARK,
    ".venv/bin/python -m benchmarks.documents": BENCHMARK,
    ".venv/bin/python -m benchmarks.spark": "measures for an hour, on Spark",
    ".venv/bin/python -m benchmarks --scale 1000 10000 --case refresh unchanged recent spread "
    "--changes 1000": BENCHMARK,
    'curl -H "X-API-KEY: …" -H "Content-Type: application/json" -d @bi/metabase/database.json '
    "https://…/api/database": NOT_OURS,
    "kill -9": "names a fault",
    "ip route show default": "typed in WSL",
}
NOT_TYPED_LANGUAGES = {"powershell": "typed on Windows"}
# Documents whose statements the administrator of another server types.
BY_ADMINISTRATOR = {"docs/servers.md"}
