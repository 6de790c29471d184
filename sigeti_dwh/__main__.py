"""The command line: `python -m sigeti_dwh`."""

import sys

from sigeti_dwh.cli import main

sys.exit(main())
