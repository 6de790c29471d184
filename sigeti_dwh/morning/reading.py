"""What the report reads of the marts, of some zones or of all."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import LiteralString

from sigeti_dwh.errors import UserError
from sigeti_dwh.readers.published import PublishedMarts, Row


class Reading:
    """The marts, of the zones given or of all that their reader sees."""

    def __init__(self, marts: PublishedMarts, zones: Sequence[int] = ()) -> None:
        self.zones = list(zones)
        self._marts = marts

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

    def publication(self) -> tuple[datetime, date]:
        """Return of when the data are, and the day that the marts took for today.

        Raises UserError when nothing is published.
        """
        if self._marts.columns("fraicheur"):
            found = self.row(
                "select max(donnees_au) as data_of, max(date_reference) as today from {fraicheur}"
            )
            if found["today"] is not None:
                return found["data_of"], found["today"]
        raise UserError(
            "Nothing is published here that this login may read.\n"
            "Marts come from ./run_pipeline.sh, rights from ./run_pipeline.sh roles --login NAME."
        )


def total(rows: Iterable[Row], column: str) -> Decimal:
    """Return the sum of a column, in which null counts as nothing."""
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))
