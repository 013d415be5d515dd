"""Single cells: amounts with dollar signs and commas, flags, and rates that a column prints as percent or fraction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simdce.errors import InputError
from simdce.published.columns import LARGEST_FRACTION
from simdce.published.row import PublishedRate

_BLANK = {"", "-", "--", "–", ".", "*", "n/a", "na", "null"}
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
    negative = text.startswith("(") and text.endswith(")")
    match = _AMOUNT.fullmatch(text[1:-1].strip() if negative else text)
    if match is None or (match[1] and match[2]):
        return None
    size = float((match[3] or "0").replace(",", "") + (match[4] or "") + (f"e{match[5]}" if match[5] else ""))
    return -size if negative or match[1] or match[2] else size


def flag(cell: str) -> bool | None:
    """Yes or no, 1 or 0; None where the cell says neither."""
    return {"1": True, "yes": True, "y": True, "true": True, "0": False, "no": False, "n": False, "false": False}.get(
        cell.strip().lower()
    )


@dataclass(frozen=True)
class PublishedRates:
    """How a column prints rates: in percent or as fractions, to how many decimals of a fraction, None if exact."""

    percent: bool
    decimals: int | None

    @classmethod
    def of(cls, quantity: str, cells: Sequence[tuple[str, str, str]]) -> PublishedRates:
        """From every cell of the column (place, heading, text): a percent sign or a number above one means percent.

        The longest cell gives the decimals, since programs drop trailing zeros. Raises InputError for what is no
        rate and for a column that is neither, such as a minimum savings rate of 0.5.
        """
        numbers, decimals, signed = [], 0, False
        for place, heading, text in cells:
            if word(text) is None or text.strip().lower() == _REPORTING_ONLY:
                continue
            number = amount(text.strip().removesuffix("%"))
            if number is None or number < 0.0 or number > 100.0:
                raise InputError("is not a rate", where=place, key=heading.strip(), value=text.strip())
            signed = signed or text.strip().endswith("%")
            decimals = max(decimals, _decimals(text.strip().removesuffix("%").lower()))
            numbers.append((number, place, heading, text))
        percent = signed or any(number > 1.0 for number, *_ in numbers)
        for number, place, heading, text in numbers:
            mixed = signed and number != 0.0 and not text.strip().endswith("%")
            if mixed or (not percent and number > LARGEST_FRACTION[quantity]):
                problem = "has no percent sign, others of its column have" if mixed else "neither percent nor fraction"
                raise InputError(problem, where=place, key=heading.strip(), value=text.strip())
        if not decimals and not percent:
            return cls(percent, None)  # only noughts and ones: whether quality was reported, not a rounded score
        return cls(percent, max(decimals + 2 if percent else decimals, _FEWEST_DECIMALS))

    def at(self, cell: str) -> PublishedRate | None:
        """The rate in a cell of the column; None where it says nothing."""
        if word(cell) is None:
            return None
        if cell.strip().lower() == _REPORTING_ONLY:
            return PublishedRate(1.0)
        number = amount(cell.strip().removesuffix("%"))
        if number is None:
            return None
        half_unit = 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals
        # divided, not multiplied by 0.01: 1.5% must be the double that 0.015 is
        return PublishedRate(number / 100 if self.percent else number, half_unit)


def _decimals(text: str) -> int:
    mantissa, _, exponent = text.partition("e")
    return max(len(mantissa.partition(".")[2]) - int(exponent or 0), 0)
