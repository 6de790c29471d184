"""Text laid out for a terminal, whatever the letters: some take two columns, some none."""

import shlex
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

MARK = "..."
INDENT = "  "
GAP = "  "
LEAST_NAME = 24
"""Columns that the first column of a grid keeps, as long as others can be left out for it."""


def printable(text: str) -> str:
    """Return a text with the characters that a terminal would obey, or not show, written out."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def fold(text: str, width: int, most: int | None = None) -> list[str]:
    """Break a text into lines of at most `width` columns; what `most` lines cannot hold is cut."""
    lines = [""]
    for word in text.split(" "):
        while word:
            start = f"{lines[-1]} " if lines[-1].strip() else lines[-1]
            if cell_len(start + word) <= width:
                lines[-1], word = start + word, ""
            elif lines[-1].strip():
                lines.append(INDENT)
            else:
                piece = set_cell_size(word, width - cell_len(start)).rstrip()
                lines[-1], word = start + piece, word[len(piece) :]
    if most and len(lines) > most:
        last = set_cell_size(lines[most - 1], width - len(MARK)).rstrip()
        lines = [*lines[: most - 1], last + MARK]
    return lines


def fold_command(command: str, width: int) -> list[str]:
    """Break a command where the shell allows it; a word that is too long stays whole."""
    lines = [""]
    for word in map(shlex.quote, shlex.split(command)):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width - 2:
            lines[-1] += " \\"
            lines.append(INDENT + word)
        else:
            lines[-1] = longer
    return lines


def shorten(text: str, width: int) -> str:
    """Cut a text to a number of columns, in its middle: both ends tell names apart."""
    if cell_len(text) <= width:
        return text
    kept = width - len(MARK)
    end = text
    while cell_len(end) > kept // 2:
        end = end[1:]
    return f"{set_cell_size(text, kept - kept // 2).rstrip()}{MARK}{end}"


def grid(rows: Sequence[Sequence[str]], width: int, dispensable: Sequence[int] = ()) -> list[str]:
    """Return rows as lines of at most `width` columns: the first cell left, the others right.

    Where the first column gets too narrow, the `dispensable` ones are left out, in that order.
    """
    shown = list(range(1, max(map(len, rows), default=1)))
    widths = {at: max(cell_len(row[at]) for row in rows) for at in shown}
    for at in dispensable:
        if width - sum(len(GAP) + widths[one] for one in shown) < LEAST_NAME:
            shown.remove(at)
    longest = max((cell_len(row[0]) for row in rows), default=0)
    first = min(longest, width - sum(len(GAP) + widths[one] for one in shown))
    return [
        GAP.join(
            [
                set_cell_size(shorten(row[0], first), first),
                *(" " * (widths[at] - cell_len(row[at])) + row[at] for at in shown),
            ]
        ).rstrip()
        for row in rows
    ]
