"""What depends on an object, and on what it depends: by dbt; views of others by the catalogue."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import psycopg

from sigeti_dwh.monitor.objects import Measure
from sigeti_dwh.settings import MADE

MANIFEST = MADE / "target" / "manifest.json"
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


def newest_changes(manifest: Mapping[str, Any], measures: Iterable[Measure]) -> dict[str, datetime]:
    """Return, per object, the newest change at the source that is in it.

    An object that does not keep that time has the one of what dbt makes it from, at most the time
    when it was made; without lineage, its newest business date. Unknown: it is left out.
    """
    parents = manifest.get("parent_map", {})
    nodes: dict[str, list[str]] = {}
    for node in parents:
        nodes.setdefault(node.split(".")[-1], []).append(node)
    measures = list(measures)
    # A mart in preparation comes before the published one, which has its name.
    known = {one.name.partition(".")[2]: one.source_change for one in measures}

    def inherited(node: str, visited: set[str]) -> list[datetime]:
        changes = []
        for parent in set(parents.get(node, [])) - visited:
            visited.add(parent)
            change = known.get(parent.split(".")[-1])
            changes += [change] if change else inherited(parent, visited)
        return changes

    found = {}
    for one in measures:
        made = one.published or one.loaded
        changes = [
            change if made is None else min(change, made)
            for node in nodes.get(one.name.partition(".")[2], [])
            for change in inherited(node, {node})
        ]
        change = one.source_change or max(changes, default=None)
        if change is None and one.business_date is not None:
            change = datetime.combine(one.business_date, time(), UTC)
        if change is not None:
            found[one.name] = change
    return found
