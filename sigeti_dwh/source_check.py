"""Whether the source has the columns that the load reads, with types it can read."""

from collections.abc import Sequence
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
    format_type(a.atttypid, a.atttypmod) as full_type
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.relkind in ('r', 'p') and c.relname = any(%s)
"""


def check_columns(source: psycopg.Connection[Any], tables: Sequence[SourceTable]) -> list[str]:
    """Compare the source with the allow-list; return a line for each table with unknown columns.

    Raises UserError that names the first table, column, expected and found type that do not fit,
    and how many more there are.
    """
    found: dict[str, dict[str, tuple[str, str]]] = {}
    names = [table.name for table in tables]
    for table_name, column, base, full in source.execute(CATALOGUE, [names]):
        found.setdefault(table_name, {})[column] = (base, full)
    problems = []
    for table in tables:
        if table.name not in found:
            problems.append(f"table public.{table.name} is missing")
            continue
        for column, expected in table.columns.items():
            if column not in found[table.name]:
                problems.append(
                    f"column public.{table.name}.{column} is missing, expected type {expected}"
                )
                continue
            base, full = found[table.name][column]
            if not table.accepts(column, base):
                problems.append(
                    f"column public.{table.name}.{column} has type {full}, expected {expected}"
                )
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(
            f"The source does not fit: {problems[0]}{more}.\n"
            "Nothing was changed. Adapt models/staging/__sources.yml to the source's new schema."
        )
    return [
        f"{table.name}: new columns at the source, ignored: {', '.join(sorted(unknown))}"
        for table in tables
        if (unknown := found[table.name].keys() - table.columns.keys() - table.ignored)
    ]
