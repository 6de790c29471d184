"""What depends on an object: marts and dashboards by dbt, views of others by the catalogue."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from sigeti_dwh.settings import ROOT

MANIFEST = ROOT / "target" / "manifest.json"
VIEWS = """
with recursive dependents as (
    select to_regclass(%s)::oid as oid
    union
    select r.ev_class
    from dependents d
    join pg_depend p on p.refobjid = d.oid and p.classid = 'pg_rewrite'::regclass
    join pg_rewrite r on r.oid = p.objid
)
select format('%%I.%%I', n.nspname, c.relname)
from dependents d
join pg_class c on c.oid = d.oid
join pg_namespace n on n.oid = c.relnamespace
where d.oid <> to_regclass(%s)
order by 1
"""


def depending_views(connection: psycopg.Connection[Any], name: str) -> list[str]:
    """Return the views, anybody's, that read an object, directly or through others."""
    schema, _, relation = name.partition(".")
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, relation))
    return [view for (view,) in connection.execute(VIEWS, [quoted, quoted])]


def read_manifest(path: Path = MANIFEST) -> Mapping[str, Any]:
    """Return dbt's lineage of the last run; nothing before the first."""
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest


def depending_nodes(manifest: Mapping[str, Any], name: str) -> list[str]:
    """Return the marts and exposures that an object leads to, by name."""
    relation = name.partition(".")[2]
    children = manifest.get("child_map", {})
    reached = {node for node in children if node.split(".")[-1] == relation}
    waiting = list(reached)
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in reached:
                reached.add(child)
                waiting.append(child)
    names = {node.split(".")[-1]: node for node in reached}
    return sorted(
        found
        for found, node in names.items()
        if found != relation and (found.startswith("mart_") or node.startswith("exposure."))
    )
