"""Documents in files: CSV, a JSON array, or a JSON document a line as mongoexport writes them."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ijson
from bson import json_util

from sigeti_dwh.areas import source_variable
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.load.documents.collections import Collection

# Of lines, whose longest field is a document of its own.
csv.field_size_limit(sys.maxsize)
Documents = Iterator[tuple[str, dict[str, Any]]]


@contextmanager
def folder(area: str, name: str) -> Iterator["Folder"]:
    """Open a folder; raise UserError when it is none."""
    path = Path(name)
    if not path.is_dir():
        raise UserError(
            f"{path} is not a folder.\nSet {source_variable(area)} to where the data of {area} is, "
            f"or make a demo: ./run_pipeline.sh demo --area {area}"
        )
    yield Folder(path)


class Folder:
    """A folder with a file for each collection, named after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._states: dict[Path, tuple[int, int, int]] = {}

    def has(self, collection: Collection) -> bool:
        """Tell whether there is a file of the collection."""
        return self._file(collection) is not None

    def read(self, collection: Collection) -> Documents:
        """Yield the documents of a collection, each with its file and line."""
        path = self._file(collection)
        assert path is not None
        try:
            self._states[path] = _state(path)
            yield from FORMS[path.suffix](path)
        except UnicodeDecodeError:
            raise UserError(
                f"{path}, line {_undecodable(path)}: not UTF-8 text.\nExport it as UTF-8."
            ) from None
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}.") from None

    def check_unchanged(self) -> None:
        """Check that what was read is of one state; raise RetryableError when it is not."""
        for path, before in self._states.items():
            if not path.exists() or _state(path) != before:
                raise RetryableError(f"{path} was changed while it was read.\nRun again.")

    def _file(self, collection: Collection) -> Path | None:
        found = [
            path for suffix in FORMS if (path := self.path / f"{collection.name}{suffix}").is_file()
        ]
        if len(found) > 1:
            raise UserError(
                f"{self.path} has {' and '.join(path.name for path in found)}.\n"
                "Only one of them can be right: remove the others."
            )
        return found[0] if found else None


def _csv(path: Path) -> Documents:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        try:
            names = next(rows, [])
            for row in rows:
                place = f"{path}, line {rows.line_num}"
                if not row:
                    continue
                if len(row) != len(names):
                    raise UserError(f"{place}: {len(row)} fields, the first line has {len(names)}.")
                yield place, {name: value or None for name, value in zip(names, row, strict=True)}
        except csv.Error as error:
            raise UserError(f"{path}, line {rows.line_num}: {error}.") from None


def _lines(path: Path) -> Documents:
    with path.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                place = f"{path}, line {number}"
                try:
                    document = json.loads(line, object_hook=json_util.object_hook)
                except ValueError as error:
                    raise UserError(f"{place}: not a JSON document ({error}).") from None
                yield place, _document(place, document)


def _array(path: Path) -> Documents:
    with path.open("rb") as stream:
        stream.seek(3 if stream.read(3) == b"\xef\xbb\xbf" else 0)
        try:
            for number, item in enumerate(ijson.items(stream, "item", use_float=True), 1):
                place = f"{path}, document {number}"
                yield place, _document(place, _extended(item))
        except ijson.JSONError:
            raise UserError(_why_no_array(path)) from None


def _document(place: str, document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UserError(f"{place}: not a document between braces.")
    return document


def _extended(value: Any) -> Any:
    """Return a value with MongoDB's Extended JSON read, as json's own hook would."""
    if isinstance(value, list):
        return [_extended(one) for one in value]
    if isinstance(value, dict):
        return json_util.object_hook({name: _extended(one) for name, one in value.items()})
    return value


def _why_no_array(path: Path) -> str:
    """Say where a file stops being a JSON array, which the stream of it does not know."""
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return f"{path}, line {error.lineno}: not JSON ({error.msg}); it may be cut off."
    return f"{path}: not an array of documents, but {type(found).__name__}."


def _undecodable(path: Path) -> int:
    """Return the number of the first line that is no UTF-8."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 0


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


FORMS: dict[str, Callable[[Path], Documents]] = {
    ".csv": _csv,
    ".json": _array,
    ".ndjson": _lines,
    ".jsonl": _lines,
}
