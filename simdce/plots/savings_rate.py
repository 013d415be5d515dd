"""The law of the measured savings rate, with the gate marked and each part named by what it brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simdce.plots.style import INK, NOTHING, OWES, PAID, PAPER, SMALL, TEXT, FloatArray, axes, spread
from simdce.wording import percent

_BINS = 44
"""Bars at most; fewer years make fewer and wider ones."""
_TAIL = 0.002
"""Share of years left outside the frame on either side."""


def savings_rate_law(
    rates: FloatArray,
    net: FloatArray,
    *,
    minimum_savings: Sequence[float] = (),
    minimum_losses: Sequence[float] = (),
    observed: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How often each measured savings rate happens, and what it brings: paid, nothing moves, or owing.

    ``rates`` (fraction of benchmark) and ``net`` (dollars, negative when owing) are simulated years of the same shape.
    ``minimum_savings`` and ``minimum_losses``: rates (fractions; losses below zero) at which money begins to move, one
    for each that the years have. ``observed``: rates that happened, by name, marked on the axis. The
    areas are what the simulated years were, not what the gate suggests.
    """
    ax = axes(ax)
    points, moved = 100.0 * np.ravel(rates), np.ravel(net)
    gates = [100.0 * gate for gate in (*minimum_savings, *minimum_losses)]
    happened = {name: 100.0 * rate for name, rate in (observed or {}).items()}
    edges = _edges(points, gates)
    widths = np.diff(edges)
    base = np.zeros(len(widths))
    parts = (
        ("owes", moved < 0, OWES, "////"),
        ("nothing moves", moved == 0, NOTHING, ""),
        ("paid", moved > 0, PAID, ""),
    )
    for _, part, colour, hatch in parts:
        heights = np.histogram(points[part], edges)[0] / len(points) / widths
        ax.stairs(base + heights, edges, baseline=base, fill=True, facecolor=colour, edgecolor="white", hatch=hatch)
        base = base + heights
    top = float(base.max())
    ax.set_ylim(0.0, 1.45 * top)
    left, right = np.quantile(points, (_TAIL, 1.0 - _TAIL))
    margin = 0.04 * (right - left) + 0.1
    marked = (*gates, *happened.values(), 0.0)
    ax.set_xlim(min(left, *marked) - margin, max(right, *marked) + margin)
    _name_parts(ax, points, parts, top)
    _mark_gates(ax, minimum_savings, minimum_losses, top)
    _mark_observed(ax, happened, top)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(9, integer=True, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:+.0f}%".replace("-", "−") if value else "0")
    ax.set_xlabel("measured savings rate, share of benchmark", fontsize=TEXT, color=INK)
    return ax


def _edges(points: FloatArray, gates: Sequence[float]) -> FloatArray:
    """Edges of the bars over all points, with an edge at every gate so that no bar lies across one."""
    left, right = np.quantile(points, (_TAIL, 1.0 - _TAIL))
    bars = min(_BINS, max(12, round(2 * len(points) ** (1 / 3))))
    step = max((right - left) / bars, 1e-3)
    regular = np.arange(np.floor(points.min() / step), np.ceil(points.max() / step) + 2) * step
    apart = [edge for edge in regular if all(abs(edge - gate) > 0.3 * step for gate in gates)]
    found: FloatArray = np.union1d(apart, [gate for gate in gates if points.min() < gate < points.max()])
    return found


def _name_parts(ax: Axes, points: FloatArray, parts: Sequence[tuple[str, np.ndarray, str, str]], top: float) -> None:
    seen = [(name, points[part], colour) for name, part, colour, _ in parts if part.any()]
    low, high = ax.get_xlim()
    room = high - low
    middles = [float(np.median(found)) for _, found, _ in seen]
    places = spread(middles, 0.24 * room, low + 0.1 * room, high - 0.1 * room)
    for place, (name, found, colour) in zip(places, seen, strict=True):
        words = f"{name}\n{percent(len(found) / len(points), 0.01)}"
        ax.text(place, 1.06 * top, words, ha="center", va="bottom", fontsize=TEXT, fontweight="bold",
                color=INK if colour == NOTHING else colour, linespacing=1.1, zorder=5,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0})  # fmt: skip


def _mark_observed(ax: Axes, happened: Mapping[str, float], top: float) -> None:
    for number, (name, rate) in enumerate(happened.items()):
        height = (0.07 + 0.11 * number) * top
        ax.plot([rate, rate], [0.0, height], color=INK, linewidth=1.2, zorder=6)
        ax.plot([rate], [height], marker="v", color=INK, markersize=6, zorder=6)
        ax.annotate(f"{name}: {percent(rate / 100.0)}", (rate, height), (6, 2), textcoords="offset points",
                    fontsize=SMALL, fontweight="bold", color=INK, zorder=7, parse_math=False,
                    bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.85})  # fmt: skip


def _mark_gates(ax: Axes, savings: Sequence[float], losses: Sequence[float], top: float) -> None:
    if not any(savings) and not any(losses):
        ax.axvline(0.0, ymax=0.93, color=INK, linewidth=1.0)
        ax.text(0.0, 1.35 * top, "no minimum: the first dollar counts", ha="center", va="bottom", fontsize=SMALL)
        return
    ax.axvline(0.0, ymax=0.69, color=INK, linewidth=0.6)
    for gates, word, side in ((savings, "minimum savings", "left"), (losses, "minimum loss", "right")):
        for gate in gates:
            ax.axvline(100 * gate, ymax=0.93, color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
        if gates:
            named = " to ".join(_rate(gate) for gate in sorted({abs(min(gates)), abs(max(gates))}))
            nudge = 0.012 * (ax.get_xlim()[1] - ax.get_xlim()[0]) * (1 if side == "left" else -1)
            edge = max(gates) if side == "left" else min(gates)
            ax.text(100 * edge + nudge, 1.35 * top, f"{word} {named}", ha=side, va="bottom", fontsize=SMALL)


def _rate(gate: float) -> str:
    """A gate as rules print it: 2%, 2.71%."""
    return f"{100 * gate:.2f}".rstrip("0").rstrip(".") + "%"
