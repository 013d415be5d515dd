"""Does size matter? What the result says about 15,000 people, under which no group once seemed able to earn a bonus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, log2

from simdce.metrics import Estimate
from simdce.plots.viability import SEED_SIZE
from simdce.report.laws import Law
from simdce.report.names import listed
from simdce.report.verdict import average_year
from simdce.run import Answers
from simdce.studies.viability import INTERVAL_Z
from simdce.wording import percent

_NEAR = 2.5
"""Sizes within this factor of 15,000 say something about it."""


@dataclass(frozen=True)
class _Change:
    """Change of a chance per doubling of the panel between two neighbouring sizes."""

    below: int
    above: int
    per_doubling: float
    standard_error: float

    @property
    def near(self) -> bool:
        """Whether the step touches or spans 15,000."""
        return self.below <= SEED_SIZE <= self.above


def size_passage(answers: Answers, law: Law) -> list[str]:
    """Sentences on the claim about 15,000 people, from one arrangement's chances over the panel sizes simulated."""
    sizes = [size for size in answers.panels.panel_sizes if size >= (law.admitted_from or 0)]
    around = [size for size in sizes if SEED_SIZE / _NEAR <= size <= SEED_SIZE * _NEAR]
    if not any(size < SEED_SIZE for size in around) or not any(size > SEED_SIZE for size in around):
        return [
            "A speaker of 2011 held that no group under 15,000 people seemed able to earn a bonus. This run cannot "
            "judge that: it needs simulated panels (of admitted size) on both sides of 15,000. "
            "Add, say, 7500, 10000, 15000, 20000 and 30000 to panel.sizes.",
            _removable(law.panel_size, average_year(answers, law.keys[0], law.panel_size, "removable_variance")),
        ]

    def over(metric: str) -> dict[int, Estimate]:
        return {size: average_year(answers, law.keys[0], size, metric) for size in sizes}

    paid, false, missed, removable = (
        over(metric) for metric in ("chance_paid", "chance_false_reward", "chance_missed_reward", "removable_variance")
    )
    shown = _chosen(sizes)
    at = min(around, key=lambda size: abs(log2(size / SEED_SIZE)))
    return [
        "A speaker of 2011 held that no group under 15,000 people seemed able to earn a bonus. "
        + _earners(paid, law, shown),
        f"With no true savings {law.spoken} would still be paid in {_along(false, shown)}: false rewards. "
        f"With the true savings assumed it goes unpaid in {_along(missed, shown)}: missed rewards.",
        _cliff({"false rewards": _changes(false), "missed rewards": _changes(missed)}),
        _removable(at, removable[at]),
    ]


def _removable(size: int, share: Estimate) -> str:
    kept = percent(max(0.0, 1 - share.value), 0.01)
    return (
        f"At {size:,} people a larger panel could still remove {percent(share.value, 0.01)} of the variance of a "
        f"year's savings rate; {kept} stays whatever the size."
    )


def _chosen(sizes: Sequence[int]) -> list[int]:
    """At most five of the sizes: the ends, and those nearest to 15,000, half and twice of it."""
    wanted = (sizes[0], SEED_SIZE / 2, SEED_SIZE, 2 * SEED_SIZE, sizes[-1])
    return sorted({min(sizes, key=lambda size: abs(log2(size / want))) for want in wanted})


def _along(chances: dict[int, Estimate], sizes: Sequence[int]) -> str:
    told = [f"{percent(chances[size].value, max(0.01, chances[size].standard_error))} at {size:,}" for size in sizes]
    return f"{told[0].replace(' at ', ' of years at ')}, {listed(told[1:])}" if len(told) > 1 else told[0]


def _earners(paid: dict[int, Estimate], law: Law, shown: Sequence[int]) -> str:
    under = [size for size in paid if size < SEED_SIZE]
    at = min(paid, key=lambda size: abs(log2(size / SEED_SIZE)))
    least = min(under, key=lambda size: paid[size].value)
    told = f"Here {law.spoken} is paid in {_along(paid, shown)}"
    if paid[least].value > 0.5 * paid[at].value:
        told += ": smaller groups earn bonuses too."
    else:
        told += f": at {least:,} less than half as often as at {at:,}, so the speaker's impression is no surprise."
    first, last = min(paid), max(paid)
    fall = paid[first].value - paid[last].value
    if fall > INTERVAL_Z * hypot(paid[first].standard_error, paid[last].standard_error):
        told += (
            " A larger panel is paid less often: on average the savings assumed do not reach what the contract asks "
            "for, and size makes that average more certain."
        )
    return told


def _changes(chances: dict[int, Estimate]) -> list[_Change]:
    found = []
    for below, above in pairwise(sorted(chances)):
        doublings = log2(above / below)
        error = hypot(chances[below].standard_error, chances[above].standard_error) / doublings
        found.append(_Change(below, above, (chances[above].value - chances[below].value) / doublings, error))
    return found


def _cliff(changes: dict[str, list[_Change]]) -> str:
    """Whether any chance changes faster next to 15,000 than everywhere else, beyond its error."""
    told, cliffs = [], []
    for name, steps in changes.items():
        near = max((step for step in steps if step.near), key=lambda step: abs(step.per_doubling))
        far = max((abs(step.per_doubling) for step in steps if not step.near), default=None)
        size = f"{100 * abs(near.per_doubling):.0f}"
        told.append(
            f"{name} change by {size} points at most" + ("" if far is None else f" (elsewhere up to {100 * far:.0f})")
        )
        if far is not None and abs(near.per_doubling) > far + INTERVAL_Z * near.standard_error:
            cliffs.append(name)
    sentence = f"Per doubling of the panel next to 15,000, {listed(told)}"
    if any(all(step.near for step in steps) for steps in changes.values()):
        return sentence + ": with no other sizes to compare, whether that is a cliff stays open."
    if cliffs:
        return sentence + f": {listed(cliffs)} change faster there than anywhere else on this grid."
    return sentence + ": 15,000 is no cliff, the chances change gradually."
