"""Words of the command line that have no meaning on Spark, and whose business each is there."""

from collections.abc import Mapping

from sigeti_dwh.errors import UserError
from sigeti_dwh.spark.server import is_chosen

ELSEWHERE = {
    "roles": "rights are given in its catalog (Ranger, Unity, Polaris) by who runs it",
    "backup": "tables are kept by their storage and Iceberg's snapshots, by who runs it",
    "restore": "a table goes back to a snapshot by Iceberg's rollback_to_snapshot",
    "export": "a spreadsheet is written by the BI tool that reads the marts there",
    "dashboards": "Superset reads the marts there by a connection that you make in it",
    "datasource": "rights are tried by who gives them in its catalog",
}


def refuse_elsewhere(word: str | None, variables: Mapping[str, str]) -> None:
    """Raise UserError for a word that has no meaning where the warehouse is on Spark."""
    if word in ELSEWHERE and is_chosen(variables):
        raise UserError(f"The warehouse is on Spark (DWH_ENGINE): {ELSEWHERE[word]}.")
