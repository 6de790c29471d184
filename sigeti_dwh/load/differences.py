"""What one copy lacks of the source's present rows, found and written by SQL in the warehouse."""

from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.load.buckets import Sums, bucket_of, hashed, sums, within
from sigeti_dwh.load.copy_store import CopyStore, Standing, declared, listed
from sigeti_dwh.warehouse import meta

Connection = psycopg.Connection[Any]


class Differences:
    """Rows of the source in temporary table `incoming`, beside the copy that they may change."""

    INCOMING = sql.Identifier("pg_temp", "incoming")

    def __init__(self, warehouse: Connection, store: CopyStore, standing: Standing) -> None:
        self.warehouse = warehouse
        self.store = store
        self.names = _names(store, standing)
        self._run(
            "create temporary table incoming ({types}, _version bigint not null) on commit drop",
            types=declared(store.table.columns),
        )

    def effect(self) -> Sums:
        """Return by how much the incoming rows change the sums of the copy's buckets."""
        self._run("analyze incoming")
        key = self.store.table.key
        rows = sql.SQL(
            "select {bucket}, 1, {hash} from incoming t union all "
            "select {bucket}, -1, -{hash} from {target} t join incoming i on {same_key} "
            "where t._supprime_le is null"
        )
        version = sql.SQL("t._version")
        return sums(
            self.warehouse,
            rows.format(bucket=bucket_of(key), hash=hashed(key, version), **self.names),
        )

    def write(self, complete: list[int] | None) -> int:
        """Write what differs; return the number of changed rows.

        `complete` are the buckets of which every row came, None for all: what is missing in them
        was deleted. Raises UserError for a key that the source has twice, or that is null.
        """
        self.store.add_key(self.warehouse, self.INCOMING)
        self._run("analyze incoming")
        self._run(
            "create temporary table fresh on commit drop as "
            "select i.* from incoming i left join {target} t on {same_key} "
            "where t.{first} is null or {differs}"
        )
        self._run(
            "create temporary table gone on commit drop as select {current_key} from {target} t"
            "{within} where t._supprime_le is null "
            "and not exists (select from incoming i where {same_key})",
            within=within(complete, self.store.table.key, indexed=True),
        )
        # A restore gives rows new versions and leaves their values alone.
        self._run(
            "update {target} t set _version = i._version from incoming i where {same_key} "
            "and not {differs} and t._version is distinct from i._version"
        )
        row = self.warehouse.execute(
            "select (select count(*) from fresh) + (select count(*) from gone)"
        ).fetchone()
        assert row is not None
        changed: int = row[0]
        if changed:
            self._write_changes()
        self._run("drop table incoming, fresh, gone")
        return changed

    def _write_changes(self) -> None:
        change = meta.next_change(self.warehouse, self.store.table.name)
        self.names["change"] = sql.Literal(change)
        if self.store.links:
            self._run(
                "insert into {former_links} select {kept_links}, {change} from {target} t "
                "join fresh i on {same_key} "
                "where ({current_links}) is distinct from ({incoming_links})"
            )
        stamps = "_charge_le = current_timestamp, _chargement = {run}, _changement = {change}"
        self._run(
            "update {target} t set {assignments}, _version = i._version, _supprime_le = null, "
            + stamps
            + " from fresh i where {same_key}"
        )
        self._run(
            "insert into {target} ({columns}, _version, _charge_le, _chargement, _changement) "
            "select {incoming}, i._version, current_timestamp, {run}, {change} from fresh i "
            "where not exists (select from {target} t where {same_key})"
        )
        self._run(
            "update {target} t set _supprime_le = current_timestamp, "
            + stamps
            + " from gone i where {same_key}"
        )

    def _run(self, statement: str, **more: sql.Composable) -> None:
        self.warehouse.execute(sql.SQL(statement).format(**self.names, **more))


def _names(store: CopyStore, standing: Standing) -> dict[str, sql.Composable]:
    """Return what the statements name."""
    names: dict[str, sql.Composable] = {
        "target": store.relation,
        "former_links": store.former_links,
        "run": sql.Literal(store.run_id),
        "doubtful": sql.Literal(standing is Standing.DOUBTFUL),
        "first": store.key[0],
        "columns": listed(store.columns),
        "incoming": listed(store.columns, "i"),
        "current": listed(store.columns, "t"),
        "current_key": listed(store.key, "t"),
        "kept_links": listed([*store.key, *store.links], "t"),
        "current_links": listed(store.links, "t"),
        "incoming_links": listed(store.links, "i"),
        "same_key": sql.SQL(" and ").join(
            sql.SQL("t.{0} = i.{0}").format(column) for column in store.key
        ),
        "assignments": sql.SQL(", ").join(
            sql.SQL("{0} = i.{0}").format(column) for column in store.columns
        ),
    }
    compared = "({current}) is distinct from ({incoming})"
    if store.versions_only:
        compared = "{doubtful} or t._version is distinct from i._version"
    names["differs"] = sql.SQL(f"(t._supprime_le is not null or {compared})").format(**names)
    return names
