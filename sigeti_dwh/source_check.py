"""Whether the source has the columns that the load reads, with types it can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sigeti_dwh.errors import UserError
from sigeti_dwh.source_tables import SourceTable

CATALOGUE = """
select
    c.relname,
    c.oid,
    a.attname,
    case
        when t.typtype = 'e' then 'enum'
        when t.typtype = 'd' then format_type(t.typbasetype, null)
        else format_type(t.oid, null)
    end as base_type,
    format_type(a.atttypid, a.atttypmod) as full_type,
    a.attnum,
    array(select l.enumlabel from pg_enum l where l.enumtypid = t.oid order by l.enumsortorder)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.relkind in ('r', 'p') and c.relname = any(%s)
"""

KEY_INDEXES = """
select c.relname, a.attname
from pg_index i
join pg_class x on x.oid = i.indexrelid
join pg_am m on m.oid = x.relam and m.amname = 'btree'
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
where i.indisvalid and i.indpred is null and c.relname = any(%s)
"""

# Numbers of transactions mean the same only within one server's history: one that was restored, or
# a standby that was promoted, gives the same ones again.
HISTORY = "select system_identifier, timeline_id from pg_control_system(), pg_control_checkpoint()"
HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass(frozen=True)
class SourceShape:
    """What the source's catalogue says of the tables that the load reads.

    `fingerprints` maps each table to a text that changes when its values can have changed while
    its rows kept their versions: an enum value renamed, a column dropped and added again, a table
    or a server restored. `indexed` are the tables with an index that leads to a key. All
    transactions below `horizon` have ended.
    """

    fingerprints: dict[str, str]
    indexed: frozenset[str]
    horizon: int
    remarks: list[str]


def check_columns(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> SourceShape:
    """Compare the source with the allow-list; `remarks` are lines about what is new or missing.

    Raises UserError that names the first table, column, expected and found type that do not fit,
    and how many more there are.
    """
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    names = [table.name for table in tables]
    identifiers: dict[str, int] = {}
    for table_name, identifier, column, *shape in source.execute(CATALOGUE, [names]):
        identifiers[table_name] = identifier
        found.setdefault(table_name, {})[column] = tuple(shape)
    problems = [line for table in tables for line in _problems(table, found.get(table.name))]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(
            f"The source does not fit: {problems[0]}{more}.\n"
            "Nothing was changed. Adapt models/staging/__sources.yml to the source's new schema."
        )
    history = source.execute(HISTORY).fetchone()
    [(horizon,)] = source.execute(HORIZON)
    leading = set(source.execute(KEY_INDEXES, [names]))
    indexed = {table.name for table in tables if (table.name, table.key[0]) in leading}
    return SourceShape(
        {
            table.name: repr(
                (
                    history,
                    identifiers[table.name],
                    [(name, found[table.name][name]) for name in sorted(table.columns)],
                )
            )
            for table in tables
        },
        frozenset(indexed),
        horizon,
        [
            f"{table.name}: new columns at the source, ignored: {', '.join(sorted(unknown))}"
            for table in tables
            if (unknown := found[table.name].keys() - table.columns.keys() - table.ignored)
        ]
        + [
            f"{table.name}: no index on its key, so that few changes cost a scan; its owner can: "
            f"create index concurrently on public.{table.name} ({', '.join(table.key)});"
            for table in tables
            if table.name not in indexed
        ],
    )


def _problems(table: SourceTable, found: dict[str, tuple[Any, ...]] | None) -> Iterator[str]:
    if found is None:
        yield f"table public.{table.name} is missing"
        return
    for column, expected in table.columns.items():
        if column not in found:
            yield f"column public.{table.name}.{column} is missing, expected type {expected}"
        elif not table.accepts(column, found[column][0]):
            full = found[column][1]
            yield f"column public.{table.name}.{column} has type {full}, expected {expected}"
