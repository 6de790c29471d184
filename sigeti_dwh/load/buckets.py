"""Buckets of 256 neighbouring keys, and what the source holds in each.

The sums of the source are computed each night, by one scan of the table. Those of a copy are not:
dwh_meta.paquets keeps what the source held when the copy was last made equal to it, written with
the copy in one transaction. A copy that was restored alone has another identifier and is compared
anew; after rows of a copy were edited by hand, `truncate dwh_meta.paquets` has the next load
compare every row.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.load.source_tables import SourceTable

BITS = 8
VERSION = sql.SQL("t.xmin::text::bigint")

Connection = psycopg.Connection[Any]
Sums = dict[int, tuple[int, Decimal]]
"""Bucket → number of rows, and sum of the hashes of their keys and versions."""


def present_sums(source: Connection, table: SourceTable) -> Sums:
    """Return what the source holds now.

    Raises UserError for rows without a key, where the source does not forbid them.
    """
    # The empty branch hides from the planner how many keys there are: expecting a group for each,
    # it would neither share the scan between processes nor sum in little memory.
    found = sums(
        source,
        sql.SQL(
            "select {}, 1, {} from {} t union all select null::integer, 1, null::bigint where false"
        ).format(
            bucket_of(table.key),
            hashed(table.key, VERSION),
            table.at_source,
        ),
    )
    without_key = sum(rows for bucket, (rows, _) in found.items() if bucket is None)
    table.refuse_rows_without_key(without_key)
    return found


def known_sums(warehouse: Connection, relation: str) -> Sums:
    """Return what the source held when this copy was last made equal to it."""
    query = "select paquet, lignes, somme from dwh_meta.paquets where relation = %s"
    return _by_bucket(warehouse.execute(query, [relation]))


def remember_sums(
    warehouse: Connection, relation: str, present: Sums, differing: list[int]
) -> None:
    """Record that this copy now equals the source in these buckets."""
    warehouse.execute(
        "delete from dwh_meta.paquets where relation = %s and paquet = any(%s)",
        [relation, differing],
    )
    with warehouse.cursor() as cursor, cursor.copy("copy dwh_meta.paquets from stdin") as copy:
        for bucket in differing:
            if bucket in present:
                copy.write_row((relation, bucket, *present[bucket]))


def forget_sums(warehouse: Connection, relation: str) -> None:
    """Have every row of this copy compared."""
    warehouse.execute("delete from dwh_meta.paquets where relation = %s", [relation])


def sums(connection: Connection, rows: sql.Composable) -> Sums:
    """Return the sums of a query's rows: bucket, how often the row counts, hash."""
    return _by_bucket(
        connection.execute(
            sql.SQL(
                "select bucket, sum(counted), coalesce(sum(hashed), 0) "
                "from ({}) as rows (bucket, counted, hashed) group by bucket"
            ).format(rows)
        )
    )


def unequal(some: Sums, others: Sums) -> list[int]:
    """Return the buckets that differ, in their order."""
    return sorted(
        bucket for bucket in some.keys() | others.keys() if some.get(bucket) != others.get(bucket)
    )


def added(some: Sums, others: Sums) -> Sums:
    """Return the sums of both; a bucket without rows has none."""
    totals = dict(some)
    for bucket, (count, total) in others.items():
        known_count, known_total = some.get(bucket, (0, Decimal(0)))
        totals[bucket] = (known_count + count, known_total + total)
    return {bucket: both for bucket, both in totals.items() if any(both)}


def bucket_of(key: Sequence[str]) -> sql.Composed:
    """Return the expression for the bucket of a row of `t`."""
    return sql.SQL("t.{} >> {}").format(sql.Identifier(key[0]), BITS)


def hashed(key: Sequence[str], version: sql.Composable) -> sql.Composable:
    """Return the expression for the hash of key and version of a row of `t`."""
    for column in key:
        version = sql.SQL("hashint8extended(t.{}, {})").format(sql.Identifier(column), version)
    return version


def within(buckets: list[int] | None, key: Sequence[str], *, indexed: bool) -> sql.Composable:
    """Return a join that limits the rows of `t` to some buckets; nothing for all of them.

    With an index on the key it reads these rows alone, without one it scans the table once.
    """
    if buckets is None:
        return sql.SQL("")
    if not indexed:
        return sql.SQL(" join unnest({}::bigint[]) as b (bucket) on {} = b.bucket").format(
            buckets, bucket_of(key)
        )
    ranges: list[list[int]] = []
    for bucket in buckets:
        if ranges and ranges[-1][1] == bucket - 1:
            ranges[-1][1] = bucket
        else:
            ranges.append([bucket, bucket])
    return sql.SQL(
        " join unnest({}::bigint[], {}::bigint[]) as r (first, last) "
        "on t.{} between r.first and r.last"
    ).format(
        [first << BITS for first, _ in ranges],
        [((last + 1) << BITS) - 1 for _, last in ranges],
        sql.Identifier(key[0]),
    )


def _by_bucket(rows: Iterable[tuple[int, int, Decimal]]) -> Sums:
    return {bucket: (count, total) for bucket, count, total in rows}
