"""What the commands need of the terminal, or of the files, that take what they tell."""

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from sigeti_dwh.memory import no_memory

_lost: dict[str, str] = {}
_incomplete: set[TextIO] = set()


class Steady:
    """A stream whose disk may be full: what it does not take is lost, and the command goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream has."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text as far as the disk takes it."""
        with self._noted():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what waits as far as the disk takes it."""
        with self._noted():
            self._stream.flush()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            _incomplete.add(self._stream)
            _lost.setdefault(_place(self._stream), str(error.strerror))


@contextmanager
def utf8_console() -> Iterator[None]:
    """Print UTF-8 line by line whatever the locale, and end quietly when the reader has gone.

    What a full disk does not take ends nothing: at the end a line says so, and exit_code fails.
    """
    _lost.clear()
    _incomplete.clear()
    streams, handled = (sys.stdout, sys.stderr), logging.Handler.handleError
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
    sys.stdout, sys.stderr = map(Steady, streams)
    logging.Handler.handleError = _log_failed(handled)  # type: ignore[method-assign]
    try:
        yield
        sys.stdout.flush()
        if said := untold():
            print(f"{said}\nFree some space there. What was to be done is done.", file=sys.stderr)
    except BrokenPipeError:
        # As in `| head`.
        _close(streams[0])
        sys.exit(1)
    finally:
        sys.stdout, sys.stderr = streams
        logging.Handler.handleError = handled  # type: ignore[method-assign]
        for stream in _incomplete:
            _close(stream)


def exit_code(code: int, lost: int = 1) -> int:
    """Return the exit code of a command that ended by `code`: `lost` if its output was.

    A log that could not be written is no output.
    """
    return code or (lost if sys.stdout in _incomplete else 0)


def untold() -> str | None:
    """Return which file did not take what this run told, and why; None when all was taken."""
    named = ", ".join(f"{place} ({reason})" for place, reason in _lost.items())
    return f"Not all that was told could be written: {named}." if named else None


def _close(stream: TextIO) -> None:
    """Let go nowhere what the interpreter would write once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _place(stream: TextIO) -> str:
    try:
        return str(Path(f"/proc/self/fd/{stream.fileno()}").readlink())
    except (OSError, ValueError):
        return stream.name


def _log_failed(otherwise: Any) -> Any:
    """Return what a log does that cannot be written: note it, in place of a trace for each line.

    That no memory is left the command says itself.
    """

    def handle(handler: logging.Handler, record: logging.LogRecord) -> None:
        error = sys.exception()
        if isinstance(error, OSError) and isinstance(handler, logging.FileHandler):
            _lost.setdefault(handler.baseFilename, str(error.strerror))
        elif no_memory(error) is None:
            otherwise(handler, record)

    return handle
