"""Documents of a MongoDB server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from sigeti_dwh.areas import source_variable
from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.load.documents.collections import Collection

PATIENCE = 10_000
"""Milliseconds to wait for a server."""


@contextmanager
def mongo(area: str, address: str) -> Iterator["Database"]:
    """Open the database that the address ends with.

    Raises UserError for an address without one, RetryableError when the server does not answer.
    """
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            address, serverSelectionTimeoutMS=PATIENCE, tz_aware=True
        )
    except (PyMongoError, ValueError) as error:
        raise UserError(f"{source_variable(area)}: {error}.") from None
    with client:
        try:
            database = client.get_default_database()
        except PyMongoError:
            raise UserError(
                f"{source_variable(area)} names no database.\n"
                "Add it: mongodb://user:password@host:27017/base"
            ) from None
        try:
            yield Database(database)
        except PyMongoError as error:
            said = str(error).split(", Timeout")[0]
            raise RetryableError(f"{source_variable(area)}: MongoDB says {said}.") from None


class Database:
    """A MongoDB database with a collection of the same name for each of ours."""

    def __init__(self, database: Any) -> None:
        self.database = database
        self._names: frozenset[str] | None = None

    def has(self, collection: Collection) -> bool:
        """Tell whether the collection is there."""
        if self._names is None:
            self._names = frozenset(self.database.list_collection_names())
        return collection.name in self._names

    def read(self, collection: Collection) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the documents, of the allowed fields alone."""
        # A MongoDB document always has _id, whether or not it is asked for.
        asked = dict.fromkeys((*collection.key, *sorted(collection.fields.names)), 1)
        for document in self.database[collection.name].find({}, asked):
            where = f"{collection.name}, document {document.get('_id')}"
            if "_id" not in asked:
                document.pop("_id", None)
            yield where, document

    def check_unchanged(self) -> None:
        """Do nothing: what arrives meanwhile is found by the next load."""
