"""The copy of one source table, brought up to date row by row that changed.

One method for every table, whatever its columns: a row's version is its `xmin`, the transaction
that wrote it, so that an update is seen although it left the change column alone, came in late
with an older time or carries one from a clock set back.

1. The source sums the hashes of keys and versions by bucket of 256 keys (buckets.py). Buckets whose
   sum is that of the last load are equal, and nothing else of them is read.
2. From the others come the rows that transactions wrote which had not ended at the last load. Where
   they make the copy's sum that of the source, the bucket is equal.
3. The buckets that are left come whole: rows were deleted there. What did not come is marked.

A new copy takes all rows at once, by COPY straight into the table.

Guarantee, for every table of the allow-list: after a load the living rows of the copy are those of
the source's snapshot, whatever happened there, because each load compares the state of all rows:
step 2 only saves what step 3 would do.

Numbers of transactions are compared while they mean the same (source_check.py). Every row travels
and is compared by its values after a table was made again, a column replaced or an enum's labels
changed, and when the server's history may not go on from what the last load saw: another server or
timeline, one that was started since or recovered from a crash, transactions counted from further
back. Whether a server that was started had been put back from a copy of its disk, nothing tells who
may only select. A warehouse in the source's own server is put back with it: there a start is no
reason for doubt. What is left is a machine put back with its memory, as some virtual ones can be,
which has not been started: that is seen while it has counted fewer transactions than at the last
load; --full-refresh compares values.

A table that the source lacks is read as one without rows (source_tables.py). Its copy is kept as it
is until somebody accepts the loss.

No right but SELECT, no setting and no index is needed at the source. Step 1 always scans the whole
table, in parallel where its server allows: an index on the change column is neither needed nor
used, since no such column is trusted. Steps 2 and 3 follow an index that begins with the key's
first column; a table without one is scanned again for each.
"""

from psycopg import sql

from sigeti_dwh.load.buckets import (
    VERSION,
    Sums,
    added,
    known_sums,
    remember_sums,
    unequal,
    within,
)
from sigeti_dwh.load.copy_store import CopyStore, Standing
from sigeti_dwh.load.differences import Differences
from sigeti_dwh.load.pipe import Pipe
from sigeti_dwh.load.unreadable_values import naming_values
from sigeti_dwh.warehouse.database import translated

ALL_ROWS = sql.SQL("true")


class TableCopy:
    """The way of one table from the source, which holds `present` now, to its copy."""

    def __init__(self, pipe: Pipe, store: CopyStore, present: Sums, *, indexed: bool) -> None:
        self.pipe = pipe
        self.store = store
        self.present = present
        self.indexed = indexed

    def refresh(self, fingerprint: str, horizon: int | None) -> tuple[int, int]:
        """Bring the copy to the source's snapshot; return rows that travelled and rows changed.

        `fingerprint` is that of the source's table. The transactions below `horizon` had ended at
        the last load; None when that says nothing of this source.
        """
        with naming_values(self.pipe.settings.source, self.store.table):
            return self._refresh(fingerprint, horizon)

    def keep(self) -> None:
        """Leave the copy of a table that the source lacks as it is, or make it without rows."""
        with translated(self.pipe.settings.warehouse):
            if not self.store.provide(self.pipe.warehouse):
                self.store.fill(self.pipe, self._rows(None, ALL_ROWS))

    def _refresh(self, fingerprint: str, horizon: int | None) -> tuple[int, int]:
        pipe, store, present = self.pipe, self.store, self.present
        with translated(pipe.settings.warehouse):
            standing = store.prepare(pipe.warehouse, fingerprint, doubtful=horizon is None)
            known = known_sums(pipe.warehouse, store.name)
            differing = unequal(known, present)
            if standing is Standing.NEW:
                read = changed = store.fill(pipe, self._rows(None, ALL_ROWS))
            elif differing or standing is Standing.DOUBTFUL:
                recent = _written_since(horizon if standing is Standing.KNOWN else None)
                read, changed = self._reconcile(standing, known, recent)
            else:
                return 0, 0
            remember_sums(pipe.warehouse, store.name, present, differing)
        return read, changed

    def _reconcile(
        self, standing: Standing, known: Sums, recent: sql.Composable
    ) -> tuple[int, int]:
        present = self.present
        differences = Differences(self.pipe.warehouse, self.store, standing)

        def bring(buckets: list[int] | None, condition: sql.Composable) -> int:
            return self.pipe.copy(self._rows(buckets, condition), Differences.INCOMING)

        def few(buckets: list[int]) -> list[int] | None:
            return buckets if len(buckets) < len(present) / 2 else None

        read = bring(few(unequal(known, present)), recent)
        left = unequal(added(known, differences.effect()), present)
        if left:
            read += bring(few(left), sql.SQL("not {}").format(recent))
        return read, differences.write(few(left))

    def _rows(self, buckets: list[int] | None, condition: sql.Composable) -> sql.Composed:
        table = self.store.table
        return sql.SQL("select {}, {} from {} t{} where {}").format(
            sql.SQL(", ").join(table.read(name) for name in table.columns),
            VERSION,
            table.at_source,
            within(buckets, table.key, indexed=self.indexed),
            condition,
        )


def _written_since(horizon: int | None) -> sql.Composable:
    """Return the condition for rows of transactions from this one on; none when it is unknown."""
    if horizon is None:
        return sql.SQL("false")
    return sql.SQL("age(t.xmin) <= age({}::xid8::xid)").format(str(horizon))
