"""Which objects a look is about, by layer and name; names that nothing has are refused."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.objects import MEASURED

SHOWN = 3


@dataclass(frozen=True)
class Selection:
    """The layers and the patterns of names that were asked for; none of either is all."""

    layers: Sequence[str] = ()
    names: Sequence[str] = ()

    @property
    def is_all(self) -> bool:
        """Tell whether nothing is left out."""
        return not self.layers and not self.names

    def has(self, layer: str, name: str) -> bool:
        """Tell whether an object of a layer, named with its schema, is asked for."""
        patterns = self.names or ["*"]
        return layer in (self.layers or MEASURED) and any(named(name, one) for one in patterns)

    def require(self, objects: Sequence[tuple[str, str]]) -> None:
        """Raise UserError, with names that are near, for what none of these objects is or has.

        `objects` are all of the warehouse, by layer and name with schema.
        """
        for layer in self.layers:
            if all(layer != known for known, _ in objects):
                raise UserError(f"The layer {layer} is empty.\n./run_pipeline.sh fills it.")
        for name in self.names:
            layers = {layer for layer, known in objects if named(known, name)}
            if not layers:
                raise UserError(unknown_name(name, [known for _, known in objects]))
            if self.layers and layers.isdisjoint(self.layers):
                raise UserError(
                    f"{name} is in {' and '.join(sorted(layers))}, "
                    f"not in {' or '.join(self.layers)}.\nLeave --layer out."
                )


def named(name: str, pattern: str) -> bool:
    """Tell whether a name with its schema, or without, is a pattern's; * is for any text."""
    return any(fnmatch.fnmatchcase(one, pattern) for one in (name, name.partition(".")[2]))


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Return the message for a name that nothing has: which are near, and where all are."""
    near = near_names(name, known)
    told = f" Near: {', '.join(near)}." if near else ""
    return f"Nothing is named {name!r}.{told}\npython3 monitor_dwh.py --all shows every name."


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the names most like one, without their schemas unless it has one."""
    names = {
        one.casefold(): one
        for full in known
        for one in ([full] if "." in name else [full.partition(".")[2] or full])
    }
    asked = "".join(letter for letter in name if letter.isprintable() and letter not in "*?[]")
    asked = asked.strip().casefold()
    within = [names[one] for one in sorted(names) if asked and asked in one]
    alike = [names[one] for one in get_close_matches(asked, names, SHOWN)]
    return list(dict.fromkeys([*alike, *within]))[:SHOWN]
