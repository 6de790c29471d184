"""What the commands need of the terminal that reads them."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def utf8_console() -> Iterator[None]:
    """Print UTF-8 line by line whatever the locale, and end quietly when the reader has gone."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
    try:
        yield
    except BrokenPipeError:
        # As in `| head`. The interpreter flushes once more at its end: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
