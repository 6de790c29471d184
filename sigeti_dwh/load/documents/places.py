"""Where the documents of an area are, by the form of the address in .env."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sigeti_dwh.areas import source_variable
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.documents.collections import Collection


class Place(Protocol):
    """An opened source: every collection is read from one state of it."""

    def has(self, collection: Collection) -> bool:
        """Tell whether the collection is there."""

    def read(self, collection: Collection) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield where each document stands, for messages, and its fields.

        Raises UserError, which names the place, for what is no document.
        """

    def check_unchanged(self) -> None:
        """Check that all that was read is of one state; raise RetryableError when it is not."""


def opened(area: str, address: str) -> AbstractContextManager[Place]:
    """Open the source of an area.

    Raises UserError for an address that is none, and a source that is not there.
    """
    if re.match(r"mongodb(\+srv)?://", address):
        from sigeti_dwh.load.documents.mongo import mongo

        return mongo(area, address)
    if re.match(r"postgres(ql)?://", address):
        from sigeti_dwh.load.documents.postgresql import postgresql

        return postgresql(area, address)
    if "://" in address:
        raise UserError(
            f"{source_variable(area)} begins with {address.split('://')[0]}://.\n"
            "It can be a folder, mongodb://… or postgresql://…"
        )
    from sigeti_dwh.load.documents.files import folder

    return folder(area, address)
