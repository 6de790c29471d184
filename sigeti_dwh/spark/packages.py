"""The packages by which dbt and we talk to Spark: the extra `spark`, pinned in packages.txt."""

import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT

FILE = Path(__file__).with_name("packages.txt")
COMMAND = f"pip install --require-hashes --no-deps -r {FILE.relative_to(ROOT)}"


def missing() -> list[str]:
    """Return the packages of the file that are not there in its version."""
    pinned = re.findall(r"^([\w.-]+)==([\w.]+)", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for name, wanted in pinned if _version(name) != wanted]


def install_packages(report: Callable[[str], None] = print) -> None:
    """Install what is missing into the environment that runs.

    Raises UserError when that fails.
    """
    if not missing():
        return
    report("Installing the packages for Spark, the first time only.")
    done = subprocess.run(
        [sys.executable, "-m", *COMMAND.split(), "--quiet", "--disable-pip-version-check"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UserError(
            f"The packages for Spark could not be installed: {words[-1]}\n"
            f"By hand: .venv/bin/python -m {COMMAND}"
        )
    importlib.invalidate_caches()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
