"""What dbt tells of its nodes while they run, as our own events and lines of progress."""

from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Thread
from typing import Any, Self

from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from sigeti_dwh.night.results import UNCHANGED, NodeResult, NodeStart

OnEvent = Callable[[NodeStart | NodeResult], None]
PROGRESS_SECONDS = 20.0


class Watch:
    """Turns what dbt tells of its nodes into ours, and into lines of progress."""

    def __init__(
        self,
        layer: str,
        manifest: Manifest,
        total: int,
        on_event: OnEvent,
        report: Callable[[str], None],
        examples: Callable[[str], str] = lambda relation: "",
        judge: Callable[[NodeResult], NodeResult] = lambda warning: warning,
    ) -> None:
        self.layer, self.manifest, self.total = layer, manifest, total
        self.on_event, self.report, self.examples = on_event, report, examples
        self.judge = judge
        self.running: dict[str, str] = {}
        self.done: dict[str, NodeResult] = {}
        # dbt's threads know nothing of the Prefect run that this one is in.
        self.context = copy_context()
        self.troubles: list[Exception] = []
        self.over = Event()
        self.ticker = Thread(target=self.context.copy().run, args=[self._tick], daemon=True)

    def __enter__(self) -> Self:
        self.ticker.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.ticker.join()
        if self.troubles:
            self.report(f"{self.layer}: not all nodes could be shown ({self.troubles[0]!r})")

    def callback(self, message: EventMsg) -> None:
        """Take one event of dbt, in whatever thread it happens."""
        if message.info.name == "NodeStart":
            node = message.data.node_info
            event = NodeStart(node.unique_id, node.node_name, node.resource_type)
            self.context.copy().run(self._handle, event)
        elif message.info.name == "NodeFinished":
            self.context.copy().run(self._handle, self._finished(message.data))

    def result(self, result: Any) -> NodeResult:
        """Return a node's result, from the list with which dbt ends."""
        node = result.node
        if node.unique_id not in self.done:
            # A defect in one of dbt's threads: no event told of the end.
            self._handle(
                self._node_result(
                    node.unique_id,
                    str(result.status),
                    result.execution_time,
                    result.message,
                    result.adapter_response,
                    result.failures,
                )
            )
        return self.done[node.unique_id]

    def unchanged(self, unique_id: str) -> NodeResult:
        """Return the result of a node that is left out, and tell of it."""
        self._handle(self._node_result(unique_id, UNCHANGED, 0.0, None, {}, None))
        return self.done[unique_id]

    def _finished(self, data: Any) -> NodeResult:
        result = data.run_result
        return self._node_result(
            data.node_info.unique_id,
            result.status,
            result.execution_time,
            result.message,
            dict(result.adapter_response),
            result.num_failures,
        )

    def _node_result(
        self,
        unique_id: str,
        status: str,
        seconds: float,
        message: str | None,
        response: dict[str, Any],
        failures: int | None,
    ) -> NodeResult:
        node = self.manifest.nodes[unique_id]
        is_test = node.resource_type is NodeType.Test
        # PostgreSQL counts no rows for a view: -1.
        rows = int(response.get("rows_affected", -1))
        relation = f"{node.schema}.{node.alias}" if node.relation_name else None
        found = NodeResult(
            unique_id=unique_id,
            name=node.name,
            resource_type=str(node.resource_type),
            status=status,
            seconds=seconds,
            rows_affected=None if is_test or rows < 0 else rows,
            failures=failures if is_test and status in ("pass", "warn", "fail") else None,
            message=message or "",
            relation=relation,
            parents=tuple(parent.rsplit(".", 1)[-1] for parent in node.depends_on_nodes),
            examples=self._examples_of(relation) if is_test and failures and relation else "",
        )
        return self._judged(found) if status == "warn" and relation else found

    def _judged(self, warning: NodeResult) -> NodeResult:
        try:
            return self.judge(warning)
        except Exception as error:
            self.troubles.append(error)
            return warning

    def _examples_of(self, relation: str) -> str:
        try:
            return self.examples(relation)
        except Exception as error:
            self.troubles.append(error)
            return ""

    def _handle(self, event: NodeStart | NodeResult) -> None:
        """Pass an event on; dbt would wait for ever for a node whose thread ended by an error."""
        try:
            if isinstance(event, NodeStart):
                self.running[event.unique_id] = event.name
            else:
                self.running.pop(event.unique_id, None)
                self.done[event.unique_id] = event
                if event.status == "warn" or event.failed:
                    self.report(f"{self.layer}: {event}")
            self.on_event(event)
        except Exception as error:
            self.troubles.append(error)

    def _tick(self) -> None:
        while not self.over.wait(PROGRESS_SECONDS):
            names = ", ".join(sorted(self.running.values())[:3])
            self.report(f"{self.layer}: {len(self.done)} of {self.total} done, now {names}")
