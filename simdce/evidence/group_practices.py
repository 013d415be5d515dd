"""The Physician Group Practice demonstration replayed by chance: who would have been paid, how often, how much."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from simdce import arrangements
from simdce.evidence.row import Cell, Computed
from simdce.metrics import Estimate, mean
from simdce.scenario import Scenario, build_scenario
from simdce.studies.payment import Lived
from simdce.worlds import SHOCKS, PanelYears, simulate

WORLDS, SEED = 2_000, 2005

_ARRANGEMENT = "pgp_demonstration"
_PRICE_YEAR = 2014
"""The earliest calibrated cost level and mix; savings rates hardly depend on them."""

_SIZES = (15_000, 22_000, 29_000, 32_000)


def groups_paid(cell: Cell) -> Computed:
    """How many of the groups are paid in any or all of some years."""
    asked = cell.inputs
    paid = _earned(asked)[:, asked["first"] - 1 : asked["last"]] > 0
    events = paid.all(axis=1) if asked["paid"] == "all" else paid.any(axis=1)
    chance, count = float(events.mean()), asked["groups"]
    happened = round(cell.figure)
    exactly = float(binom.pmf(happened, count, chance))
    as_far = _as_far(binom.pmf(np.arange(count + 1), count, chance), happened)
    spread = float(np.sqrt(count * chance * (1.0 - chance)))
    note = (
        f"one group: {chance:.0%}; chance of just {happened} of {count}: {exactly:.1%}, "
        f"of counts no likelier than that, it included: {as_far:.0%}"
    )
    return Computed(count * chance, spread, "spread of outcomes", note)


def years_paid(cell: Cell) -> Computed:
    """How many of the first years a group is paid in, and the chance of just the years that were."""
    happened = np.array(cell.inputs["pattern"])
    paid = _earned(cell.inputs)[:, : len(happened)] > 0
    exactly = float((paid == happened).all(axis=1).mean())
    number = paid.sum(axis=1)
    counts = np.bincount(number, minlength=len(happened) + 1) / len(number)
    each = ", ".join(f"{share:.0%}" for share in paid.mean(axis=0))
    note = (
        f"paid by year in {each}; chance of just those years: {exactly:.1%}, "
        f"of as many: {counts[round(cell.figure)]:.0%}"
    )
    return Computed(float(number.mean()), float(number.std()), "spread of outcomes", note)


def bonus(cell: Cell) -> Computed:
    """Expected dollars earned over expected dollars truly saved."""
    asked = cell.inputs
    lived = _lived(asked["people"], None, asked["true_savings"])
    settled, benchmark = lived.settled(_ARRANGEMENT, shocks=tuple(asked["shocks"]))
    saved = float(benchmark.mean()) * asked["true_savings"]
    found: Estimate = mean(settled.earned.mean(axis=1))
    return Computed(found.value / saved, found.standard_error / saved, "standard error", f"{WORLDS:,} worlds")


def _earned(asked: Mapping[str, Any]) -> NDArray[np.float64]:
    """Dollars earned (world, year) by a group of the cell's size and savings."""
    savings = asked["true_savings"]
    lived = _lived(asked["people"], asked.get("turnover"), tuple(savings) if isinstance(savings, list) else savings)
    return lived.settled(_ARRANGEMENT, shocks=SHOCKS)[0].earned


@cache
def _lived(people: int, turnover: float | None, true_savings: float | tuple[float, ...]) -> Lived:
    sizes = _SIZES if turnover is None else (people,)
    scenario = _scenario(sizes, turnover, true_savings)
    return Lived(scenario, _panels(sizes, turnover), people)


@cache
def _panels(sizes: tuple[int, ...], turnover: float | None) -> PanelYears:
    return simulate(_scenario(sizes, turnover, 0.0))


def _scenario(sizes: tuple[int, ...], turnover: float | None, true_savings: float | tuple[float, ...]) -> Scenario:
    rules = arrangements.load(_ARRANGEMENT)
    last = rules.last_year or rules.first_year
    return build_scenario(
        {
            "title": "Physician Group Practice demonstration",
            "worlds": WORLDS,
            "seed": SEED,
            "panel": {"sizes": list(sizes), "price_year": _PRICE_YEAR},
            "years": {
                "baseline": 1,
                "first_performance_year": rules.first_year,
                "performance": last - rules.first_year + 1,
            },
            "savings": {"true": list(true_savings) if isinstance(true_savings, tuple) else true_savings},
            "turnover": {} if turnover is None else {"annual": turnover},
            "truncation": {"dollars": rules.benchmark["truncation_dollars"].at(None).value},
            "shocks": {"trend_error_sd": 0.0},
            "arrangements": [{"name": _ARRANGEMENT}],
        }
    )


def _as_far(chances: NDArray[np.float64], happened: int) -> float:
    """The chance of all counts that are no likelier than what happened."""
    return float(chances[chances <= chances[happened] * (1.0 + 1e-9)].sum())


GROUPS = {
    "groups_paid": groups_paid,
    "small_groups_paid": groups_paid,
    "years_paid": years_paid,
    "bonus": bonus,
}
