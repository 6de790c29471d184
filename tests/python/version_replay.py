"""Type 2 history by its rules alone: the states that the nights saw, replayed one after another."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import yaml

BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass
class Version:
    """What an attribute set was, since when by the source's clock or by our observation."""

    values: tuple[Any, ...]
    changed_at: datetime | None
    """By the source's clock, None when that cannot be: later than our observation, or unknown."""
    dated_by_source: bool
    observed: tuple[datetime, datetime]
    """Between which two moments the version was first seen."""
    living: bool = True


@dataclass
class Replay:
    """The versions that a type 2 dimension must have."""

    staging: str
    dimension: str
    key: str
    columns: tuple[str, ...]
    versions: dict[int, list[Version]] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Path, snapshot: str) -> "Replay":
        """Replay what a snapshot of the project watches."""
        declared = yaml.safe_load((project / "snapshots/_snapshots.yml").read_text())["snapshots"]
        config = next(entry["config"] for entry in declared if entry["name"] == snapshot)
        subject = snapshot.removeprefix("snap_")
        return cls(
            f"stg_{subject}", f"dim_{subject}", config["unique_key"], tuple(config["check_cols"])
        )

    def observe(self, warehouse: psycopg.Connection[Any], since: datetime, until: datetime) -> None:
        """Take the state that a night saw between two moments."""
        seen = {
            key: (tuple(values), changed_at)
            for key, changed_at, *values in warehouse.execute(
                f"select {self.key}, modifie_le, {', '.join(self.columns)} "  # type: ignore[arg-type]
                f"from dwh_staging.{self.staging}"
            )
        }
        for key, (values, changed_at) in seen.items():
            known = self.versions.setdefault(key, [])
            if known and known[-1].living and known[-1].values == values:
                continue
            if known:
                known[-1].living = False
            if changed_at is not None and changed_at > until:
                changed_at = None
            later = changed_at is not None and all(
                changed_at > (version.changed_at or version.observed[1]) for version in known
            )
            known.append(Version(values, changed_at, later, (since, until)))
        for key, known in self.versions.items():
            if key not in seen:
                known[-1].living = False

    def differences(self, warehouse: psycopg.Connection[Any]) -> list[str]:
        """Return how the dimension differs from the replay."""
        found: dict[int, list[tuple[Any, ...]]] = {}
        for key, *row in warehouse.execute(
            f"select {self.key}, valid_from, valid_to, is_current "  # type: ignore[arg-type]
            f"from dwh_dimensions.{self.dimension} where {self.key} <> -1 "
            f"order by {self.key}, numero_version"
        ):
            found.setdefault(key, []).append(tuple(row))
        lines = [f"{self.dimension}: {key} is not known" for key in found.keys() - self.versions]
        for key, versions in self.versions.items():
            lines += [
                f"{self.dimension}, {self.key} {key}: {line}"
                for line in _differences(versions, found.get(key, []))
            ]
        return lines


def _differences(versions: list[Version], rows: list[tuple[Any, ...]]) -> list[str]:
    if len(versions) != len(rows):
        return [f"{len(rows)} versions for {len(versions)} states"]
    lines = []
    latest = BEGINNING
    for number, (version, (valid_from, valid_to, is_current)) in enumerate(
        zip(versions, rows, strict=True)
    ):
        if number == 0:
            first = last = BEGINNING
        elif version.dated_by_source and version.changed_at is not None:
            first = last = max(latest, version.changed_at)
        else:
            first, last = (max(latest, moment) for moment in version.observed)
        if not first <= valid_from <= last:
            lines.append(f"version {number + 1} begins {valid_from}, not {first} to {last}")
        following = rows[number + 1][0] if number + 1 < len(rows) else None
        if following is not None and valid_to != following:
            lines.append(f"version {number + 1} ends {valid_to}, the next begins {following}")
        if is_current != version.living or (following is None and is_current != (valid_to is None)):
            lines.append(f"version {number + 1} is_current {is_current}, living {version.living}")
        latest = valid_from
    return lines
