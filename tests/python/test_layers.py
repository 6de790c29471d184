"""Which layer runs what, and the words for what went wrong: without dbt and without Prefect."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sigeti_dwh.errors import RetryableError, UserError
from sigeti_dwh.night.layers import assign
from sigeti_dwh.night.results import LayerResult, NodeResult, is_passing


def node(resource_type: str, path: str = "", parents: tuple[str, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(
        resource_type=resource_type, original_file_path=path, depends_on_nodes=list(parents)
    )


def test_a_test_runs_with_the_last_layer_it_reads() -> None:
    placed = assign(
        {
            "stg": node("model", "models/staging/a.sql"),
            "dim": node("model", "models/dimensions/a.sql"),
            "fait": node("model", "models/facts/touched/a.sql"),
            "of_a_source": node("test", parents=("source.raw",)),
            "of_nothing": node("test"),
            "between": node("test", parents=("fait", "dim")),
            "backwards": node("test", parents=("dim", "stg")),
            "fraicheur": node("model", "models/publication/a.sql"),
            "analysis": node("analysis", "analyses/a.sql"),
        }
    )
    assert {layer.name: ids for layer, ids in placed.items()} == {
        "staging": ["stg", "of_a_source"],
        "snapshots": [],
        "dimensions": ["dim", "backwards"],
        "facts": ["fait", "between"],
        "marts": ["of_nothing"],
        "publication": ["fraicheur"],
    }


def test_a_model_outside_the_layers_is_refused() -> None:
    with pytest.raises(UserError, match=r"models/stagings/a\.sql.* is in no layer's folder"):
        assign({"model.sigeti_dwh.a": node("model", "models/stagings/a.sql")})


def result(name: str, status: str, message: str = "", kind: str = "model") -> NodeResult:
    return NodeResult(
        f"{kind}.{name}", name, kind, status, 0.25, None, None, message, None, ("fait_ventes",)
    )


@pytest.mark.parametrize(
    ("nodes", "kind", "line"),
    [
        (
            [result("a", "error", "Database Error\n  deadlock detected"), result("b", "skipped")],
            RetryableError,
            "facts: the model a failed: Database Error deadlock detected (in 0.2 s)",
        ),
        (
            [result("a", "error", "deadlock detected"), result("b", "error", "no such column")],
            UserError,
            "facts: the model b failed: no such column (in 0.2 s)",
        ),
        (
            [replace(result("unique", "fail", kind="test"), failures=3, relation="dwh_qualite.u")],
            UserError,
            "facts: the test unique of fait_ventes failed: 3 rows found in 0.2 s, "
            "kept in dwh_qualite.u",
        ),
    ],
)
def test_the_error_of_a_layer(nodes: list[NodeResult], kind: type, line: str) -> None:
    error = LayerResult("facts", tuple(nodes), 1.0).error()
    assert type(error) is kind
    assert str(error).splitlines()[0] == line
    assert len(str(error).splitlines()) <= 3


@pytest.mark.parametrize(
    ("message", "passing"),
    [
        ("canceling statement due to lock timeout", True),
        ("server closed the connection unexpectedly", True),
        ("terminating connection due to administrator command", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  the database system is not yet accepting connections", True),
        ("interblocage (deadlock) détecté", True),
        ("canceling statement due to statement timeout", False),
        ('relation "dwh_facts.fait_ventes" does not exist', False),
        ('new row violates check constraint "connection_check"', False),
        ("No space left on device", False),
    ],
)
def test_what_can_pass_by_waiting(message: str, passing: bool) -> None:
    assert is_passing(message) is passing
