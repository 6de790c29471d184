"""What a night leaves for the next when its warehouse is down: how it ended, and why."""

import json
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sigeti_dwh.settings import STATE, Server

FILE = STATE / "last_word.json"


class LastWord(NamedTuple):
    """How a night ended whose record is still open."""

    warehouse: str
    number: int
    state: str
    message: str | None


def leave(word: LastWord, path: Path = FILE) -> None:
    """Keep the word for the next night; raises OSError where nothing can be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(word._asdict()), encoding="utf-8")


def take(warehouse: Server, path: Path = FILE) -> LastWord | None:
    """Return the word that was left for a warehouse, once; None without one."""
    # One that is damaged says nothing.
    with suppress(OSError, ValueError, TypeError):
        word = LastWord(**json.loads(path.read_text(encoding="utf-8")))
        if word.warehouse == str(warehouse):
            path.unlink()
            return word
    return None
