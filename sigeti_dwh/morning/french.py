"""Numbers, amounts and days as a French reader writes them."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

SPACE = "\u202f"
NOTHING = "–"
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"),
    *("septembre", "octobre", "novembre", "décembre"),
)


def number(value: Decimal | int | None, digits: int = 0) -> str:
    """Return a number with narrow spaces and a comma: 1 234 567,8."""
    if value is None:
        return NOTHING
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(rounded):,}".replace(",", SPACE).replace(".", ",")
    return f"−{text}" if rounded < 0 else text


def amount(value: Decimal | int | None) -> str:
    """Return an amount with its currency, which has no cents."""
    return NOTHING if value is None else f"{number(value)}{SPACE}FCFA"


def percentage(value: Decimal | None) -> str:
    """Return a share given in percent."""
    return NOTHING if value is None else f"{number(value, 1)}{SPACE}%"


def share(part: Decimal | int | None, whole: Decimal | int | None) -> str:
    """Return a part of a whole in percent."""
    if part is None or not whole:
        return NOTHING
    return percentage(100 * Decimal(part) / Decimal(whole))


def change(now: Decimal | int | None, before: Decimal | int | None) -> str:
    """Return by how much a figure grew, in percent of what it was, with its sign."""
    if now is None or not before:
        return NOTHING
    grown = 100 * (Decimal(now) - before) / Decimal(before)
    return f"+{percentage(grown)}" if grown > 0 else percentage(grown)


def capitalised(word: str | None) -> str:
    """Return a word as a cell begins with it: commission interne is Commission interne."""
    return word[0].upper() + word[1:] if word else NOTHING


def day(value: date | None) -> str:
    """Return a day in words: 30 novembre 2026."""
    if value is None:
        return NOTHING
    first = "1er" if value.day == 1 else str(value.day)
    return f"{first} {MONTHS[value.month - 1]} {value.year}"


def short_day(value: date | None) -> str:
    """Return a day in digits: 30/11/2026."""
    return NOTHING if value is None else f"{value:%d/%m/%Y}"


def month(value: date) -> str:
    """Return a month in words: novembre 2026."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def minute(value: datetime) -> str:
    """Return a moment to the minute, in UTC, which Abidjan keeps."""
    return f"{day(value.date())} à {value:%H:%M}"
