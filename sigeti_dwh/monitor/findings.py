"""What is wrong: of which object, how bad, and what depends on it."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["accepted", "warning", "critical"]
ORDER: tuple[Level, ...] = ("critical", "warning", "accepted")
RUN = "./run_pipeline.sh"
LONGEST = 66
"""Letters of a name that fits 80 columns, beside the indent of a command."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; accepted when it counts as fine all the same."""

    level: Level
    object: str
    """The relation, with its schema; or what else it is about."""
    text: str
    french: str
    """The text as the page has it."""
    kind: Literal["access", "freshness", "volume", "schema", "run", "test", "reconciliation"]
    command: str = ""
    """What to type next."""

    def __str__(self) -> str:
        """Tell it in a line."""
        return f"{self.level.upper()} {self.object}: {self.text}"


def monitor(*words: str) -> str:
    """Return the command of the monitor with these words, as a shell takes it.

    A name that no screen holds goes without its schema, which the monitor does without.
    """
    fitting = [word if len(word) <= LONGEST else word.partition(".")[2] for word in words]
    return shlex.join(["python3", "monitor_dwh.py", *fitting])


def worst(findings: Iterable[Finding]) -> Level | None:
    """Return the worst level found, None when nothing is wrong."""
    levels = {finding.level for finding in findings}
    if "critical" in levels:
        return "critical"
    return "warning" if "warning" in levels else None
