"""The cheapest way to hold an amount in layers, each dollar with one instrument: an exact optimum, not a search.

An instrument costs so much a year for each dollar held ready and so much for each dollar drawn. A dollar at height x
is drawn as often as losses exceed x, ever more seldom the higher it stands, so instruments dear to draw stand above
those cheap to draw, and the cost is convex in the heights where one gives way to the next. At the optimum every
instrument is unused, at its limit or in between; for each such pattern the heights follow one by one from where the
slope of the cost turns, and the cheapest pattern that fits is the optimum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CENT = 0.01


@dataclass(frozen=True)
class Priced:
    """An instrument: a year's cost of each dollar held, cost of each dollar drawn, and the most that can be had.

    ``on_top``: it stands above all others whatever it costs, as a stop-loss does.
    """

    name: str
    holding: float
    drawing: float
    limit: float = np.inf
    on_top: bool = False


@dataclass(frozen=True)
class Layer:
    """A layer of dollars from ``bottom`` to ``top`` held by one instrument; yearly cost of holding and of drawing."""

    instrument: str
    bottom: float
    top: float
    holding: float
    drawing: float

    @property
    def cost(self) -> float:
        """Dollars a year."""
        return self.holding + self.drawing


class Draws:
    """How often and how deep losses draw on what is held: ``amounts`` of equal weight, ``times`` of each a year."""

    def __init__(self, amounts: FloatArray, times: float) -> None:
        self._sorted = np.sort(np.maximum(np.ravel(amounts), 0.0))
        self._beyond = np.concatenate([np.cumsum(self._sorted[::-1])[::-1], [0.0]])
        self._times = times / len(self._sorted)

    def drawn(self, bottom: float, top: float) -> float:
        """Dollars a year that are drawn from the layer between two heights."""
        return float(self.excess(np.array(bottom)) - self.excess(np.array(top)))

    def heights(self, low: float, high: float) -> FloatArray:
        """Amounts drawn that lie strictly between two heights, rising."""
        first = int(np.searchsorted(self._sorted, low, side="right"))
        return self._sorted[first : int(np.searchsorted(self._sorted, high, side="left"))]

    def excess(self, heights: FloatArray) -> FloatArray:
        """Dollars a year that are drawn beyond each height."""
        first = np.searchsorted(self._sorted, heights, side="right")
        return np.asarray((self._beyond[first] - (len(self._sorted) - first) * heights) * self._times)


def cheapest_layers(amount: float, instruments: Sequence[Priced], draws: Draws) -> tuple[Layer, ...]:
    """The layers, lowest first, that hold ``amount`` dollars at the least yearly cost; none for an amount of zero.

    Exact where nothing that must stand on top is cheaper to draw than what stands below it; otherwise the layers are
    the best of all patterns tried. Raises ValueError where all limits together are less than the amount.
    """
    if amount <= 0:
        return ()
    ordered = sorted(instruments, key=lambda each: (each.on_top, each.drawing, each.holding))
    found = [_layers(ordered, widths, draws) for widths in _candidates(amount, ordered, draws)]
    if not found:
        raise ValueError("the limits together are less than the amount")
    return min(found, key=lambda layers: sum(layer.cost for layer in layers))


def _candidates(amount: float, ordered: Sequence[Priced], draws: Draws) -> Iterator[list[float]]:
    """Widths of every pattern of unused, full and partly used instruments that fits."""
    patterns = product(*(("unused", "between", "full") if p.limit < amount else ("unused", "between") for p in ordered))
    for pattern in patterns:
        partly = [number for number, state in enumerate(pattern) if state == "between"]
        if not partly:
            continue
        full = [p.limit if state == "full" else 0.0 for p, state in zip(ordered, pattern, strict=True)]
        bottom, ends = sum(full[: partly[0]]), []
        for low, high in pairwise(partly):
            between = [number for number in range(low + 1, high) if pattern[number] == "full"]
            ends.append(_turn(amount, ordered, (low, *between, high), draws))
        ends.append(amount - sum(full[partly[-1] :]))
        widths = list(full)
        for number, (low, end) in enumerate(zip(partly, ends, strict=True)):
            widths[low] = end - bottom
            if number + 1 < len(partly):
                bottom = end + sum(full[low : partly[number + 1]])
        if all(-1e-9 <= width <= p.limit + 1e-9 for width, p in zip(widths, ordered, strict=True)):
            yield [max(width, 0.0) for width in widths]


def _turn(amount: float, ordered: Sequence[Priced], chain: Sequence[int], draws: Draws) -> float:
    """Where the first of a chain of instruments ends at the least cost, those between the first and last being full.

    The cost is made of straight pieces that meet where one of the chain's boundaries passes an amount drawn.
    """
    offsets = np.cumsum([0.0, *(ordered[number].limit for number in chain[1:-1])])
    dearer = [ordered[above].drawing - ordered[below].drawing for below, above in pairwise(chain)]
    saved = ordered[chain[-1]].holding - ordered[chain[0]].holding
    room = amount - float(offsets[-1])
    if room <= 0:
        return 0.0
    ends = np.unique(np.concatenate([[0.0, room], *(draws.heights(o, room + o) - o for o in offsets)]))
    cost = sum(d * draws.excess(ends + o) for d, o in zip(dearer, offsets, strict=True)) - saved * ends
    return float(ends[int(np.argmin(cost))])


def _layers(ordered: Sequence[Priced], widths: Sequence[float], draws: Draws) -> tuple[Layer, ...]:
    found, bottom = [], 0.0
    for priced, width in zip(ordered, widths, strict=True):
        if width >= CENT:
            drawn = draws.drawn(bottom, bottom + width)
            found.append(Layer(priced.name, bottom, bottom + width, priced.holding * width, priced.drawing * drawn))
        bottom += width
    return tuple(found)
