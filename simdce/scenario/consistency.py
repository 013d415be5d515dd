"""What no table of a scenario can know alone: whether they fit each other and the arrangements they name."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from simdce import arrangements, calibration
from simdce.errors import InputError, nearest_name

if TYPE_CHECKING:
    from simdce.arrangements.in_force import InForce
    from simdce.scenario import ArrangementChoice, Scenario

ROUNDING = 1e-12
ROUNDED_WEIGHTS = 1e-6
MOST_TOTALS = 30_000_000
"""Worlds x panel sizes x years: about 3.5 GB of totals."""


def check_tables(scenario: Scenario) -> None:
    """What no table can know alone; raises InputError with the key to change."""
    years, mix = scenario.years, scenario.mix
    sizes = len(scenario.panel.sizes)
    if scenario.worlds * sizes * years.total > MOST_TOTALS:
        most = f"at most {MOST_TOTALS // (sizes * years.total):,} for {sizes} panel sizes and {years.total} years"
        raise InputError("more than fit into memory", key="worlds", value=scenario.worlds, allowed=most)
    deaths = {**calibration.default("mortality"), **(scenario.turnover.mortality or {})}
    dying = fsum(share * deaths[name] for name, share in mix.items())  # the same last bit in every Python
    if scenario.turnover.annual is not None and scenario.turnover.annual < dying - ROUNDING:
        least = f"at least {dying:.4g}, the share of this panel that dies"
        raise InputError("below deaths", key="turnover.annual", value=scenario.turnover.annual, allowed=least)
    dollars = scenario.truncation.dollars
    if isinstance(dollars, dict):
        for name in mix:
            if mix[name] > 0 and name not in dollars:
                raise InputError("an amount by category needs all of them", key=f"truncation.dollars.{name}")
    _check_observed(scenario)
    against, keys = scenario.questions.comparison.against, [choice.key for choice in scenario.arrangements]
    if against is not None and against not in keys:
        raise InputError(
            "the scenario has no such arrangement",
            key="questions.comparison.against",
            value=against,
            allowed=", ".join(keys),
            nearest=nearest_name(against, keys),
        )
    weights = scenario.benchmark.weights
    if weights is not None and len(weights) != years.baseline:
        raise InputError(
            "one weight for each baseline year, please",
            key="benchmark.weights",
            value=list(weights),
            allowed=f"{years.baseline} weights (years.baseline)",
        )


def _check_observed(scenario: Scenario) -> None:
    years = scenario.years.performance_years
    seen: set[int] = set()
    for number, observed in enumerate(scenario.observed, start=1):
        if observed.year not in years or observed.year in seen:
            raise InputError(
                "observed twice" if observed.year in seen else "not a performance year of this scenario",
                key=f"observed[{number}].year",
                value=observed.year,
                allowed=", ".join(map(str, years)),
            )
        seen.add(observed.year)


def check_arrangement(scenario: Scenario, choice: ArrangementChoice, number: int) -> None:
    """That the arrangement exists, offers what is elected, and finds the baseline years it weighs."""
    key = f"arrangements[{number + 1}]"
    earlier = [other.key for other in scenario.arrangements[:number]]
    if choice.key in earlier:
        other = earlier.index(choice.key) + 1
        raise InputError(f"arrangements[{other}] has this name too", key=f"{key}.label", value=choice.key)
    try:
        rules = arrangements.load(choice.name)
    except InputError as error:
        raise error.within("", f"{key}.name") from error
    try:
        rules.resolve(scenario.years.performance_years, choice.elections)
        rule = rules.in_force(scenario.years.performance_years, choice.elections)
    except InputError as error:
        overridden = error.key in choice.elections.overrides
        raise error.within("", f"{key}.elections{'.overrides' if overridden else ''}") from error
    _check_lists(rule, f"{key}.elections.overrides")
    weights = rule.values("baseline_weights")[0]
    if scenario.benchmark.weights is None and scenario.years.baseline < len(weights):
        raise InputError(
            f"{choice.name} weighs {len(weights)} baseline years",
            key="years.baseline",
            value=scenario.years.baseline,
            allowed=f"{len(weights)} or more, or benchmark.weights of your own",
        )


def _check_lists(rule: InForce, key: str) -> None:
    """That lists which a scenario replaced still fit: weights are a whole, a corridor has one share a band."""
    weights = rule.values("baseline_weights")[0]
    if abs(fsum(weights) - 1.0) > ROUNDED_WEIGHTS:
        raise InputError("these do not add up to 1", key=f"{key}.baseline_weights", value=list(weights))
    name = "retrospective_trend_shares"
    for shares, edges in (
        zip(rule.values(name), rule.values("retrospective_trend_edges"), strict=True) if name in rule else ()
    ):
        if len(shares) != len(edges) + 1:
            raise InputError("one share more than edges", key=f"{key}.{name}", value=list(shares))
