"""How many people each world has in each performance year under a plan, and how they came and went.

Practices join in a January with all their people. People who sign (voluntary alignment) come by quarters. Those lost
in a year leave at its end; a share of them is replaced at once. A year's people are those of its four quarters on
average. All that is uncertain is drawn once for every world, whatever the plan, so that plans differ by what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simdce.errors import InputError
from simdce.growth import draws
from simdce.growth.defaults import default
from simdce.growth.draws import FloatArray, People, binomial_quantile, split
from simdce.population import causes
from simdce.scenario import Scenario
from simdce.scenario.growth import Growth, GrowthPlan, JoiningPractice, LeavingPractice, Outreach
from simdce.worlds import uniforms

QUARTERS = 4
VISITS = "lost_plurality"
"""The cause of leaving that does not touch those who chose the entity themselves."""


@dataclass(frozen=True)
class PeopleByYear:
    """The people of every world under one plan; int64, axes (world, performance year) unless said otherwise.

    ``listed``: people of the practices on the list, as they joined, whose past makes the benchmark; ``aligned`` and
    ``voluntary``: people in January, by their practice and by their own choice; ``signed``: during the year;
    ``people``: of the year, on average over its quarters; ``joined`` and ``withdrawn``: in January, with their
    practices; ``left``: by the end of the year (world, performance year, cause); ``replaced``: how many of their places
    are taken next January.
    """

    plan: str
    causes: tuple[str, ...]
    listed: People
    aligned: People
    voluntary: People
    signed: People
    people: People
    joined: People
    withdrawn: People
    left: People
    replaced: People

    @property
    def voluntary_share(self) -> FloatArray:
        """Of a year's people those who chose the entity themselves; (world, performance year)."""
        return np.asarray((self.people - self.aligned) / np.maximum(self.people, 1))


def growth_of(scenario: Scenario) -> Growth:
    """The scenario's table; raises InputError where it has none."""
    if scenario.growth is None:
        raise InputError("the scenario has no growth", key="growth")
    return scenario.growth


def replaced_share(growth: Growth) -> float:
    """Share of those lost whose places are taken by newly aligned people."""
    return float(default("replaced") if growth.replaced is None else growth.replaced)


def people_by_year(scenario: Scenario, plan: GrowthPlan, *, one_more: bool = False) -> PeopleByYear:
    """The paths of one plan, with or without one more practice; the scenario must have growth."""
    growth, worlds, years = growth_of(scenario), scenario.worlds, scenario.years.performance
    lost = causes(scenario)
    joined = _joined(scenario, plan, one_more=one_more)
    taken_off = _moved(scenario, growth.leaving, draws.WITHDRAWS, [True] * len(growth.leaving))
    signed, by_quarter = _signed(scenario, growth.outreach if plan.outreach else None)
    replaced, rates = replaced_share(growth), np.array(list(lost.values()))
    stays = _stays(growth.outreach, lost)
    own_choice = rates * (np.array(list(lost)) != VISITS)
    aligned, voluntary, withdrawn, new = (np.zeros((worlds, years), np.int64) for _ in range(4))
    left = np.zeros((worlds, years, len(rates)), np.int64)
    turnover = float(rates.sum())
    gone = turnover * (1.0 - replaced)
    drawn = {number: uniforms(scenario.seed, worlds, number, years)
             for number in (draws.LOST, draws.REPLACED, draws.VOLUNTARY_LEAVES)}  # fmt: skip
    of_cause, of_choice = (
        [uniforms(scenario.seed, worlds, purpose + number, years) for number in range(len(rates) - 1)]
        for purpose in (draws.CAUSE, draws.VOLUNTARY_CAUSE)
    )
    here, chosen = np.full(worlds, growth.start, np.int64), np.zeros(worlds, np.int64)
    for year in range(years):
        # a practice takes along as many of its people as are left of all on average
        withdrawn[:, year] = np.minimum(here, np.floor(taken_off[:, year] * (1.0 - gone) ** year + 0.5))
        here = here - withdrawn[:, year] + joined[:, year]
        aligned[:, year], voluntary[:, year] = here, chosen
        net = binomial_quantile(drawn[draws.LOST][:, year], here, gone)
        refilled = turnover * replaced / (1.0 - gone) if gone < 1.0 else 0.0
        new[:, year] = binomial_quantile(drawn[draws.REPLACED][:, year], here - net, refilled)
        going = binomial_quantile(drawn[draws.VOLUNTARY_LEAVES][:, year], chosen, 1.0 - stays)
        left[:, year] = split([each[:, year] for each in of_cause], net + new[:, year], rates)
        left[:, year] += split([each[:, year] for each in of_choice], going, own_choice)
        here, chosen = here - net, chosen - going + signed[:, year]
    return PeopleByYear(
        plan=plan.name,
        causes=tuple(lost),
        listed=growth.start + (joined - taken_off).cumsum(axis=1),
        aligned=aligned,
        voluntary=voluntary,
        signed=signed,
        people=aligned + voluntary + by_quarter,
        joined=joined,
        withdrawn=withdrawn,
        left=left,
        replaced=new,
    )


def _joined(scenario: Scenario, plan: GrowthPlan, *, one_more: bool) -> People:
    """People who come with their practices; (world, performance year)."""
    growth, years = growth_of(scenario), scenario.years.performance_years
    asked = [plan.joining is None or practice.name in plan.joining for practice in growth.joining]
    joined = _moved(scenario, growth.joining, draws.JOINS, asked)
    if one_more and growth.one_more is not None:
        joined[:, years.index(growth.one_more.year or years[0])] += growth.one_more.people
    return joined


def _moved(
    scenario: Scenario, practices: Sequence[JoiningPractice | LeavingPractice], purpose: int, asked: Sequence[bool]
) -> People:
    """People of the practices that move in each January; (world, performance year). One draw a practice."""
    years = scenario.years.performance_years
    at = uniforms(scenario.seed, scenario.worlds, purpose, max(1, len(practices)))
    moved = np.zeros((scenario.worlds, len(years)), np.int64)
    for number, practice in enumerate(practices):
        if asked[number]:
            moved[:, years.index(practice.year)] += np.where(at[:, number] < practice.chance, practice.people, 0)
    return moved


def _signed(scenario: Scenario, outreach: Outreach | None) -> tuple[People, People]:
    """People who sign in each year, and how many of them count in the same year on average over its quarters."""
    years = scenario.years.performance_years
    signed = np.zeros((scenario.worlds, len(years)), np.int64)
    if outreach is None:
        return signed, signed.copy()
    invited = np.array([outreach.from_year is None or year >= outreach.from_year for year in years])
    share = draws.uptake(scenario.seed, scenario.worlds, len(years), outreach)
    at = uniforms(scenario.seed, scenario.worlds, draws.SIGNS, len(years))
    signed = binomial_quantile(at, np.int64(QUARTERS * outreach.invited) * invited, share)
    if not outreach.same_year:
        return signed, np.zeros_like(signed)
    # a quarter of them in each quarter, counted from the next on: for 3, 2, 1 and no quarters
    present = signed * sum(range(QUARTERS)) / QUARTERS**2
    return signed, np.floor(present + 0.5).astype(np.int64)


def _stays(outreach: Outreach | None, lost: dict[str, float]) -> float:
    if outreach is not None and outreach.stays is not None:
        return outreach.stays
    return 1.0 - sum(rate for cause, rate in lost.items() if cause != VISITS)
