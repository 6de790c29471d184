"""run_tests.sh: what it says before and after its checks."""

import subprocess
from pathlib import Path

import pytest

from sigeti_dwh.settings import ROOT


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a folder in a bare environment."""
    return subprocess.run(
        [root / "run_tests.sh", *words],
        env={"PATH": "/usr/bin:/bin", "HOME": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout in which every program notes that it ran, and one can be made to fail."""
    (tmp_path / "run_tests.sh").write_bytes((ROOT / "run_tests.sh").read_bytes())
    (tmp_path / "profiles.example.yml").touch()
    (tmp_path / "dbt-bouncer.yml").touch()
    bin = tmp_path / ".venv" / "bin"
    bin.mkdir(parents=True)
    programs = ("ruff", "mypy", "yamllint", "dbt", "dbt-bouncer", "sqlfluff", "python")
    for path in (tmp_path / "run_pipeline.sh", *(bin / program for program in programs)):
        path.write_text(
            f'#!/bin/sh\necho "{path.name} $*" >>{tmp_path}/notes\n'
            f'case "{path.name} $*" in $(cat {tmp_path}/fails)) exit 7 ;; esac\n'
        )
        path.chmod(0o755)
    (tmp_path / "run_tests.sh").chmod(0o755)
    (tmp_path / "fails").write_text("nothing")
    return tmp_path


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_starts_nothing(word: str, checkout: Path) -> None:
    done = run(checkout, word)
    assert (done.returncode, done.stderr) == (0, "")
    assert "minutes" in done.stdout and "--fast" in done.stdout and "--browser" in done.stdout
    assert not (checkout / "notes").exists()


def test_the_last_line_says_that_all_passed(checkout: Path) -> None:
    done = run(checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("All passed")
    notes = (checkout / "notes").read_text().splitlines()
    assert "python tests/documents/type_commands.py" in notes
    assert notes[-1] == "run_pipeline.sh stop"


def test_what_is_typed_beside_pytest_stops_when_pytest_fails(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").write_text(
        f"""#!/bin/sh
        case "$*" in
            *type_commands*)
                trap 'echo stopped >>{checkout}/notes; exit 1' TERM
                touch {checkout}/typing
                while :; do sleep 0.1; done ;;
            *--numprocesses*)
                until [ -e {checkout}/typing ]; do sleep 0.1; done
                exit 7 ;;
        esac
        """
    )
    done = run(checkout)
    assert done.stdout.splitlines()[-1] == "Failed: pytest (exit code 7)."
    assert "stopped" in (checkout / "notes").read_text()


@pytest.mark.parametrize("chosen", [["-k", "monitor"], ["tests/python/test_cli.py"]])
def test_no_document_is_typed_where_tests_are_chosen(chosen: list[str], checkout: Path) -> None:
    assert run(checkout, *chosen).returncode == 0
    notes = (checkout / "notes").read_text()
    assert "--no-loadscope-reorder " + " ".join(chosen) in notes
    assert "tests/documents" not in notes


@pytest.mark.parametrize(
    ("fails", "named"),
    [
        ("run_pipeline.sh*setup*", "installation"),
        ("ruff*format*", "ruff: Python format"),
        ("dbt*parse*", "dbt: the project as a whole"),
        ("sqlfluff*", "sqlfluff: SQL style"),
        ("python*--numprocesses*", "pytest"),
        ("python*type_commands*", "documents: every command is typed"),
    ],
)
def test_the_last_line_names_what_failed(fails: str, named: str, checkout: Path) -> None:
    (checkout / "fails").write_text(fails)
    done = run(checkout)
    assert done.returncode == 7
    assert done.stdout.splitlines()[-1] == f"Failed: {named} (exit code 7)."


def test_the_documents_are_typed_when_it_is_asked_for(checkout: Path) -> None:
    assert run(checkout, "--documents").returncode == 0
    notes = (checkout / "notes").read_text()
    assert "tests/documents" in notes and "pytest" not in notes
    (checkout / "fails").write_text("python*type_commands*")
    done = run(checkout, "--documents")
    assert done.stdout.splitlines()[-1].startswith("Failed: documents: every command is typed")


def test_fast_leaves_out_what_is_long(checkout: Path) -> None:
    assert run(checkout, "--fast").returncode == 0
    notes = (checkout / "notes").read_text()
    assert "test_unit_tests_of_dbt.py" in notes and "tests/documents" not in notes
    chosen = notes.split("--no-loadscope-reorder ")[1].splitlines()[0].split()
    assert all((ROOT / name.partition("::")[0]).exists() for name in chosen)


def test_a_wrong_argument_shows_before_the_minutes_of_lint(checkout: Path) -> None:
    (checkout / "fails").write_text("python*--collect-only*")
    done = run(checkout, "--fats")
    assert done.returncode == 7
    assert done.stdout.splitlines()[-1] == "Failed: arguments for pytest (exit code 7)."
    assert "ruff" not in (checkout / "notes").read_text()
