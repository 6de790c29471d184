"""What is wrong: of which object, how bad, and what depends on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["warning", "critical"]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    level: Level
    object: str
    """The relation, with its schema; or what else it is about."""
    text: str
    french: str
    """The text as the page has it."""
    kind: Literal["access", "freshness", "volume", "schema", "run", "test", "reconciliation"]

    def __str__(self) -> str:
        """Tell it in a line."""
        return f"{self.level.upper()} {self.object}: {self.text}"


def worst(findings: Iterable[Finding]) -> Level | None:
    """Return the worst level found, None when nothing is wrong."""
    levels = {finding.level for finding in findings}
    if "critical" in levels:
        return "critical"
    return "warning" if levels else None
