"""The dbt project, run inside this process and layer by layer.

The project is parsed once and its manifest given to each command: five commands of their own cost
three times as much (19.5 CPU seconds against 5.6 on a project of this size).
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.dataclass_schema import ValidationError
from dbt_common.events.base_types import EventMsg
from dbt_common.exceptions import DbtBaseException

from sigeti_dwh.areas import area_of
from sigeti_dwh.errors import RetryableError, TimeLimitError, UserError
from sigeti_dwh.load.extreme_values import largest_numbers, longest_texts
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.night.acceptances import Acceptances
from sigeti_dwh.night.engine import States, engine_of
from sigeti_dwh.night.layers import Layer, assign
from sigeti_dwh.night.profiles import profile_variables
from sigeti_dwh.night.results import (
    LARGE,
    LONG,
    LayerResult,
    NodeResult,
    first_lines,
    is_passing,
)
from sigeti_dwh.night.watch import OnEvent, Watch
from sigeti_dwh.settings import MADE, ROOT, Settings
from sigeti_dwh.warehouse.database import refusal
from sigeti_dwh.warehouse.time_limit import TimeLimit

TESTS = ("test.", "unit_test.")


class Project:
    """The dbt project of a folder, with the nodes that a run builds."""

    def __init__(
        self,
        settings: Settings,
        *,
        full_refresh: bool = False,
        full_tests: bool = False,
        all_nodes: bool = False,
        select: str | None = None,
        folder: Path = ROOT,
        report: Callable[[str], None] = print,
        on_layer: Callable[[LayerResult], None] = lambda result: None,
    ) -> None:
        self.settings = settings
        self.full_refresh = full_refresh
        self.engine = engine_of(settings)
        self.tests = self.engine.tests(whole=full_tests)
        # What was asked for by name is done, whether or not there is anything to do.
        asked = full_refresh or full_tests or select is not None
        self.all_nodes = all_nodes or asked
        self.compares = all_nodes and not asked
        self.missed: list[NodeResult] = []
        """What nodes did that had nothing to do, in a run of all of them."""
        self.left_out = False
        """Whether a node of this run had nothing to do."""
        self.select = select
        self.acceptances = Acceptances(folder)
        self.folder = folder
        self.made = MADE if folder == ROOT else folder
        self.report = report
        self.on_layer = on_layer
        self.deadline = time.monotonic() + 60 * settings.night_minutes
        self.manifest: Manifest | None = None
        self.states: States | None = None
        self.nodes: dict[Layer, list[str]] = {}
        """Those of each layer, but for those of optional areas."""
        self.areas: dict[str, dict[Layer, list[str]]] = {}
        """The same of each area that is on."""

    def parse(self) -> None:
        """Read the project and decide which nodes each layer builds.

        Raises UserError for what dbt refuses, and for a selection that matches nothing.
        """
        os.environ.update(profile_variables(self.settings))
        self.engine.keep_connections()
        self.manifest = None
        warnings: list[str] = []

        def keep(event: EventMsg) -> None:
            info: Any = event.info
            if info.level == "warn":
                warnings.append(first_lines(info.msg, 3))

        try:
            self.manifest = self._run("parse", callback=keep)
        except RetryableError:
            raise
        except UserError:
            # What dbt keeps of its last reading can contradict files that changed since.
            warnings.clear()
            self.manifest = self._run("parse", "--no-partial-parse", callback=keep)
        for warning in warnings:
            self.report(f"dbt: {warning}")
        by_area: dict[str | None, dict[str, Any]] = {
            area: {} for area in (None, *self.settings.areas)
        }
        for name, node in self.manifest.nodes.items():
            by_area[area_of(node.original_file_path)][name] = node
        self.nodes = assign(by_area.pop(None))
        self.areas = {area: assign(nodes) for area, nodes in by_area.items() if area}
        self.acceptances.check({node.name for node in self.manifest.nodes.values()})
        self.engine.make_schemas(self.manifest)
        self.states = self.engine.states(self.manifest)
        if self.select is not None:
            selected = self._selected(self.select)
            self.nodes = _only(selected, self.nodes)
            self.areas = {area: _only(selected, nodes) for area, nodes in self.areas.items()}
            if not any(any(nodes.values()) for nodes in (self.nodes, *self.areas.values())):
                raise UserError(
                    f"--select {self.select}: no model, snapshot or test matches.\n"
                    "As in plain dbt: a name (dim_lots), +name, name+, path:models/facts, tag:x."
                )
        for area, layers in ((None, self.nodes), *self.areas.items()):
            kinds = [node.split(".")[0] for nodes in layers.values() for node in nodes]
            tests = kinds.count("test")
            self.report(
                f"{area or 'project'}: {len(kinds) - tests} models and {tests} tests to run"
            )

    def build(
        self, layer: Layer, on_event: OnEvent = lambda event: None, area: str | None = None
    ) -> LayerResult:
        """Build a layer's models and run its tests; `on_event` sees each node start and end.

        Those of an optional `area`, if one is given.

        It is called in dbt's own threads. Raises UserError when a node fails, whose message names
        it; RetryableError when all that failed can pass by waiting, and then it can be called
        again.
        """
        if self.manifest is None:
            self.parse()
        assert self.manifest is not None and self.states is not None
        planned = (self.nodes if area is None else self.areas[area])[layer]
        if not planned:
            return self._reported(LayerResult(layer.name, (), 0.0))
        states = self.states
        due = states.due(planned)
        chosen = [node for node in planned if self.all_nodes or node in due]
        started = time.monotonic()
        # A node is compiled in place, and does not compile twice: after a failure, parse anew.
        manifest, self.manifest = self.manifest, None
        self.tests.limit(manifest.nodes, [node for node in chosen if node.startswith("test.")])
        limit = self._time_limit()
        try:
            with (
                limit,
                Watch(
                    layer.name,
                    manifest,
                    len(chosen),
                    on_event,
                    self.report,
                    self.engine.examples,
                    self._judged,
                ) as watch,
            ):
                nodes = tuple(watch.unchanged(node) for node in planned if node not in chosen)
                nodes += self._built(chosen, manifest, watch)
        except RetryableError:
            # The limit ends whatever is at work, also what dbt asks for itself.
            if limit.expired:
                raise _ended(layer, started) from None
            raise
        result = LayerResult(layer.name, nodes, time.monotonic() - started)
        self.tests.record(result.run)
        states.record(result.run)
        self.left_out = self.left_out or len(result.run) < len(nodes)
        self.missed += [
            node
            for node in result.run
            if self.compares
            and node.unique_id not in due
            and (node.rows_affected or node.status in ("fail", "warn"))
        ]
        self.on_layer(result)
        if limit.expired:
            raise _ended(layer, started)
        if not result.ok:
            raise result.error(self._advice(result, manifest))
        if different := {node.unique_id for node in nodes} ^ set(planned):
            raise AssertionError(f"dbt ran other nodes than those of {layer.name}: {different}")
        self.manifest = manifest
        return self._reported(result)

    def _built(self, chosen: list[str], manifest: Manifest, watch: Watch) -> tuple[NodeResult, ...]:
        if not chosen:
            return ()
        with _tagged(chosen, manifest) as tag:
            outcome = self._run(
                "build",
                *(["--full-refresh"] if self.full_refresh else []),
                *("--exclude-resource-type", "unit_test"),
                *("--indirect-selection", "empty"),
                *("--select", f"tag:{tag}"),
                manifest=manifest,
                callback=watch.callback,
            )
        return tuple(watch.result(result) for result in outcome.results)

    def docs(self) -> Path:
        """Write the documentation as one page and return its path.

        It stays as it is when nodes were left out: the project is that of the page. The nodes that
        were built were compiled then: they are not compiled again.
        """
        page = self.made / "target" / "static_index.html"
        if self.left_out and page.exists():
            self.report(f"documentation: {page} (unchanged)")
            return page
        if self.manifest is None or self.left_out:
            self.parse()
        compiled = [] if self.left_out else ["--no-compile"]
        self._run("docs", "generate", "--static", *compiled, manifest=self.manifest)
        self.report(f"documentation: {page}")
        return page

    def _advice(self, result: LayerResult, manifest: Manifest) -> str | None:
        if (advice := self.engine.advice(result)) is not None:
            return advice
        for words, extremes, kind in (
            (LONG, longest_texts, "longest texts"),
            (LARGE, largest_numbers, "largest numbers"),
        ):
            if nodes := result.failed_by(words):
                found = extremes(self.settings.source, self._read_by(nodes, manifest))
                return f"The {kind} it reads: {found}. Correct them at the source and run again."
        return None

    def _read_by(self, nodes: Iterable[str], manifest: Manifest) -> list[SourceTable]:
        """Return the source tables that some nodes read, however far."""
        above, names = list(nodes), set()
        while above:
            node = above.pop()
            if node.startswith("source."):
                names.add(node.rsplit(".", 1)[-1])
            else:
                above += manifest.nodes[node].depends_on_nodes
        tables = read_source_tables(self.settings.source_schema)
        return [table for table in tables if table.name in names]

    def _judged(self, warning: NodeResult) -> NodeResult:
        """Return a warning with whether its rows are accepted."""
        assert warning.relation is not None
        found = self.engine.fingerprint(warning.relation)
        judgement = self.acceptances.judge(warning.name, found)
        return replace(warning, fingerprint=found, acceptance=judgement)

    def _time_limit(self) -> TimeLimit:
        seconds = min(60 * self.settings.layer_minutes, self.deadline - time.monotonic())
        return TimeLimit(self.engine.end_statements, seconds)

    def _selected(self, selection: str) -> set[str]:
        """Return the nodes of a selection, but no test that compares them with what is left old."""
        assert self.manifest is not None
        words = selection.split()
        # A word that is an option would be one of dbt's.
        for word in words or [selection]:
            if not word or word.startswith("-"):
                raise UserError(
                    f"--select {selection}: {word!r} is no selector.\n"
                    "As in plain dbt: a name (dim_lots), +name, name+, path:models/facts, tag:x."
                )
        found: list[str] = self._run(
            "list",
            *("--output", "json", "--output-keys", "unique_id"),
            *("--exclude-resource-type", "unit_test"),
            *("--select", *words),
            manifest=self.manifest,
        )
        # A selection may hold metrics and semantic models, which nothing builds.
        chosen = {line.split('"')[3] for line in found} & self.manifest.nodes.keys()
        stale = self._built_from(chosen) - chosen
        return {node for node in chosen if stale.isdisjoint(self._inputs(node))}

    def _built_from(self, nodes: set[str]) -> set[str]:
        """Return the models and snapshots built from some nodes, however far."""
        assert self.manifest is not None
        candidates = {node for node in self.manifest.nodes if not node.startswith(TESTS)}
        reached = {node for node in nodes if node in candidates}
        following = reached
        while following:
            following = {
                node
                for node in candidates - reached
                if not following.isdisjoint(self._inputs(node))
            }
            reached = reached | following
        return reached

    def _inputs(self, node: str) -> list[str]:
        assert self.manifest is not None
        inputs: list[str] = self.manifest.nodes[node].depends_on_nodes
        return inputs

    def _reported(self, result: LayerResult) -> LayerResult:
        self.report(str(result))
        return result

    def _run(
        self,
        *command: str,
        manifest: Manifest | None = None,
        callback: Callable[[EventMsg], None] | None = None,
    ) -> Any:
        """Run a dbt command and return its result; failed nodes are in it, not raised."""
        runner = dbtRunner(manifest=manifest, callbacks=[callback] if callback else [])
        outcome = runner.invoke(
            [
                # The console is ours. logs/dbt.log has each node, and why it failed; with debug,
                # each statement too.
                *("--log-level", "none", "--no-use-colors", "--no-use-colors-file"),
                *("--log-level-file", os.environ.get("DBT_LOG_LEVEL_FILE", "info")),
                "--no-send-anonymous-usage-stats",
                *command,
                *("--project-dir", str(self.folder), "--profiles-dir", str(self.made)),
                *("--target-path", str(self.made / "target")),
                *("--log-path", str(self.made / "logs")),
            ]
        )
        if outcome.exception is not None:
            raise self._translated(outcome.exception) from outcome.exception
        return outcome.result

    def _translated(self, error: BaseException) -> BaseException:
        """Return what to raise for an exception that ended a dbt command."""
        if not isinstance(error, DbtBaseException | ValidationError):
            return error
        if "connection to server at" in str(error):
            return refusal(str(error), self.settings.warehouse)
        message = f"dbt: {first_lines(str(error), 3)}\nAll of it: logs/dbt.log"
        return RetryableError(message) if is_passing(str(error)) else UserError(message)


def _only(selected: set[str], layers: dict[Layer, list[str]]) -> dict[Layer, list[str]]:
    return {layer: [node for node in nodes if node in selected] for layer, nodes in layers.items()}


@contextmanager
def _tagged(chosen: list[str], manifest: Manifest) -> Iterator[str]:
    """Tag some nodes while dbt selects them: by names it looks at every node for each of them."""
    tag = "chosen_by_the_night"
    nodes = [manifest.nodes[name] for name in chosen]
    for node in nodes:
        node.tags = [*node.tags, tag]
    try:
        yield tag
    finally:
        for node in nodes:
            node.tags.remove(tag)


def _ended(layer: Layer, started: float) -> TimeLimitError:
    """Return the error of a layer that its time limit ended."""
    return TimeLimitError(
        f"{layer.name} was ended after {(time.monotonic() - started) / 60:.0f} minutes.\n"
        "DWH_LAYER_MINUTES and DWH_NIGHT_MINUTES limit it; what it waited for: "
        "python3 monitor_dwh.py health."
    )
