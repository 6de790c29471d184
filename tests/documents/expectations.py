"""What stands for a name in a command, what a command leads to, and what is not typed."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """What a command leads to; without an entry, exit code 0."""

    code: int = 0
    says: str = ""
    """A pattern of what it prints."""


@dataclass(frozen=True)
class Serving:
    """A command that goes on until it is stopped."""

    says: str
    """A pattern of what it prints once it serves."""
    address: str = ""
    """Where it answers then."""


NOBODY = "Nobody is told"
TYPED: dict[str, Expected | Serving] = {
    "./run_pipeline.sh": Expected(says=r"layer +objects[\s\S]*Done in \d+ s\."),
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
    "./run_pipeline.sh env": Expected(says=r"\A(?!.*PASSWORD)[\s\S]*DWH_DB_PORT=\d+"),
    "./run_pipeline.sh env --secrets": Expected(says="DWH_DB_PASSWORD=."),
    "./run_pipeline.sh dashboards --stop": Expected(says="It was not running"),
    "prefect agent start": Expected(code=2, says='Unknown command "agent"'),
    "PREFECT_HOME=$PWD/.dwh/prefect .venv/bin/prefect server start": Serving(
        "Check out the dashboard", "127.0.0.1:4200"
    ),
    "PREFECT_API_URL=http://127.0.0.1:4200/api .venv/bin/python "
    "prefect/deployments/deploy_scheduled.py": Serving("Serving sigeti-dwh/nightly"),
    "python3 monitor_dwh.py serve --port 9187": Serving("9187"),
    "python3 monitor_dwh.py --watch 30": Serving("fait_factures"),
    "python3 monitor_dwh.py --mail": Expected(code=3, says="DWH_ALERT_MAIL_TO"),
}

SUPERSET = "installs Superset, 800 MB; tests/browser types it"
BENCHMARK = "measures for an hour; tests/python/test_benchmarks.py runs a small one"
ITSELF = "runs this very script, among others"
NOT_OURS = "belongs to a product that is not here"
NOT_TYPED = {
    "./run_tests.sh": ITSELF,
    "./run_tests.sh --fast": ITSELF,
    "./run_tests.sh --browser": SUPERSET,
    "./run_tests.sh -k monitor": ITSELF,
    "./run_tests.sh tests/python/test_cli.py": ITSELF,
    "./run_tests.sh tests/python/test_oracle.py": ITSELF,
    "FAULTS=20 ./run_tests.sh -k faults": "an hour",
    "./run_pipeline.sh dashboards": SUPERSET,
    ".venv/bin/python -m benchmarks.readers --scale 10000": BENCHMARK,
    ".venv/bin/python -m benchmarks --scale 1000 10000 --case refresh unchanged recent spread "
    "--changes 1000": BENCHMARK,
    "POST /api/v1/assets/import/": NOT_OURS,
    'curl -H "X-API-KEY: …" -H "Content-Type: application/json" -d @bi/metabase/database.json '
    "https://…/api/database": NOT_OURS,
    "kill -9": "names a fault",
    "ip route show default": "typed in WSL",
}
NOT_TYPED_LANGUAGES = {"powershell": "typed on Windows"}


def with_values(text: str, values: dict[str, str]) -> str:
    """Return a command with values in the place of the names that a reader replaces."""
    for pattern, value in values.items():
        text = re.sub(pattern, value.replace("\\", r"\\"), text)
    return text
