"""The published marts on Spark, for who sums them up: readers/published.py."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sigeti_dwh.readers.published import Row, qualified_names
from sigeti_dwh.settings import Settings
from sigeti_dwh.spark.connection import Connection, connect, over_time


class _OfSpark:
    """The marts that are published at the moment of each query."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings
        self._names = qualified_names(settings.schema)

    def columns(self, mart: str) -> set[str]:
        return set(self._connection.columns(self._names[mart]))

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Row]:
        limit = self._settings.layer_minutes * 60
        try:
            return self._connection.records(query.format(**self._names), values, limit)
        except TimeoutError:
            raise over_time("A query of the marts", self._settings) from None


@contextmanager
def marts_of_spark(settings: Settings) -> Iterator[_OfSpark]:
    """Open the marts there."""
    assert settings.spark is not None
    with connect(settings.spark) as connection:
        yield _OfSpark(connection, settings)
