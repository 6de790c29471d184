#!/usr/bin/env python3
"""Show the state of the warehouse: rows, sizes and dates of every object, layer by layer.

Runs with any Python: it hands over to the one of .venv when that is there.
"""

import os
import sys
from pathlib import Path

PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"

if sys.executable != str(PYTHON) and PYTHON.exists():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

try:
    from sigeti_dwh.monitor.cli import main
except ImportError as error:
    print(f"{error}.\nRun ./run_pipeline.sh first: it makes the environment.", file=sys.stderr)
    sys.exit(3)

sys.exit(main())
