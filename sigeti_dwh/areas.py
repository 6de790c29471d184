"""The optional subject areas: which there are, which are on, and which files are whose."""

import re
from collections.abc import Mapping
from pathlib import PurePath

from sigeti_dwh.errors import UserError

AREAS = ("boutique", "saas", "courrier", "exploitation")
"""An area is its folders in models, macros, tests and the demo, and its name here."""
LOADS = "_chargements"
"""The table in raw_<area> of its loads."""
RAW = tuple(f"raw_{area}" for area in AREAS)
"""The schemas of the copies of areas."""


def areas_on(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the areas that DWH_AREAS names, in the order of AREAS.

    Raises UserError for a name that is none.
    """
    named = set(re.split(r"[,;\s]+", variables.get("DWH_AREAS", "").strip())) - {""}
    if unknown := sorted(named - set(AREAS)):
        raise UserError(
            f"DWH_AREAS names {', '.join(unknown)}.\nThere are: {', '.join(AREAS)}; none if empty."
        )
    return tuple(area for area in AREAS if area in named)


def source_variable(area: str) -> str:
    """Return the name of the variable that says where the data of an area is."""
    return f"DWH_{area.upper()}_SOURCE"


def area_of(path: str) -> str | None:
    """Return the area that a file of the project belongs to, None of SIGETI's own."""
    return next((part for part in PurePath(path).parts[:-1] if part in AREAS), None)


def unread(on: tuple[str, ...]) -> list[str]:
    """Return the folders of areas that are off, as lines of a .dbtignore."""
    return [f"{area}/" for area in AREAS if area not in on]
