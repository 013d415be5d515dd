"""Is it 15,000? The exact chances of reward and of penalty against the size of the panel, by what is really saved.

The first performance year of each arrangement, with the world-level shocks that remain when true savings are known,
and without any. No simulation, hence no error of it; what the law leaves out of an arrangement is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce.exact import exact_model
from simdce.scenario import Scenario
from simdce.studies.exact_chance import ExactChances, Outcome
from simdce.studies.pgp_groups import ARRANGEMENT, YEARS, groups, mean_people, remarked_size, share_of_years_paid
from simdce.wording import percent

FloatArray = NDArray[np.float64]

SMALLEST, LARGEST, PER_DECADE = 300, 1_000_000, 6
SAVINGS = (0.0, 0.01, 0.02, 0.03)
OUTCOMES: tuple[Outcome, ...] = ("paid", "owing")
CLIFF = 2.0
"""A change over one doubling of the panel this many times that over the next would be a cliff."""


@dataclass(frozen=True)
class ChancesBySize:
    """Chances of one arrangement; ``with_shocks`` and ``without`` are (outcome, true savings, size).

    ``names``: what the arrangement is called; ``left_out``: what the law does not know of it; ``approximate``: about
    what missing terms would move a chance at each size; (size,).
    """

    arrangement: str
    rule: str
    sizes: tuple[int, ...]
    savings: tuple[float, ...]
    with_shocks: FloatArray
    without: FloatArray
    left_out: tuple[str, ...]
    approximate: FloatArray

    def paid(self, saved: float, size: float) -> float:
        """Chance of a reward with shocks, linear in the log of the size between those computed."""
        row = self.with_shocks[0, self.savings.index(saved)]
        return float(np.interp(np.log(size), np.log(self.sizes), row))

    def record(self) -> dict[str, Any]:
        """The curves as JSON has them."""
        return {
            "arrangement": self.arrangement,
            "panel_sizes": list(self.sizes),
            "left_out": list(self.left_out),
            "approximate": self.approximate.tolist(),
            "curves": [
                {"outcome": outcome, "true_savings": saved, "shocks": shocks, "chances": found[at, row].tolist()}
                for shocks, found in ((True, self.with_shocks), (False, self.without))
                for at, outcome in enumerate(OUTCOMES)
                for row, saved in enumerate(self.savings)
            ],
        }


def panel_sizes() -> tuple[int, ...]:
    """Sizes even on a log scale, 15,000 with its half and its double, and every step where a rule changes with size."""
    count = round(np.log10(LARGEST / SMALLEST) * PER_DECADE) + 1
    even = np.geomspace(SMALLEST, LARGEST, count).round().astype(int)
    asked = remarked_size()
    steps = (1_000, 3_000, 4_999, 5_000, 100_000, asked // 2, asked, 2 * asked, 59_999, 60_000)
    return tuple(sorted({*(int(size) for size in even), *steps}))


def chances_by_size(
    scenario: Scenario,
    arrangements: Sequence[str] | None = None,
    *,
    sizes: Sequence[int] | None = None,
    savings: Sequence[float] = SAVINGS,
    complete: bool = False,
    most: int | None = None,
) -> list[ChancesBySize]:
    """The chances of the scenario's arrangements (by key; default all) over panel sizes and true savings.

    With ``complete`` only of those that the law leaves nothing out of; of no more than ``most``, the first.
    """
    chances = ExactChances(scenario, model=exact_model(scenario))
    chosen = panel_sizes() if sizes is None else tuple(sizes)
    found: list[ChancesBySize] = []
    for choice in scenario.arrangements:
        if arrangements is not None and choice.key not in arrangements:
            continue
        if len(found) == most:
            break
        left_out = chances.left_out(choice.key, years=(0,))
        if complete and left_out:
            continue

        def table(shocks: tuple[str, ...], key: str = choice.key) -> FloatArray:
            return np.array([
                [[chances.chance(key, outcome, saved, size, 0, shocks=shocks) for size in chosen] for saved in savings]
                for outcome in OUTCOMES
            ])  # fmt: skip

        found.append(
            ChancesBySize(
                choice.key,
                choice.name,
                chosen,
                tuple(savings),
                table(chances.shocks),
                table(()),
                left_out,
                np.array([chances.handful(choice.key, size) for size in chosen]),
            )
        )
    return found


def sentences(found: ChancesBySize, name: str | None = None) -> list[str]:
    """What the curves of one arrangement say to a practice: whether 15,000 is a cliff, and what decides."""
    asked = remarked_size()
    half, twice = asked // 2, 2 * asked
    called = found.arrangement if name is None else name
    none, most = found.savings[0], found.savings[-1]
    at = {saved: [found.paid(saved, size) for size in (half, asked, twice)] for saved in (none, most)}
    doubled = max(abs(each[2] - each[1]) for each in at.values())
    cliff = "is no cliff" if _gradual(found) else "is a cliff"
    size = f"{asked:,}"
    return [
        f"{size} people {cliff}: under {called} a group that saves nothing is rewarded by luck in "
        f"{percent(at[none][0], digits=0)} of years at {half:,} people, {percent(at[none][1], digits=0)} at {size} and "
        f"{percent(at[none][2], digits=0)} at {twice:,}, and one that saves {100 * most:g}% earns its reward in "
        f"{percent(at[most][0], digits=0)}, {percent(at[most][1], digits=0)} and {percent(at[most][2], digits=0)}.",
        f"What decides is what is really saved, not the size: at {size} people {100 * most:g}% of cost lifts the "
        f"chance of a reward by {100 * (at[most][1] - at[none][1]):.0f} points, while twice the people moves it by "
        f"{100 * doubled:.0f} at most.",
    ]


def anecdote(found: ChancesBySize) -> str:
    """What the ten groups of the demonstration show beside the law; for the curves of its own rule."""
    share, size = share_of_years_paid(), round(mean_people())
    rates = [found.paid(saved, size) for saved in found.savings]
    known = [group for group in groups() if group.people is not None]
    told = " and ".join(f"{group.name} ({group.people:,})" for group in known)
    matching = float(np.interp(share, rates, found.savings)) if rates[0] <= share <= rates[-1] else None
    law = "" if matching is None else f", what the law gives at true savings of {percent(matching)}"
    return (
        f"The ten groups of the demonstration averaged {size:,} people and were paid in {percent(share, digits=0)} of "
        f"their {YEARS * len(groups())} group-years{law}. Sizes were found for {told} only: so few groups of about one "
        f"size cannot show a threshold."
    )


def is_demonstration(found: ChancesBySize) -> bool:
    """Whether the curves are those of the rule that the ten groups were under."""
    return found.rule == ARRANGEMENT


def _gradual(found: ChancesBySize) -> bool:
    """Whether chances of a reward change over the doublings next to 15,000 about as over the next ones."""
    asked = remarked_size()
    sizes = [asked / 4, asked / 2, asked, 2 * asked, 4 * asked]
    moved = np.array([np.abs(np.diff([found.paid(saved, size) for size in sizes])) for saved in found.savings])
    return bool(moved[:, 1:3].max() <= CLIFF * moved[:, [0, 3]].max())


def document(found: Sequence[ChancesBySize]) -> dict[str, Any]:
    """Curves, groups and sentences as one JSON document."""
    return {
        "laws": [each.record() for each in found],
        "groups": [
            {"name": each.name, "people": each.people, "years_paid": each.years_paid, "dollars": list(each.dollars)}
            for each in groups()
        ],
        "sentences": {each.arrangement: sentences(each) for each in found},
        "demonstration": [anecdote(each) for each in found if is_demonstration(each)],
    }
