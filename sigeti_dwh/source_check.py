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


@dataclass(frozen=True)
class SourceShape:
    """What the source's catalogue says of the tables that the load reads.

    `fingerprints` maps each table to a text that changes when its values can have changed without
    any row being written: an enum value renamed, a column dropped and added again.
    """

    fingerprints: dict[str, str]
    unknown: list[str]


def check_columns(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> SourceShape:
    """Compare the source with the allow-list; `unknown` has a line for each table's new columns.

    Raises UserError that names the first table, column, expected and found type that do not fit,
    and how many more there are.
    """
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    names = [table.name for table in tables]
    for table_name, column, *shape in source.execute(CATALOGUE, [names]):
        found.setdefault(table_name, {})[column] = tuple(shape)
    problems = [line for table in tables for line in _problems(table, found.get(table.name))]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(
            f"The source does not fit: {problems[0]}{more}.\n"
            "Nothing was changed. Adapt models/staging/__sources.yml to the source's new schema."
        )
    return SourceShape(
        {
            table.name: repr([(name, found[table.name][name]) for name in sorted(table.columns)])
            for table in tables
        },
        [
            f"{table.name}: new columns at the source, ignored: {', '.join(sorted(unknown))}"
            for table in tables
            if (unknown := found[table.name].keys() - table.columns.keys() - table.ignored)
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
