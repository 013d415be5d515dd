"""Single cells: amounts with dollar signs and commas, flags, and rates that a column prints as percent or fraction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simdce.published.columns import LARGEST_FRACTION
from simdce.published.row import PublishedRate

_BLANK = {"", "-", "--", "–", "—", ".", "*", "**", "#", "^", "~", "/", "n/a", "na", "null", "not applicable"}
_NOUGHT = re.compile(r"\$\s*[-–—]")
"""How a spreadsheet prints a nought in dollars."""
_AMOUNT = re.compile(r"(-)?\$?\s*(-)?(\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(\.\d*)?(?:e([+-]?\d{1,2}))?", re.IGNORECASE)
_REPORTING_ONLY = "p4r"
"""A first agreement year that only had to report (pay for reporting) has full quality."""
_FEWEST_DECIMALS = 2
"""No rate is printed to fewer decimals of a fraction; a short column that shows fewer has lost zeros."""


def word(cell: str) -> str | None:
    """The cell without blanks around it; None where it says nothing."""
    text = cell.strip()
    return None if text.lower() in _BLANK else text


def amount(cell: str) -> float | None:
    """The number in a cell; minus may be a sign or parentheses; None where there is none."""
    text = cell.strip().replace("−", "-")
    if _NOUGHT.fullmatch(text):
        return 0.0
    negative = text.startswith("(") and text.endswith(")")
    match = _AMOUNT.fullmatch(text[1:-1].strip() if negative else text)
    if match is None or (match[1] and match[2]):
        return None
    size = float((match[3] or "0").replace(",", "") + (match[4] or "") + (f"e{match[5]}" if match[5] else ""))
    return -size if negative or match[1] or match[2] else size


def flag(cell: str) -> bool | None:
    """Yes or no, 1 or 0, footnote marks apart; None where the cell says neither."""
    return {"1": True, "yes": True, "y": True, "true": True, "0": False, "no": False, "n": False, "false": False}.get(
        cell.strip().rstrip("*^†‡").lower()
    )


@dataclass(frozen=True)
class PublishedRates:
    """How a column prints rates: in percent or as fractions, with percent signs or without, to how many decimals.

    The decimals are those of a fraction, None if exact.
    """

    quantity: str
    percent: bool = False
    signed: bool = False
    decimals: int | None = None

    @classmethod
    def of(cls, quantity: str, cells: Sequence[str]) -> PublishedRates:
        """What most cells of the column are; the longest gives the decimals, as programs drop trailing zeros.

        A rate above the largest fraction is a percentage, whatever its sign: the file of 2013 writes 0.02% for 2%.
        """
        printed = [(text.strip(), number) for text in cells if (number := _rate(text)) is not None]
        telling = [(text, number) for text, number in printed if number > 0.0]
        signed = 2 * sum(text.endswith("%") for text, _ in telling) >= max(len(telling), 1)
        large = sum(number > LARGEST_FRACTION[quantity] for _, number in telling)
        percent = 2 * large > len(telling) or (signed and 0 < 2 * large == len(telling))
        alike = [
            text.removesuffix("%").lower()
            for text, number in printed
            if number == 0.0 or (number > LARGEST_FRACTION[quantity]) == percent
        ]
        decimals = max((_decimals(text) for text in alike), default=0)
        if not decimals and not percent:
            return cls(quantity, percent, signed)  # only noughts and ones: whether quality was reported, not a score
        return cls(quantity, percent, signed, max(decimals + 2 if percent else decimals, _FEWEST_DECIMALS))

    def at(self, cell: str) -> PublishedRate | None:
        """The rate in a cell of the column; None where it says nothing.

        Raises ValueError, with the problem in words, for what is no rate or not printed as the others are.
        """
        if word(cell) is None:
            return None
        if cell.strip().lower() == _REPORTING_ONLY:
            return PublishedRate(1.0)
        number = _rate(cell)
        if number is None:
            raise ValueError("is not a rate")
        if number > 0.0 and self.signed != cell.strip().endswith("%"):
            raise ValueError(f"has {'no' if self.signed else 'a'} percent sign, unlike others of its column")
        if number > 0.0 and self.percent != (number > LARGEST_FRACTION[self.quantity]):
            kinds = ("percentages", "a fraction") if self.percent else ("fractions", "a percentage")
            raise ValueError(f"is {kinds[1]}, others of its column are {kinds[0]}")
        half_unit = 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals
        # divided, not multiplied by 0.01: 1.5% must be the double that 0.015 is
        return PublishedRate(number / 100 if self.percent else number, half_unit)


def _rate(cell: str) -> float | None:
    number = amount(cell.strip().removesuffix("%"))
    return number if number is not None and 0.0 <= number <= 100.0 else None


def _decimals(text: str) -> int:
    mantissa, _, exponent = text.partition("e")
    return max(len(mantissa.partition(".")[2]) - int(exponent or 0), 0)
