"""The published marts on Spark, for who sums them up: readers/published.py."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sigeti_dwh.readers.published import Row, qualified_names
from sigeti_dwh.spark.connection import Connection, connect
from sigeti_dwh.spark.server import SparkServer


class _OfSpark:
    """The marts that are published at the moment of each query."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._names = qualified_names(prefix)

    def columns(self, mart: str) -> set[str]:
        return set(self._connection.columns(self._names[mart]))

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Row]:
        return self._connection.records(query.format(**self._names), values)


@contextmanager
def marts_of_spark(server: SparkServer, prefix: str) -> Iterator[_OfSpark]:
    """Open the marts there."""
    with connect(server) as connection:
        yield _OfSpark(connection, prefix)
