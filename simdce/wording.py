"""Numbers as people read them, never finer than their error."""

from __future__ import annotations

from math import floor, isfinite, log10

from simdce.metrics import Estimate

MINUS, UNKNOWN = "−", "–"
_SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def money(dollars: float, error: float = 0.0) -> str:
    """Dollars, minus sign first, with a scale: −$1.24M, $480k, $0; three digits, fewer where the error is larger."""
    if not isfinite(dollars):
        return UNKNOWN
    dollars = _no_finer(dollars, error)
    if abs(dollars) < 0.5:
        return "$0"
    size, sign = abs(dollars), MINUS if dollars < 0 else ""
    for scale, letter in _SCALES:
        if size >= 0.9995 * scale:
            digits = max(0, min(2, _decimals(error / scale), 2 - floor(log10(size / scale) + 1e-12)))
            return f"{sign}${size / scale:.{digits}f}{letter}"
    return f"{sign}${size:.0f}"


def percent(share: float, error: float = 0.0, digits: int = 1) -> str:
    """A share as a percentage: 26.1%, or 26% where the error is larger than a tenth of a point."""
    if not isfinite(share):
        return UNKNOWN
    digits = max(0, min(digits, _decimals(100 * error)))
    text = f"{100 * share:.{digits}f}%"
    return text.replace("-", MINUS) if float(text[:-1]) != 0 else text.lstrip("-")


def with_error(estimate: Estimate, unit: str) -> str:
    """A figure and its standard error in its unit: "$1.2M ± 100k" or "26.1% ± 0.4%"; an error is never shown as 0."""
    if not isfinite(estimate.value):
        return UNKNOWN
    value, error = estimate.value, estimate.standard_error
    rounded = _no_finer(error, error)
    if unit == "dollars" and 0 < error < 1 and abs(value) < 1e3:  # cents count
        digits = max(2, _decimals(error))
        return f"{MINUS if round(value, digits) < 0 else ''}${abs(value):.{digits}f} ± {rounded:.{digits}f}"
    if unit == "dollars":
        return f"{money(value, error)} ± {money(rounded, error).replace('$', '')}"
    digits = max(1, min(4, _decimals(100 * error))) if error > 0 else 1
    return f"{percent(value, error)} ± {percent(rounded, error, digits)}"


def heads(estimate: Estimate) -> str:
    """A number of people and its standard error, in whole people: "12,680 ± 20"; without the error where it is 0."""
    if not isfinite(estimate.value):
        return UNKNOWN
    value, error = (
        _no_finer(each, max(estimate.standard_error, 1.0)) for each in (estimate.value, estimate.standard_error)
    )
    return f"{value:,.0f}" + (f" ± {max(error, 1.0):,.0f}" if estimate.standard_error > 0 else "")


def people(count: float) -> str:
    """A panel size to two or three digits, as far as an interpolated size means anything: 13,600."""
    return f"{_no_finer(count, 10 ** (floor(log10(count)) - 1)):,.0f}" if count > 0 else "0"


def _decimals(error: float) -> int:
    """Decimals that an error leaves meaningful; many when there is no error."""
    return 9 if error <= 0 or not isfinite(error) else max(0, -floor(log10(error)))


def _no_finer(value: float, error: float) -> float:
    if error <= 0 or not isfinite(error):
        return value
    step = 10.0 ** floor(log10(error))
    if step <= 1e-15 * abs(value) or step == 0:  # an error of rounding, not of simulation
        return value
    return round(value / step) * step
