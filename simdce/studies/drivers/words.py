"""Values of inputs in plain words."""

from __future__ import annotations

from collections.abc import Callable

from simdce.wording import MINUS, percent
from simdce.wording import people as people_as_known

_WORDS: dict[object, str] = {
    True: "yes",
    False: "no",
    "variable": "by size",
    "met": "met",
    "alternative": "only the alternative standard met",
    "not_met": "not met",
}


def share(value: float) -> str:
    """A fraction as a percentage of three digits: 1.4%, 105%."""
    text = f"{100 * value:.3g}" if abs(value) < 1 else f"{100 * value:.4g}"
    return ("0" if float(text) == 0 else text.replace("-", MINUS)) + "%"


def give_or_take(value: float) -> str:
    """A standard deviation: ± 1.2%."""
    return f"± {share(value)}"


def times(value: float) -> str:
    """A factor as what is more or less: 15% less, as assumed, 4% more."""
    change = round(100 * (value - 1.0), 1)
    return "as assumed" if change == 0 else f"{abs(change):g}% {'more' if change > 0 else 'less'}"


def plain(value: float) -> str:
    """A number of two digits."""
    return f"{value:.2g}"


def people(value: float) -> str:
    """People in whole numbers."""
    return f"{value:,.0f}"


def choice(value: object) -> str:
    """What may be elected: yes, no, a word, or a share."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return share(value)
    return _WORDS.get(value, str(value))


def with_error(told: Callable[[float], str], value: float, error: float) -> str:
    """A value found with an error, neither finer than the error."""
    if told is people:
        return f"{people(value)} ± {people_as_known(error)}"
    if told is plain:
        return f"{value:.2f} ± {error:.1g}"
    words = percent(value, error, 2) if told is share else told(value)
    return f"{words} ± {percent(error, error, 4)}"
