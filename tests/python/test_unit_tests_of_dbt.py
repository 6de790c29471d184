"""The unit tests of dbt, which no night runs."""

import subprocess
import sys
from pathlib import Path

from sigeti_dwh.night.profiles import profile_variables

from .warehouse import Warehouse


def test_the_unit_tests_of_dbt_pass(built: Warehouse) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    done = subprocess.run(
        [dbt, "test", "--select", "test_type:unit"],
        cwd=built.folder,
        env={"PATH": "/usr/bin:/bin", "DO_NOT_TRACK": "1", **profile_variables(built.settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "NO-OP=0" in done.stdout and " PASS=0 " not in done.stdout
