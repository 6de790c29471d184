"""Which nodes of a layer have something to do: those whose state is not the one they ended well in.

A node's state is a fingerprint of all that decides what it would find: the project's files, the
year, the day where it reads the day, and of itself and of every relation that it reads which very
table that is, its columns and constraints, the SQL that a view has and a table was made by, and the
number of its last change. What has no number of changes has no state: it is always due.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sigeti_dwh.areas import AREAS, LOADS
from sigeti_dwh.night.results import NodeResult
from sigeti_dwh.night.tested_changes import WHOLE_EVERY
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated

FOLLOWED = ("view", "snapshot", "test")
"""Materializations that number what they write, or write nothing; with strategy reconcile."""
NUMBERED = ("sigeti", "sigeti_optional", "reference")
"""Sources whose changes the load numbers."""
MACHINERY = ("macros/changes/", "macros/dbt/", "macros/publication/")
"""Macros that say how a node is built and not what it holds."""
DAY = re.compile(
    r"run_started_at(?!\.year)|current_(date|time)|\blocaltime|\bnow\(|modules\.datetime"
)
UNNUMBERED = re.compile(r"\bpg_|information_schema|dwh_meta|clock_timestamp|\brandom\(|run_query")
CALL = re.compile(r"\b(\w+)\(")

SHAPE = {
    "table": "c.oid",
    "columns": """(
        select string_agg(
            concat_ws(' ', attname, atttypid, atttypmod, attnotnull), ',' order by attnum
        )
        from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
    )""",
    "constraints": """(
        select string_agg(oid::text, ',' order by oid)
        from pg_constraint where conrelid = c.oid and contype <> 'n'
    )""",
    # Another row whenever a view is replaced.
    "view": """(
        select string_agg(concat(oid, xmin), ',' order by oid)
        from pg_rewrite where ev_class = c.oid
    )""",
    "made by": "(select empreinte from dwh_meta.avancement where relation = known.numbered)",
}
"""What tells that a relation is the one that it was."""
RELATIONS = """
select
    known.relation,
    md5(concat_ws(' ', {shape})),
    (select max(numero) from dwh_meta.changements where relation = known.numbered)
from unnest(%s::text[], %s::text[]) as known (relation, numbered)
left join pg_class c on c.oid = to_regclass(known.relation)
"""


@dataclass(frozen=True)
class Relation:
    """A relation of the warehouse at one moment."""

    shape: str
    change: int | None
    """The number of its last change."""


class NodeStates:
    """The states of the nodes of one project; `due` before a layer is built, `record` after."""

    def __init__(self, settings: Settings, manifest: Any) -> None:
        self.warehouse = settings.warehouse
        self.nodes: Mapping[str, Any] = manifest.nodes
        self.sources: Mapping[str, Any] = manifest.sources
        self.macros = {
            macro.name: macro.macro_sql
            for macro in manifest.macros.values()
            if macro.package_name == "sigeti_dwh"
            and not macro.original_file_path.startswith(MACHINERY)
        }
        self.project = _project_version(settings, manifest)
        self.reads = {node: self._read_by(node) for node in self.nodes}
        self.code = {node: self._code_of(node) for node in self.nodes}
        self._before: dict[str, Relation] = {}
        self._change = 0
        self._day = today()

    def look(self, connection: Any) -> None:
        """See what the relations are now, by a connection to the warehouse."""
        self._before = self._relations(connection)
        self._day = today()

    def due(self, planned: Collection[str]) -> set[str]:
        """Return which of some nodes have something to do, or read one that has."""
        with translated(self.warehouse), connect(self.warehouse, unlimited=True) as connection:
            meta.prepare(connection)
            self._change = meta.last_change(connection)
            self.look(connection)
            ended_in = dict(connection.execute("select noeud, etat from dwh_meta.etats"))
            seen_whole = {
                test
                for (test,) in connection.execute(
                    "select test from dwh_meta.essais where entier_le "
                    "between current_timestamp - %s::interval and current_timestamp",
                    [WHOLE_EVERY],
                )
            }
        due: set[str] = set()
        left = list(planned)
        while left:
            found = [
                node
                for node in left
                if not due.isdisjoint(self.reads[node])
                or (node.startswith("test.") and node not in seen_whole)
                or (state := self.state(node)) is None
                or state != ended_in.get(node)
            ]
            if not found:
                break
            due.update(found)
            left = [node for node in left if node not in due]
        return due

    def record(self, results: Iterable[NodeResult]) -> None:
        """Remember the states in which nodes ended well, and forget those of all others that ran.

        None is remembered where somebody else has written meanwhile: it may not have been seen.
        """
        ran = {result.unique_id: result for result in results}
        with translated(self.warehouse), connect(self.warehouse, unlimited=True) as connection:
            after = self._relations(connection)
            written = dict(
                connection.execute(
                    "select relation, count(*) from dwh_meta.changements "
                    "where numero > %s group by relation",
                    [self._change],
                )
            )

            def is_ours(relation: str) -> bool:
                if relation not in ran:
                    return self._before.get(relation) == after.get(relation)
                changes = written.get(self._numbered(relation), 0)
                return changes == 0 or (changes == 1 and bool(ran[relation].rows_affected))

            ended = {
                node: state
                for node, result in ran.items()
                if result.status in ("success", "pass")
                and all(is_ours(relation) for relation in self._seen(node))
                and (state := self._state(node, after)) is not None
            }
            connection.execute(
                "delete from dwh_meta.etats where noeud = any(%s)", [list(ran.keys() - ended)]
            )
            connection.cursor().executemany(
                "insert into dwh_meta.etats as known (noeud, etat) values (%s, %s) "
                "on conflict (noeud) do update set etat = excluded.etat "
                "where known.etat <> excluded.etat",
                list(ended.items()),
            )

    def state(self, node: str) -> str | None:
        """Return the fingerprint of a node's state at the last look; None of one always due."""
        return self._state(node, self._before)

    def _state(self, node: str, relations: Mapping[str, Relation]) -> str | None:
        code = self.code[node]
        seen = self._seen(node)
        if code is None or any(relation not in relations for relation in seen):
            return None
        # The calendar ends with the year.
        day = self._day if DAY.search(code) else self._day.year
        parts = [self.project, str(day)]
        # A view holds no rows, which could have changed.
        only_shape = self._is_view(node)
        parts += [
            repr((name, relations[name].shape if only_shape else relations[name])) for name in seen
        ]
        return hashlib.md5("\n".join(parts).encode()).hexdigest()

    def _seen(self, node: str) -> list[str]:
        own = [] if node.startswith("test.") else [node]
        return own + self.reads[node]

    def _read_by(self, node: str) -> list[str]:
        """Return what a node reads, and through views what these read."""
        reads: set[str] = set()
        left = list(self.nodes[node].depends_on_nodes)
        while left:
            parent = left.pop()
            if parent not in reads:
                reads.add(parent)
                if self._is_view(parent):
                    left += self.nodes[parent].depends_on_nodes
        return sorted(reads)

    def _code_of(self, node: str) -> str | None:
        """Return the code that says what a node holds; None of one whose work is not followed."""
        reads = self.reads[node]
        sources = [self.sources[name] for name in reads if name in self.sources]
        above = [self.nodes[name] for name in reads if name in self.nodes]
        followed = all(_is_followed(one) for one in (self.nodes[node], *above))
        numbered = self._is_view(node) or all(
            one.source_name in NUMBERED or (one.source_name in AREAS and one.name != LOADS)
            for one in sources
        )
        if not (reads and followed and numbered):
            return None
        views = [self.nodes[name].raw_code for name in reads if self._is_view(name)]
        code = self._with_macros("\n".join([self.nodes[node].raw_code, *views]))
        if self.nodes[node].config.get("touched_when_due"):
            code += "\nrun_started_at"
        return None if UNNUMBERED.search(code) else code

    def _is_view(self, name: str) -> bool:
        return name in self.nodes and self.nodes[name].config.materialized == "view"

    def _with_macros(self, code: str) -> str:
        """Return code with that of the project's macros that it calls, however far.

        By their names: dbt does not note those of a branch that it does not enter while it parses.
        """
        left, read = set(CALL.findall(code)), set[str]()
        while left:
            name = left.pop()
            for form in (name, f"default__{name}", f"postgres__{name}"):
                if form in self.macros and form not in read:
                    read.add(form)
                    code += "\n" + self.macros[form]
                    left.update(CALL.findall(self.macros[form]))
        return code

    def _numbered(self, name: str) -> str:
        """Return the name under which a relation's changes are numbered."""
        if name in self.sources:
            known = self.sources[name]
            if known.source_name in AREAS:
                return f"{known.schema}.{known.name}"
            return str(known.name)
        node = self.nodes[name]
        return f"{node.schema}.{node.alias}"

    def _relations(self, connection: Any) -> dict[str, Relation]:
        relations = {
            name: (f'"{known.schema}"."{identifier}"', self._numbered(name))
            for name, known in (*self.sources.items(), *self.nodes.items())
            if not name.startswith("test.")
            for identifier in [known.identifier if name in self.sources else known.alias]
        }
        found = {
            relation: Relation(shape, change)
            for relation, shape, change in connection.execute(
                RELATIONS.format(shape=", ".join(SHAPE.values())),
                [
                    [relation for relation, _ in relations.values()],
                    [numbered for _, numbered in relations.values()],
                ],
            )
        }
        return {name: found[relation] for name, (relation, _) in relations.items()}


def today() -> date:
    """Return the day of dbt's clock."""
    return datetime.now(UTC).date()


def _is_followed(node: Any) -> bool:
    kind = node.config.materialized
    return kind in FOLLOWED or node.config.get("incremental_strategy") == "reconcile"


def _project_version(settings: Settings, manifest: Any) -> str:
    """Return a fingerprint of the project's files, its variables and where it builds."""
    state = manifest.state_check
    parts = [
        *sorted(f"{name} {file.checksum.checksum}" for name, file in manifest.files.items()),
        *sorted(f"{name} {known.checksum}" for name, known in state.project_hashes.items()),
        state.vars_hash.checksum,
        repr(sorted(manifest.env_vars.items())),
        f"{settings.schema} {settings.one_database}",
    ]
    return hashlib.md5("\n".join(parts).encode()).hexdigest()
