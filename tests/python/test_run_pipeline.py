"""run_pipeline.sh: when it installs, when it does not, what it says when it cannot.

Python is played by a script that notes what it is asked, so that nothing is installed here.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sigeti_dwh.settings import ROOT

PYTHON = """#!/bin/bash
echo "$*" >>"{notes}"
case "$*" in
    --version) echo "Python {version}" ;;
    "-c import sys"*) [ "{version}" != 3.9.1 ] ;;
    "-c import fcntl"*) ;;
    "-m venv --clear "*)
        [ -z "${{VENV_FAILS:-}}" ] || {{ echo "ensurepip is not available"; exit 1; }}
        rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    *"config list") ;;
    *install*) [ -z "${{PIP_FAILS:-}}" ] || {{ echo "ERROR: No space left on device"; exit 1; }} ;;
    "-P -m sigeti_dwh"*) echo "ran ${{*:4}}"; exit "${{EXIT_CODE:-0}}" ;;
esac
"""

TOOLS = (
    "bash",
    "cat",
    "cksum",
    "cp",
    "dirname",
    "env",
    "grep",
    "head",
    "mkdir",
    "readlink",
    "rm",
    "tail",
)


class Checkout:
    """A folder with the script and what it reads, and a PATH with a Python of ours."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "un dépôt"
        self.root.mkdir()
        for name in ("run_pipeline.sh", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.root)
        self.notes = folder / "notes"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        self.add_python("python3", "3.12.7")

    def add_python(self, name: str, version: str) -> None:
        """Put a Python of a version on the PATH."""
        path = self.bin / name
        path.write_text(PYTHON.format(notes=self.notes, version=version), encoding="utf-8")
        path.chmod(0o755)

    def run(self, *words: str, **variables: str) -> tuple[int, str, str]:
        """Run the script from elsewhere; return its exit code, output and messages."""
        self.notes.write_text("", encoding="utf-8")
        done = subprocess.run(
            [self.root / "run_pipeline.sh", *words],
            env={"PATH": str(self.bin), **variables},
            cwd="/",
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def made(self) -> list[str]:
        """Return which of the two costly steps the last run took."""
        asked = self.notes.read_text(encoding="utf-8")
        return [step for step in ("venv --clear", "requirements.lock") if step in asked]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_it_installs_once_and_hands_words_and_exit_code_over(checkout: Checkout) -> None:
    code, output, messages = checkout.run("demo", "--scale", "2 3", EXIT_CODE="7")
    assert (code, output) == (7, "ran demo --scale 2 3\n")
    assert checkout.made() == ["venv --clear", "requirements.lock"] and messages
    assert checkout.run() == (0, "ran \n", "")
    assert checkout.made() == []


def test_another_lock_is_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.run()
    with (checkout.root / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("# another\n")
    assert checkout.run()[0] == 0
    assert checkout.made() == ["requirements.lock"]


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.run()
    checkout.root = checkout.root.rename(checkout.root.with_name("ailleurs"))
    assert checkout.run()[0] == 0
    assert checkout.made() == ["venv --clear", "requirements.lock"]


def test_an_environment_whose_python_has_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    (checkout.root / ".venv" / "bin" / "python").unlink()
    assert checkout.run()[0] == 0
    assert checkout.made() == ["venv --clear", "requirements.lock"]


def test_an_installation_that_failed_is_told_and_done_again(checkout: Checkout) -> None:
    code, output, messages = checkout.run(PIP_FAILS="yes")
    assert (code, output) == (1, "")
    assert "No space left on device" in messages and len(messages.splitlines()[2:]) <= 3
    assert checkout.run()[0] == 0
    assert checkout.made() == ["venv --clear", "requirements.lock"]


def test_it_works_through_a_link(checkout: Checkout, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.symlink_to(checkout.root / "run_pipeline.sh")
    (tmp_path / "second").symlink_to("first")
    checkout.run()
    done = subprocess.run(
        [tmp_path / "second", "env"],
        env={"PATH": str(checkout.bin)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "ran env\n")


def test_a_shim_that_only_fails_is_passed_over(checkout: Checkout) -> None:
    shim = checkout.bin / "python3.13"
    shim.write_text("#!/bin/bash\necho 'pyenv: python3.13: command not found' >&2; exit 127\n")
    shim.chmod(0o755)
    assert checkout.run()[0] == 0


def test_a_python_that_is_too_old_is_named(checkout: Checkout) -> None:
    checkout.add_python("python3", "3.9.1")
    code, output, messages = checkout.run()
    assert (code, output) == (1, "")
    assert "Python 3.9.1" in messages and "3.11" in messages and len(messages.splitlines()) <= 3
    assert not (checkout.root / ".venv").exists()


def test_no_python_at_all_is_said(checkout: Checkout) -> None:
    (checkout.bin / "python3").unlink()
    code, _, messages = checkout.run()
    assert code == 1 and "not there" in messages and len(messages.splitlines()) <= 3


def test_the_python_that_is_asked_for_is_taken_or_refused(checkout: Checkout) -> None:
    checkout.add_python("old", "3.9.1")
    assert checkout.run(PYTHON=str(checkout.bin / "old"))[0] == 1
    checkout.add_python("new", "3.13.1")
    assert checkout.run(PYTHON=str(checkout.bin / "new"))[0] == 0


def test_a_python_without_venv_is_told_what_to_install(checkout: Checkout) -> None:
    code, _, messages = checkout.run(VENV_FAILS="yes")
    assert code == 1 and "python3-venv" in messages and len(messages.splitlines()) <= 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_checkout_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    checkout.root.chmod(0o555)
    code, _, messages = checkout.run()
    assert code == 1 and "cannot be written" in messages and len(messages.splitlines()) <= 3
