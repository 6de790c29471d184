"""The layers of a night, and which nodes of the dbt project belong to each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sigeti_dwh.errors import UserError


@dataclass(frozen=True)
class Layer:
    """A step of the run: the models of a folder, and the tests that can run once it is built."""

    name: str
    folder: str
    schema: str
    """Where the warehouse keeps what it builds, after the prefix; of marts, one for each subject
    begins so."""


LAYERS = (
    Layer("staging", "models/staging", "staging"),
    Layer("snapshots", "snapshots", "snapshots"),
    Layer("dimensions", "models/dimensions", "dimensions"),
    Layer("facts", "models/facts", "facts"),
    Layer("marts", "models/marts", "preparation"),
    Layer("publication", "models/publication", "marts"),
)


class Node(Protocol):
    """What is asked of a node of dbt's manifest."""

    @property
    def resource_type(self) -> str:
        """Return model, snapshot or test."""

    @property
    def original_file_path(self) -> str:
        """Return the path from the project's folder."""

    @property
    def depends_on_nodes(self) -> list[str]:
        """Return the unique ids of the nodes and sources it reads."""


def assign(nodes: Mapping[str, Node]) -> dict[Layer, list[str]]:
    """Return the unique ids of the models, snapshots and tests of each layer.

    A test runs with the last layer that it reads, so that each runs exactly once a night, and as
    soon as it can: dbt's own indirect selection would run a relation between a fact and a dimension
    twice (eager), or leave out a test between two models that do not depend on each other
    (buildable). A test of sources alone runs with the first layer, one of nothing with the last
    before the publication: what is published has passed every test.

    Raises UserError for a model or snapshot outside the folders of the layers.
    """
    placed: dict[Layer, list[str]] = {layer: [] for layer in LAYERS}
    position: dict[str, int] = {}
    for unique_id, node in nodes.items():
        if node.resource_type in ("model", "snapshot", "seed"):
            position[unique_id] = _folder(unique_id, node)
            placed[LAYERS[position[unique_id]]].append(unique_id)
    for unique_id, node in nodes.items():
        if node.resource_type == "test":
            placed[LAYERS[_last(node.depends_on_nodes, position)]].append(unique_id)
    return placed


def _folder(unique_id: str, node: Node) -> int:
    for number, layer in enumerate(LAYERS):
        if node.original_file_path.startswith(f"{layer.folder}/"):
            return number
    raise UserError(
        f"{unique_id} ({node.original_file_path}) is in no layer's folder.\n"
        f"Move it into one of {', '.join(layer.folder for layer in LAYERS)}."
    )


def _last(parents: Iterable[str], position: Mapping[str, int]) -> int:
    return max((position.get(parent, 0) for parent in parents), default=len(LAYERS) - 2)
