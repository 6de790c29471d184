"""What the report reads of the marts, of some zones or of all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import LiteralString

from sigeti_dwh.errors import UserError
from sigeti_dwh.readers.published import PublishedMarts, Row


@dataclass(frozen=True)
class Publication:
    """Of when its data are, the day that its marts took for today, and when it was made."""

    data_of: datetime
    today: date
    since: datetime


class Reading:
    """The marts, of the zones given or of all that their reader sees."""

    def __init__(
        self, marts: PublishedMarts, zones: Sequence[int] = (), login: str | None = None
    ) -> None:
        self.zones = list(zones)
        self._marts = marts
        self._login = login

    def has(self, mart: str, *columns: str) -> bool:
        """Tell whether a mart is there to be read, with these columns, for the zones wanted."""
        needed = {*columns, "zone_id"} if self.zones else {*columns}
        present = self._marts.columns(mart)
        return bool(present) and needed <= present

    def rows(self, query: LiteralString, **values: object) -> list[Row]:
        """Return the rows of a query in which marts stand as {mart}, and {of_zones} limits them."""
        zones = ", ".join(map(str, self.zones))
        of_zones = f"zone_id in ({zones})" if self.zones else "true"
        return self._marts.rows(query.replace("{of_zones}", of_zones), values)

    def row(self, query: LiteralString, **values: object) -> Row:
        """Return the only row of a query."""
        [row] = self.rows(query, **values)
        return row

    def publication(self) -> Publication:
        """Return which publication the marts are of; raise UserError when there is none."""
        if self._marts.columns("fraicheur"):
            found = self.row(
                """
                select max(donnees_au) as data_of, max(date_reference) as today,
                    max(publie_le) as since
                from {fraicheur}
                """
            )
            if found["today"] is not None:
                return Publication(**found)
        if self._login is None:
            raise UserError("Nothing is published yet.\nMarts come from ./run_pipeline.sh")
        raise UserError(
            f"Nothing is published here that {self._login} may read.\nMarts come from "
            f"./run_pipeline.sh, rights from ./run_pipeline.sh roles --login {self._login}"
        )


def total(rows: Iterable[Row], column: str) -> Decimal:
    """Return the sum of a column, in which null counts as nothing."""
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))
