"""The three years of the page on one line of dollars, with nothing marked."""

from __future__ import annotations

from simdce.metrics import Estimate

_WIDTH, _HEIGHT, _MARGIN = 640, 34, 12


def line_of_years(worst: Estimate, typical: Estimate, good: Estimate, *, told: str) -> str:
    """An SVG drawing: a bar from the worst to the good year, other colours below nothing; ``told`` names it."""
    values = [worst.value, typical.value, good.value]
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0

    def at(dollars: float) -> float:
        return round(_MARGIN + (dollars - low) / span * (_WIDTH - 2 * _MARGIN), 1)

    middle = _HEIGHT / 2
    parts = [
        f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{middle}" y2="{middle}" class="axis"/>',
        _bar(at(min(values)), at(min(0.0, max(values))), "below", middle) if min(values) < 0 else "",
        _bar(at(max(0.0, min(values))), at(max(values)), "above", middle) if max(values) > 0 else "",
        f'<line x1="{at(0.0)}" x2="{at(0.0)}" y1="4" y2="{_HEIGHT - 4}" class="nothing"/>',
        *(_dot(at(value), value, middle) for value in values),
    ]
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{told}">{"".join(parts)}</svg>'


def _bar(left: float, right: float, side: str, middle: float) -> str:
    return f'<rect x="{left}" y="{middle - 5}" width="{round(right - left, 1)}" height="10" class="{side}"/>'


def _dot(x: float, value: float, middle: float) -> str:
    side = "below" if value < 0 else "above" if value > 0 else "none"
    return f'<circle cx="{x}" cy="{middle}" r="7" class="{side} dot"/>'
