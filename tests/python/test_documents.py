"""What tests/documents reads from documents, and what it notices as it types."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sigeti_dwh.settings import ROOT

FOLDER = ROOT / "tests" / "documents"
MODULES = ("programs", "commands")
HELPS = {
    "./run_pipeline.sh": "options:\n  --full-refresh  everything\n  --accept-loss\n",
    "./run_pipeline.sh backup": "  -h, --help   show this\n  --keep KEEP  how many\n",
    "./run_pipeline.sh roles": "  --login NAME  create it\n  --zones ZONES  what it sees\n",
    "python3 monitor_dwh.py": "  --all  each\n  --fail-on {warn,critical}\n  --top N  first\n",
    "python3 monitor_dwh.py history": "  --ascii   no other character\n",
}


@pytest.fixture(scope="module")
def reading() -> Iterator[ModuleType]:
    """Import what reads documents, by the names its modules have for each other."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield [importlib.import_module(name) for name in MODULES][-1]
    finally:
        sys.path.remove(str(FOLDER))
        for name in MODULES:
            del sys.modules[name]


TEXT = """
Say `python3 monitor_dwh.py` or `monitor_dwh.py`, then `history fait_factures` and `--all`;
`dwh_meta` is none, nor is `history` or `select 1`. `--top` and `--fail-on warn` are different.

```sh
./run_pipeline.sh --full-refresh     # everything
./run_pipeline.sh backup \\
    --keep 30
```

| Command | What |
|---|---|
| `./run_pipeline.sh roles --login NAME` | `--zones 3,7`, or `A=b ./run_pipeline.sh` |
| `kill -9` | `--accept-loss` |

By `--keep 5`:

    export PREFECT_API_URL=http://127.0.0.1:4200/api
    .venv/bin/prefect server start
    no command

```sql
select 1; -- one; not two
do $$ begin perform ';'; end $$;
select 'a;b';
```

```dotenv
DWH_DB_SCHEMA=zones
```

```
./run_pipeline.sh stop
printed by it
```

```powershell
schtasks /Run /TN "x"
```
"""
EXPORTED = "export PREFECT_API_URL=http://127.0.0.1:4200/api; "
FOUND = [
    ("sh", "python3 monitor_dwh.py"),
    ("sh", "python3 monitor_dwh.py"),
    ("sh", "python3 monitor_dwh.py history fait_factures"),
    ("sh", "python3 monitor_dwh.py --all"),
    ("sh", "python3 monitor_dwh.py --fail-on warn"),
    ("sh", "./run_pipeline.sh --full-refresh"),
    ("sh", "./run_pipeline.sh backup      --keep 30"),
    ("sh", "./run_pipeline.sh roles --login NAME"),
    ("sh", "./run_pipeline.sh roles --login NAME --zones 3,7"),
    ("sh", "A=b ./run_pipeline.sh"),
    ("sh", "kill -9"),
    ("sh", "A=b ./run_pipeline.sh --accept-loss"),
    ("sh", "--keep 5"),
    ("sh", EXPORTED.removesuffix("; ")),
    ("sh", EXPORTED + ".venv/bin/prefect server start"),
    ("sql", "select 1"),
    ("sql", "do $$ begin perform ';'; end $$"),
    ("sql", "select 'a;b'"),
    ("dotenv", "DWH_DB_SCHEMA=zones"),
    ("sh", "./run_pipeline.sh stop"),
    ("powershell", 'schtasks /Run /TN "x"'),
]


def test_every_command_of_a_document_is_found(
    reading: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    for name in ("run_pipeline.sh", "monitor_dwh.py"):
        (tmp_path / name).touch(mode=0o755)
    path = tmp_path / "text.md"
    path.write_text(TEXT)
    found = list(reading.commands_of(path, reading.Programs(HELPS)))
    assert [(one.language, one.exported + one.text) for one in found] == FOUND


def test_what_settings_change_is_typed_again_and_last(
    reading: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    (tmp_path / "run_pipeline.sh").touch(mode=0o755)
    (tmp_path / "docs").mkdir()
    night = "```sh\n./run_pipeline.sh\n```\n"
    (tmp_path / "README.md").write_text(f"{night}\n```dotenv\nA=b\n```\n\n{night}")
    (tmp_path / "docs" / "again.md").write_text(night)
    found = [str(one) for one in reading.read_commands(reading.Programs(HELPS))]
    night = "./run_pipeline.sh"
    assert found == [f"docs/again.md: {night}", "README.md: A=b", f"README.md: {night}"]


def test_a_help_shows_its_examples(reading: ModuleType) -> None:
    said = "usage: x\n\n  ./run_tests.sh -k monitor\n  ./run_pipeline.sh env   what it does\n"
    programs = reading.Programs({"./run_tests.sh": said})
    assert programs.examples() == ["./run_tests.sh -k monitor", "./run_pipeline.sh env"]


PROGRAM = """#!/bin/sh
case "$*" in
    --help) printf 'options:\\n  --again  once more\\n  --wrong\\n' ;;
    --wrong) echo "It cannot."; exit 1 ;;
    stop) ;;
    *) echo "Done." ;;
esac
"""
EXPECTATIONS = """
from reader import Expected, Serving
TYPED_FIRST = {{"./run_pipeline.sh": Expected(says="{first}")}}
TYPED = {{}}
NOT_TYPED = {{{not_typed}}}
NOT_TYPED_LANGUAGES = {{}}
BY_ADMINISTRATOR = set()
"""


def typed(
    root: Path, text: str, not_typed: str = "", first: str = "Done"
) -> subprocess.CompletedProcess[str]:
    """Type the commands of a made-up document in a made-up checkout."""
    shutil.copytree(FOLDER, root / "tests" / "documents", dirs_exist_ok=True)
    expectations = EXPECTATIONS.format(not_typed=not_typed, first=first)
    (root / "tests" / "documents" / "expectations.py").write_text(expectations)
    for name in ("run_pipeline.sh", "run_tests.sh"):
        (root / name).write_text(PROGRAM)
        (root / name).chmod(0o755)
    (root / "monitor_dwh.py").write_text("print('options:')")
    (root / "README.md").write_text(
        f"`./run_pipeline.sh`\n\n```sh\n./run_pipeline.sh\n{text}\n```\n"
    )
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return subprocess.run(
        [sys.executable, root / "tests" / "documents" / "type_commands.py"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_document_that_is_right_passes(tmp_path: Path) -> None:
    done = typed(tmp_path, "./run_pipeline.sh --again")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2/5 README.md: ./run_pipeline.sh --again" in done.stdout


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"text": "./run_pipeline.sh --wrong"}, "--wrong: exit code 1 instead of 0:\nIt cannot."),
        ({"text": "", "first": "Bravo"}, "./run_pipeline.sh: it does not say 'Bravo':\nDone."),
        (
            {"text": "```\n\n`./run_pipeline.sh` by `--agian`\n\n```sh"},
            "does not have: README.md: --agian",
        ),
        (
            {"text": "```\n\n`./run_pipeline.sh --agian 3`\n\n```sh"},
            "does not have: README.md: ./run_pipeline.sh --agian 3",
        ),
        (
            {"text": "", "not_typed": "'./run_pipeline.sh --gone': 'long'"},
            "has what no document has: ./run_pipeline.sh --gone",
        ),
        ({"text": "true; echo 'Traceback (most recent call last)'"}, "it shows a trace"),
    ],
    ids=["fails", "says else", "unknown option", "unknown in a command", "stale", "trace"],
)
def test_what_is_wrong_is_noticed(document: dict[str, str], said: str, tmp_path: Path) -> None:
    done = typed(tmp_path, **document)
    assert done.returncode == 1
    assert said in done.stdout, done.stdout + done.stderr


def test_what_is_expected_of_commands_fits_the_documents() -> None:
    """Typing them all takes half an hour; this is known at once."""
    listing = [sys.executable, "tests/documents/type_commands.py", "--list"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
