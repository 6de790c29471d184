"""The floor of the facts: the rows of keys known beforehand, one statement a fact.

benchmarks/floor/<fact>.sql computes the rows of the touched keys by plain joins; they replace those
of a copy of the fact, without bookkeeping and without comparison. After each night the copy must be
equal to the fact, or the figures compare two different things.
"""

from pathlib import Path

from psycopg import sql

from benchmarks.copying import pipe
from benchmarks.databases import NAME, Connection, own_connection
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Settings

FACTS = {
    "fait_factures": "facture_id",
    "fait_paiements": "facture_id",
    "fait_collectes": "collecte_id",
}
"""The facts that the changes touch, in the order of their making, and what limits their rows."""

STAMPS = ("_insertion", "_changement")

# Without a summary of them, it is how campaigns find what they sum.
CAMPAIGN_INDEX = """
create index on benchmark.fait_factures (collecte_id)
include (
    montant_total, montant_regle_declare, montant_regle_confirme, montant_restant_du,
    source_modifie_a
)
where est_comptee
"""

CAMPAIGNS = """
insert into benchmark.touched_collecte_id
select collecte_id from benchmark.fait_factures
inner join benchmark.touched_facture_id using (facture_id) where collecte_id is not null
union
select collecte_id from dwh_staging.stg_factures
inner join benchmark.touched_facture_id using (facture_id) where collecte_id is not null
"""

UPSERT = """
with computed as ({rows}),

gone as (
    delete from {fact} as f
    where
        f.{scope} in (select {scope} from {touched})
        and not exists (select 1 from computed where computed.{key} = f.{key})
)

insert into {fact} ({columns}, _insertion, _changement)
select {columns}, 0, 0 from computed
on conflict ({key}) do update set ({columns}) = row({excluded})
"""


class DifferentFloorError(UserError):
    """The floor and the fact do not hold the same rows."""


def copy_facts(settings: Settings) -> None:
    """Copy the facts as they are now, with their indexes."""
    with own_connection(settings.warehouse) as warehouse:
        warehouse.execute("create schema if not exists benchmark")
        for fact in FACTS:
            for statement in (
                "drop table if exists {copy}",
                "create table {copy} (like {fact} including all)",
                "insert into {copy} select * from {fact}",
            ):
                warehouse.execute(
                    sql.SQL(statement).format(
                        copy=sql.Identifier(NAME, fact), fact=sql.Identifier("dwh_facts", fact)
                    )
                )
        warehouse.execute(CAMPAIGN_INDEX)


def bring_touched_keys(settings: Settings) -> None:
    """Bring the keys that the last change touched into the warehouse."""
    with (
        own_connection(settings.source) as source,
        own_connection(settings.warehouse) as warehouse,
    ):
        for key in sorted(set(FACTS.values())):
            warehouse.execute(
                f"drop table if exists benchmark.touched_{key}; "
                f"create table benchmark.touched_{key} ({key} integer primary key)"
            )
        query = sql.SQL("select facture_id from benchmark.factures_touchees")
        pipe(source, query, warehouse, "touched_facture_id")
        warehouse.execute(CAMPAIGNS)
        warehouse.execute("analyze benchmark.touched_facture_id, benchmark.touched_collecte_id")


def make(settings: Settings, fact: str) -> None:
    """Make the rows of the touched keys of one fact anew."""
    with own_connection(settings.warehouse) as warehouse:
        columns = [sql.Identifier(column) for column in _columns(warehouse, fact)]
        rows = (Path(__file__).parent / "floor" / f"{fact}.sql").read_text(encoding="utf-8")
        warehouse.execute(
            sql.SQL(UPSERT).format(
                rows=sql.SQL(rows),
                fact=sql.Identifier(NAME, fact),
                scope=sql.Identifier(FACTS[fact]),
                touched=sql.Identifier(NAME, f"touched_{FACTS[fact]}"),
                key=_key(fact),
                columns=sql.SQL(", ").join(columns),
                excluded=sql.SQL(", ").join(
                    sql.SQL("excluded.{}").format(column) for column in columns
                ),
            )
        )


def verify(settings: Settings, fact: str) -> None:
    """Raise DifferentFloorError unless floor and fact hold the same rows, stamps aside."""
    with own_connection(settings.warehouse) as warehouse:
        different = _different(warehouse, fact)
    if different:
        raise DifferentFloorError(
            f"benchmarks/floor/{fact}.sql makes other rows than the model, as of keys {different}."
        )


def _different(warehouse: Connection, fact: str) -> list[int]:
    columns = _columns(warehouse, fact)
    query = sql.SQL(
        "select coalesce(f.{key}, b.{key}) from {fact} f full join {copy} b using ({key}) "
        "where ({left}) is distinct from ({right}) order by 1 limit 5"
    ).format(
        key=_key(fact),
        fact=sql.Identifier("dwh_facts", fact),
        copy=sql.Identifier(NAME, fact),
        left=sql.SQL(", ").join(sql.Identifier("f", column) for column in columns),
        right=sql.SQL(", ").join(sql.Identifier("b", column) for column in columns),
    )
    return [key for (key,) in warehouse.execute(query)]


def _columns(warehouse: Connection, fact: str) -> list[str]:
    found = warehouse.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 "
        "and not attisdropped and attname <> all(%s) order by attnum",
        [f"dwh_facts.{fact}", list(STAMPS)],
    )
    return [name for (name,) in found]


def _key(fact: str) -> sql.Identifier:
    return sql.Identifier(f"{fact.removeprefix('fait_').removesuffix('s')}_id")
