"""What tests/documents reads from the documents; it types it in a step of its own."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sigeti_dwh.settings import ROOT

WORDS = {
    "monitor_dwh.py": "python3",
    "roles": "./run_pipeline.sh",
    "history": "python3 monitor_dwh.py",
}


@pytest.fixture(scope="module")
def commands() -> ModuleType:
    path = ROOT / "tests" / "documents" / "commands.py"
    spec = importlib.util.spec_from_file_location("documents_commands", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TEXT = """
Say `python3 monitor_dwh.py` or `monitor_dwh.py`, then `history fait_factures`; `dwh_meta` is none,
nor is `history` or `select 1`.

```sh
./run_pipeline.sh --full-refresh     # everything
./run_pipeline.sh backup \\
    --keep 30
```

| Command | What |
|---|---|
| `./run_pipeline.sh roles --login NAME` | `--zones 3,7`, or `A=b ./run_pipeline.sh` |

By `--force`:

    PREFECT_HOME=$PWD/.dwh/prefect .venv/bin/prefect server start
    no command

```sql
select 1; -- one
select 2;
```

```
./run_pipeline.sh stop
printed by it
```

```powershell
schtasks /Run /TN "x"
```
"""


def test_every_command_of_a_document_is_found(commands: ModuleType, tmp_path: Path) -> None:
    commands.ROOT = tmp_path
    for name in ("run_pipeline.sh", "monitor_dwh.py"):
        (tmp_path / name).touch(mode=0o755)
    path = tmp_path / "text.md"
    path.write_text(TEXT)
    try:
        found = list(commands.commands_of(path, WORDS))
    finally:
        commands.ROOT = ROOT
    assert [(one.language, one.text) for one in found] == [
        ("sh", "python3 monitor_dwh.py"),
        ("sh", "python3 monitor_dwh.py"),
        ("sh", "python3 monitor_dwh.py history fait_factures"),
        ("sh", "./run_pipeline.sh --full-refresh"),
        ("sh", "./run_pipeline.sh backup      --keep 30"),
        ("sh", "./run_pipeline.sh roles --login NAME"),
        ("sh", "./run_pipeline.sh roles --login NAME --zones 3,7"),
        ("sh", "A=b ./run_pipeline.sh"),
        ("sh", "--force"),
        ("sh", "PREFECT_HOME=$PWD/.dwh/prefect .venv/bin/prefect server start"),
        ("sql", "select 1"),
        ("sql", "select 2"),
        ("sh", "./run_pipeline.sh stop"),
        ("powershell", 'schtasks /Run /TN "x"'),
    ]


def test_a_help_shows_its_examples(commands: ModuleType) -> None:
    said = "usage: x\n\n  ./run_tests.sh -k monitor\n  ./run_pipeline.sh env   what it does\n"
    assert commands.examples_of(said) == ["./run_tests.sh -k monitor", "./run_pipeline.sh env"]
