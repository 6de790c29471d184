"""The copy of one source table, brought up to date row by row that changed.

One method for every table, whatever its columns: a row's version is its `xmin`, the transaction
that wrote it, so that an update is seen although it left the change column alone, came in late
with an older time or carries one from a clock set back. Keys fall into buckets of 256; source and
copy compare, by bucket, the number of rows and the sum of a hash of key and version; only rows of
the buckets that differ travel. A row that is missing there was deleted at the source. No index, no
right but SELECT and no setting is needed at the source.
"""

from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh import meta
from sigeti_dwh.database import translated
from sigeti_dwh.settings import Settings
from sigeti_dwh.source_tables import SourceTable

BUCKET = 256
CHUNK_BYTES = 1 << 18

Connection = psycopg.Connection[Any]


class TableCopy:
    """The copy of one source table in the warehouse, or only the keys and versions of its rows."""

    def __init__(
        self,
        schema: str,
        table: SourceTable,
        run_id: int,
        fingerprint: str,
        versions_only: bool,
    ) -> None:
        self.schema = schema
        self.fingerprint = fingerprint
        self.versions_only = versions_only
        self.table = table = table.tracked() if versions_only else table
        self.run_id = run_id
        self.target = sql.Identifier(schema, table.name)
        self.former_links = sql.Identifier(schema, f"{table.name}__anciens_liens")
        self.columns = [sql.Identifier(column) for column in table.columns]
        self.key = [sql.Identifier(column) for column in table.key]
        self.links = [sql.Identifier(column) for column in table.links]

    def refresh(
        self, source: Connection, warehouse: Connection, settings: Settings
    ) -> tuple[int, int]:
        """Bring the copy to the source's snapshot; return rows read and rows changed."""
        with translated(settings.warehouse):
            self._create(warehouse)
            known = self._buckets(
                warehouse, self.target, sql.SQL("_version"), sql.SQL("_supprime_le is null")
            )
        with translated(settings.source):
            present = self._buckets(
                source,
                sql.Identifier("public", self.table.name),
                sql.SQL("xmin::text::bigint"),
                sql.SQL("true"),
            )
        differing = sorted(
            bucket
            for bucket in known.keys() | present.keys()
            if known.get(bucket) != present.get(bucket)
        )
        if not differing:
            return 0, 0
        read = self._fetch(source, warehouse, settings, differing, len(present))
        with translated(settings.warehouse):
            return read, self._apply(warehouse)

    def _create(self, warehouse: Connection) -> None:
        warehouse.execute(
            sql.SQL("create schema if not exists {}").format(sql.Identifier(self.schema))
        )
        known = {
            name: kind
            for name, kind in warehouse.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute "
                "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
                [self.target.as_string(warehouse)],
            )
        }
        if not known:
            self._create_tables(warehouse)
        added = [column for column in self.table.columns if known and column not in known]
        for column in added:
            warehouse.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    self.target, sql.Identifier(column), sql.SQL(self.table.columns[column])
                )
            )
        renewed = meta.remember(warehouse, f"{self.schema}.{self.table.name}", self.fingerprint)
        if known and (added or renewed):
            # An unknown version differs from every version: all rows travel again.
            warehouse.execute(sql.SQL("update {} set _version = null").format(self.target))

    def _create_tables(self, warehouse: Connection) -> None:
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self.table.columns.items()
        )
        warehouse.execute(
            sql.SQL(
                "create table {} ({}, _version bigint, _charge_le timestamptz not null, "
                "_chargement bigint not null, _changement bigint not null, "
                "_supprime_le timestamptz, primary key ({}))"
            ).format(self.target, columns, _list(self.key))
        )
        for column in (*self.links, sql.Identifier("_changement")):
            warehouse.execute(sql.SQL("create index on {} ({})").format(self.target, column))
        if self.links:
            warehouse.execute(
                sql.SQL("create table {} as select {}, _changement from {} where false").format(
                    self.former_links, _list([*self.key, *self.links]), self.target
                )
            )
            warehouse.execute(sql.SQL("create index on {} (_changement)").format(self.former_links))

    def _buckets(
        self,
        connection: Connection,
        relation: sql.Identifier,
        version: sql.SQL,
        condition: sql.SQL,
    ) -> dict[int, tuple[int, Any]]:
        """Return bucket → (rows, sum of the hashes of key and version)."""
        hashed: sql.Composable = version
        for column in self.key:
            hashed = sql.SQL("hashint8extended({}, {})").format(column, hashed)
        query = sql.SQL(
            "select {first} / {size} as bucket, count(*), sum({hashed}) "
            "from {relation} where {condition} group by 1"
        ).format(
            first=self.key[0],
            size=sql.Literal(BUCKET),
            hashed=hashed,
            relation=relation,
            condition=condition,
        )
        return {bucket: (rows, total) for bucket, rows, total in connection.execute(query)}

    def _fetch(
        self,
        source: Connection,
        warehouse: Connection,
        settings: Settings,
        differing: list[int],
        present: int,
    ) -> int:
        """Copy the rows of the differing buckets into a temporary table; return their number."""
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self.table.columns.items()
        )
        with translated(settings.warehouse):
            warehouse.execute(
                sql.SQL(
                    "drop table if exists pg_temp.incoming; drop table if exists pg_temp.buckets; "
                    "create temporary table incoming ({}, _version bigint) on commit drop; "
                    "create temporary table buckets (bucket bigint) on commit drop"
                ).format(columns)
            )
            with warehouse.cursor() as cursor, cursor.copy("copy buckets from stdin") as copy:
                for bucket in differing:
                    copy.write_row((bucket,))
        selected = sql.SQL(", ").join(
            sql.SQL("cast(t.{} as {})").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self.table.columns.items()
        )
        query = sql.SQL(
            "copy (select {}, t.xmin::text::bigint from {} t{}) to stdout (format binary)"
        ).format(
            selected,
            sql.Identifier("public", self.table.name),
            sql.SQL("") if len(differing) > present / 2 else self._ranges(differing),
        )
        with source.cursor() as reading, warehouse.cursor() as writing:
            with (
                translated(settings.source),
                reading.copy(query) as outgoing,
                writing.copy("copy incoming from stdin (format binary)") as incoming,
            ):
                pending = bytearray()
                for chunk in outgoing:
                    pending += chunk
                    if len(pending) >= CHUNK_BYTES:
                        incoming.write(bytes(pending))
                        pending.clear()
                incoming.write(bytes(pending))
            return reading.rowcount

    def _ranges(self, buckets: list[int]) -> sql.Composable:
        """Return a join that limits the source's rows to some buckets, by its primary key."""
        ranges: list[list[int]] = []
        for bucket in buckets:
            if ranges and ranges[-1][1] == bucket - 1:
                ranges[-1][1] = bucket
            else:
                ranges.append([bucket, bucket])
        values = sql.SQL(", ").join(
            sql.SQL("({}, {})").format(
                sql.Literal(first * BUCKET - (BUCKET - 1 if first <= 0 else 0)),
                sql.Literal(last * BUCKET + (BUCKET - 1 if last >= 0 else 0)),
            )
            for first, last in ranges
        )
        return sql.SQL(
            " join (values {}) as r (first, last) on t.{} between r.first and r.last"
        ).format(values, self.key[0])

    def _apply(self, warehouse: Connection) -> int:
        """Write what differs between the temporary table and the copy; return the changed rows."""
        warehouse.execute("analyze incoming; analyze buckets")
        same_key = sql.SQL(" and ").join(
            sql.SQL("t.{0} = i.{0}").format(column) for column in self.key
        )
        names: dict[str, sql.Composable] = {
            "target": self.target,
            "former_links": self.former_links,
            "same_key": same_key,
            "first": self.key[0],
            "size": sql.Literal(BUCKET),
            "run": sql.Literal(self.run_id),
            "columns": _list(self.columns),
            "incoming": _list(self.columns, "i"),
            "current": _list(self.columns, "t"),
            "assignments": sql.SQL(", ").join(
                sql.SQL("{0} = i.{0}").format(column) for column in self.columns
            ),
            "kept_links": _list([*self.key, *self.links], "t"),
            "current_links": _list(self.links, "t"),
            "incoming_links": _list(self.links, "i"),
        }
        compared = "t._version is distinct from i._version"
        if not self.versions_only:
            compared = "({current}) is distinct from ({incoming})"
        differs = sql.SQL("(t._supprime_le is not null or " + compared + ")").format(**names)
        gone = sql.SQL(
            "t._supprime_le is null and t.{first} / {size} in (select bucket from buckets) "
            "and not exists (select 1 from incoming i where {same_key})"
        ).format(**names)
        names |= {"differs": differs, "gone": gone}

        def run(statement: str, **extra: sql.Composable) -> int:
            return warehouse.execute(sql.SQL(statement).format(**names, **extra)).rowcount

        run(
            "create temporary table fresh on commit drop as "
            "select i.* from incoming i left join {target} t on {same_key} "
            "where t.{first} is null or {differs}"
        )
        run("create temporary table gone on commit drop as select t.* from {target} t where {gone}")
        # A restore gives rows new versions and leaves their values alone.
        run(
            "update {target} t set _version = i._version from incoming i where {same_key} "
            "and not {differs} and t._version is distinct from i._version"
        )
        row = warehouse.execute(
            "select (select count(*) from fresh) + (select count(*) from gone)"
        ).fetchone()
        assert row is not None
        changed: int = row[0]
        if changed:
            number = sql.Literal(meta.next_change(warehouse, self.table.name))
            stamps = sql.SQL(
                "_charge_le = current_timestamp, _chargement = {run}, _changement = {n}"
            ).format(n=number, **names)
            if self.links:
                run(
                    "insert into {former_links} select {kept_links}, {n} from {target} t "
                    "join fresh i on {same_key} "
                    "where ({current_links}) is distinct from ({incoming_links})",
                    n=number,
                )
            run(
                "update {target} t set {assignments}, _version = i._version, "
                "_supprime_le = null, {stamps} from fresh i where {same_key}",
                stamps=stamps,
            )
            run(
                "insert into {target} ({columns}, _version, _charge_le, _chargement, _changement) "
                "select {incoming}, i._version, current_timestamp, {run}, {n} from fresh i "
                "where not exists (select 1 from {target} t where {same_key})",
                n=number,
            )
            run(
                "update {target} t set _supprime_le = current_timestamp, {stamps} "
                "from gone i where {same_key}",
                stamps=stamps,
            )
        warehouse.execute("drop table fresh, gone, incoming, buckets")
        return changed


def _list(columns: list[sql.Identifier], prefix: str = "") -> sql.Composed:
    dotted = sql.SQL(f"{prefix}.{{}}" if prefix else "{}")
    return sql.SQL(", ").join(dotted.format(column) for column in columns)
