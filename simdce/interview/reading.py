"""What somebody types, read as people write it: 1,500, $1.5M, 250k, 2%; or one line that says what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from simdce.errors import InputError, nearest_name

Reader = Callable[[str], str]
"""Text as typed to text as it is kept; raises InputError."""

_NUMBER = re.compile(r"\$?\s*(-?\d+(?:\.\d+)?)\s*([kKmM%]?)")
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "%": 1.0}


def number(text: str) -> float | None:
    """A number as people write it, a percentage as the number before its sign; None where it is none."""
    found = _NUMBER.fullmatch(text.replace(",", "").strip())
    return None if found is None else float(found[1]) * _SCALES[found[2].lower()]


def written(value: float) -> str:
    """A number as it is kept and shown: 1,500 or 1.4."""
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"


def between(low: float, high: float, *, whole: bool = False, year: bool = False, word: str | None = None) -> Reader:
    """What reads a number of a range (``year``: kept without a comma), or ``word`` in its place."""

    def told(value: float) -> str:
        return f"{value:.0f}" if year else written(value)

    def read(text: str) -> str:
        if word is not None and text.strip().lower() == word:
            return word
        value = number(text)
        kind = "a whole number" if whole else "a number"
        allowed = f"{kind} from {told(low)} to {told(high)}" + (f", or {word}" if word else "")
        if value is None:
            raise InputError("not a number", value=text, allowed=allowed)
        if whole and value != round(value):
            raise InputError("not a whole number", value=text, allowed=allowed)
        if not low <= value <= high:
            nearest = told(low if value < low else high)
            raise InputError("out of range", value=text, allowed=allowed, nearest=nearest)
        return told(value)

    return read


def one_of(words: Sequence[str]) -> Reader:
    """What reads one of several words, or their beginning where it tells them apart."""

    def read(text: str) -> str:
        typed = text.strip().lower()
        if typed in words:
            return typed
        begun = [word for word in words if typed and word.startswith(typed)]
        if len(begun) == 1:
            return begun[0]
        raise InputError("no such choice", value=text, allowed=", ".join(words), nearest=nearest_name(typed, words))

    return read


def some_of(count: int) -> Reader:
    """What reads numbers of a list of ``count`` items: 1, 3 or "all"."""

    def read(text: str) -> str:
        everything = range(1, count + 1)
        typed = text.replace(",", " ").split()
        if [word.lower() for word in typed] == ["all"]:
            return " ".join(map(str, everything))
        if not typed or any(not word.isdecimal() or int(word) not in everything for word in typed):
            raise InputError("not numbers of the list", value=text, allowed=f"1 to {count}, as in: 1 {count}; or all")
        return " ".join(map(str, sorted({int(word) for word in typed})))

    return read


def shares(text: str) -> str:
    """What reads three percentages that leave a rest, or "typical"."""
    if text.strip().lower() in ("typical", "t"):
        return "typical"
    found = [number(word) for word in text.replace(",", " ").split()]
    known = [value for value in found if value is not None and value >= 0]
    if len(found) != 3 or len(known) != 3 or sum(known) > 100:
        allowed = "typical, or three percentages of at most 100 together, as in: 1 12 8"
        raise InputError("not such shares", value=text, allowed=allowed)
    return " ".join(f"{value:g}" for value in known)
