"""What creating and advancing share: the scratch schema of SQL functions, the SQL files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

# Referenced tables first.
TABLES = (
    "users",
    "operateurs",
    "domaines_activites",
    "zones_industrielles",
    "entreprises",
    "entreprise_domaines",
    "lots",
    "demandes_attribution",
    "demande_attribution_lots",
    "historique_demandes",
    "collectes",
    "collecte_zones",
    "types_agents",
    "agents",
    "collecte_agents",
    "collecte_entreprises",
    "factures",
    "detail_factures",
    "paiement_factures",
    "suivis_implantation",
    "etapes_suivi_implantation",
    "conventions",
    "commissaires_justice",
    "type_infractions",
    "workflow_infractions",
    "workflow_infractions_conventions",
    "impenses",
    "detenteurs",
    "indemnisations",
    "paiements_indemnisation",
    "retrait_lots",
    "retrait_Conventions",
    "types_incident",
    "statuts_incident",
    "sinistres",
)

# Their key is that of the two rows they join: they have no id.
BRIDGES = ("collecte_zones", "collecte_agents")


def run_file(
    connection: Connection, name: str, parameters: Mapping[str, Any] | None = None
) -> None:
    """Run a SQL file of this folder, its {names} replaced by literals when there are parameters."""
    text = sql.SQL((Path(__file__).parent / name).read_text(encoding="utf-8"))
    if parameters is None:
        connection.execute(text)
    else:
        literals = {key: sql.Literal(value) for key, value in parameters.items()}
        connection.execute(text.format(**literals))


def scalar(connection: Connection, query: str | sql.Composed, values: Sequence[Any] = ()) -> Any:
    """Return the only value of a query."""
    row = connection.execute(sql.SQL(query) if isinstance(query, str) else query, values).fetchone()
    assert row is not None
    return row[0]


def prepare_session(connection: Connection) -> None:
    """Make times UTC and settings those of a bulk load until the transaction ends."""
    connection.execute(
        "set local timezone = 'UTC';"
        "set local search_path = public, sigeti_demo;"
        "set local work_mem = '64MB';"
        "set local maintenance_work_mem = '256MB';"
        "set local jit = off"
    )


@contextmanager
def scratch_schema(
    connection: Connection, *, seed: int, sizes: Mapping[str, int]
) -> Iterator[None]:
    """Make the schema sigeti_demo of SQL functions, and drop it before the transaction ends."""
    run_file(connection, "functions.sql", {"seed": seed, "sizes": json.dumps(sizes)})
    yield
    connection.execute("drop schema sigeti_demo cascade")
