"""How fresh each object has to be: `config.meta.monitor` in the dbt YAML.

A folder's in dbt_project.yml holds for the models below it, a model's own comes before it; that of
the source (models/staging/sigeti) is for the copies. Read from these files: dbt is not needed, and
a checkout that dbt has not parsed has thresholds too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT, project_files

PERIODS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Threshold:
    """When an object is too old; None where nothing is demanded."""

    warn_after: timedelta | None = None
    """Age of its last load, or publication, that is worth a warning."""
    error_after: timedelta | None = None
    deadline: time | None = None
    """Time of each working day by which it must have been loaded, or published, that day."""


@cache
def thresholds(root: Path = ROOT) -> dict[str, Threshold]:
    """Return the threshold of each model, snapshot and copy, by its name without schema.

    Raises UserError, naming file and object, for one that cannot be understood.
    """
    project = yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))
    found: dict[str, Threshold] = {}
    for kind in ("models", "snapshots"):
        folders = project.get(kind, {}).get(project["name"], {})
        for path in project_files(root, f"{kind}/**/*.sql"):
            inherited = _of_folders(folders, path.relative_to(root / kind).parts[:-1])
            if inherited:
                found[path.stem] = _threshold(inherited, f"dbt_project.yml, {path.stem}")
        for path in project_files(root, f"{kind}/**/*.yml"):
            for name, own in _declared(yaml.safe_load(path.read_text(encoding="utf-8"))):
                found[name] = _threshold(own, f"{path.relative_to(root)}, {name}")
    return found


def _of_folders(config: Mapping[str, Any], folders: tuple[str, ...]) -> Mapping[str, Any]:
    demanded: Mapping[str, Any] = {}
    for folder in (None, *folders):
        config = config if folder is None else config.get(folder) or {}
        demanded = _monitor(config) or demanded
    return demanded


def _declared(content: Mapping[str, Any] | None) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the demands that a YAML file states for its models, snapshots and source tables."""
    content = content or {}
    declared = []
    for kind in ("models", "snapshots"):
        for one in content.get(kind) or []:
            if own := _monitor(one.get("config") or {}):
                declared.append((one["name"], own))
    for source in content.get("sources") or []:
        whole = _monitor(source.get("config") or {})
        for table in source.get("tables") or []:
            if own := _monitor(table.get("config") or {}) or whole:
                declared.append((table["name"], own))
    return declared


def _monitor(config: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = config.get("meta") or config.get("+meta") or {}
    return meta.get("monitor") or {}


def _threshold(demanded: Mapping[str, Any], where: str) -> Threshold:
    try:
        if unknown := set(demanded) - {"warn_after", "error_after", "deadline"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        deadline = demanded.get("deadline")
        if deadline is not None and not re.fullmatch(r"\d\d:\d\d", str(deadline)):
            raise ValueError(f'a deadline is a quoted time such as "07:00", not {deadline}')
        return Threshold(
            _age(demanded.get("warn_after")),
            _age(demanded.get("error_after")),
            time.fromisoformat(deadline) if deadline else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"The monitor's threshold in {where} cannot be used: {error}.\n"
            'As: monitor: {warn_after: {count: 26, period: hour}, deadline: "07:00"}'
        ) from None


def _age(demanded: Mapping[str, Any] | None) -> timedelta | None:
    if demanded is None:
        return None
    return timedelta(seconds=int(demanded["count"]) * PERIODS[demanded["period"]])
