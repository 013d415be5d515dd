"""What an arrangement pays along a path: every year's totals from the nested panel of the size that applies to it.

Two mechanisms, two benchmarks. A practice that joins or leaves changes the list of participants, and CMS reckons the
historical benchmark for the new list: the baseline years of a performance year are those of all who were aligned to its
practices (quoted for LEAD, where the baseline is run again each year on the current list; recalled for the Shared
Savings Program and ACO REACH). People who sign by themselves, and places that are not taken again, change no list:
baseline years are those of the list as it was, expenditure and risk scores those of who is there now. Where an
arrangement measures voluntarily aligned people by the region, so is their share of each year.

A path with n people in a year is that year of the nested panel of n: places given up are the last ones of the panel,
whoever holds them, and those who sign take the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements
from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import Outcome
from simdce.benchmarking.chain import benchmark_dollars
from simdce.growth.draws import FloatArray, People
from simdce.growth.minimum import BelowMinimum, below_minimum
from simdce.growth.people import PeopleByYear
from simdce.scenario import ArrangementChoice, Scenario
from simdce.settlements import Experience, counts_truncated, experience, measured_against
from simdce.slots import slot_laws
from simdce.worlds import PanelYears, sizes_by_world

WORLDS_AT_A_TIME = 500
"""Bounds the memory of totals: about 0.1 MB a world with six paths over six performance years."""

VOLUNTARY = "regional_weight_voluntary"


@dataclass(frozen=True, kw_only=True)
class PathYears(PanelYears):
    """Totals along paths: the panel axis holds one way to put the years together, ``slots`` has axes of the totals.

    Axes of ``slots``: (world, panel, category, year).
    """

    def people(self, size: int) -> NDArray[np.int64]:
        """Slots of one composition by position; axes (world, category, year)."""
        return self.slots[:, size]


@dataclass(frozen=True)
class PathPayments:
    """What one arrangement pays along one path; axes (world, performance year), dollars.

    ``net`` as paid; ``admitted``: with the minimum of people never missed, in gate and agreement; ``below``: what
    follows from missing it, None where the arrangement has no minimum.
    """

    net: FloatArray
    admitted: FloatArray
    below: BelowMinimum | None


def payments_along(
    scenario: Scenario,
    panels: PanelYears,
    paths: Sequence[PeopleByYear],
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[dict[str, PathPayments]]:
    """For every path what each arrangement pays, by its key; shocks and expectations are those of ``panels``."""
    found: list[dict[str, list[PathPayments]]] = [{c.key: [] for c in scenario.arrangements} for _ in paths]
    for first, composed in years_along(scenario, panels, paths, threads):
        share = slice(first, first + composed[0].worlds)
        for number, (path, years) in enumerate(zip(paths, composed, strict=True)):
            here = _share_of(path, share)
            for choice in scenario.arrangements:
                found[number][choice.key].append(_settled(scenario, choice, years, here))
        if progress is not None:
            progress(share.stop / scenario.worlds)
    return [{key: _together(parts) for key, parts in each.items()} for each in found]


def years_along(
    scenario: Scenario, panels: PanelYears, paths: Sequence[PeopleByYear], threads: int | None
) -> Iterator[tuple[int, list[PathYears]]]:
    """Some worlds at a time: the first of them, and for every path its years, one composition a performance year."""
    laws = slot_laws(scenario)
    sizes = np.stack([each for path in paths for each in (path.people, path.listed)], axis=1)  # (world, path, year)
    performance = scenario.years.performance
    baseline = scenario.years.total - performance
    for first in range(0, scenario.worlds, WORLDS_AT_A_TIME):
        share = slice(first, min(first + WORLDS_AT_A_TIME, scenario.worlds))
        count = share.stop - first
        totals = sizes_by_world(scenario, laws, sizes[share].reshape(count, -1), first, threads=threads)
        totals["slots"] = np.broadcast_to(totals["slots"][..., None], totals["dollars"].shape)
        shocks = {name: drawn[share] for name, drawn in panels.shocks.items()}
        composed = []
        for number in range(len(paths)):
            now = (2 * number) * performance
            gathered = {name: _gathered(total, now, now + performance, performance, baseline)
                        for name, total in totals.items()}  # fmt: skip
            composed.append(_path_years(panels, gathered, shocks))
        yield first, composed


def _gathered(total: NDArray[np.int64], now: int, then: int, performance: int, baseline: int) -> NDArray[np.int64]:
    """Totals (world, size, category, year) put together: (world, composition, category, year).

    Performance year y comes from size ``now`` + y; in the composition for performance year y all years before the
    performance years come from size ``then`` + y.
    """
    before = total[:, then : then + performance, :, :baseline]
    each = [total[:, now + year, :, baseline + year] for year in range(performance)]
    after = np.broadcast_to(np.stack(each, axis=-1)[:, None], (*before.shape[:3], performance))
    return np.concatenate([before, after], axis=-1)


def _path_years(
    panels: PanelYears, gathered: Mapping[str, NDArray[np.int64]], shocks: Mapping[str, FloatArray]
) -> PathYears:
    compositions = gathered["dollars"].shape[1]
    return PathYears(
        panel_sizes=tuple(range(compositions)),
        categories=panels.categories,
        years=panels.years,
        recovered_dollars=gathered.get("recovered_dollars"),
        shocks=dict(shocks),
        expected_per_capita=panels.expected_per_capita,
        expected_truncated_per_capita=panels.expected_truncated_per_capita,
        expected_recovery=panels.expected_recovery,
        expected_score=panels.expected_score,
        **{name: gathered[name] for name in _GATHERED},  # type: ignore[arg-type]
    )


_GATHERED = (
    "slots",
    "dollars",
    "truncated_dollars",
    "absent_units",
    "deaths",
    "departures",
    "score_units",
)


def _settled(scenario: Scenario, choice: ArrangementChoice, years: PathYears, path: PeopleByYear) -> PathPayments:
    rules = arrangements.load(choice.name)
    performance_years = scenario.years.performance_years
    rule = rules.in_force(performance_years, choice.elections)
    outcome = outcome_along(scenario, rule, years, path)
    settlement = rules.settle(outcome, performance_years, choice.elections)
    below = below_minimum(scenario, rule, path.people)
    if below is None:
        return PathPayments(settlement.net, settlement.net, None)
    enough = replace(outcome, assigned_beneficiaries=np.maximum(outcome.assigned_beneficiaries, below.least))
    admitted = rules.settle(enough, performance_years, choice.elections).net
    return PathPayments(below.paid(settlement.earned, settlement.owed), admitted, below)


def outcome_along(scenario: Scenario, rule: InForce, years: PathYears, path: PeopleByYear) -> Outcome:
    """Benchmark, expenditure and people of a path; each year's benchmark from the composition made for it."""
    lived: Experience | None = None
    benchmark = np.empty(path.people.shape)
    for year in range(path.people.shape[1]):
        if lived is None or (path.listed[:, year] != path.listed[:, year - 1]).any():
            lived = experience(scenario, years, year, truncated=counts_truncated(rule))
            known = _benchmark(scenario, rule, lived, path)
        benchmark[:, year] = known[:, year]
    assert lived is not None
    return measured_against(benchmark, replace(lived, panel_size=path.people), scenario, rule)


def _benchmark(scenario: Scenario, rule: InForce, lived: Experience, path: PeopleByYear) -> FloatArray:
    """The benchmark with each year's share of the voluntarily aligned, in which it is linear."""

    def at(share: float) -> FloatArray:
        panel = scenario.panel.model_copy(update={"voluntary_share": share})
        return benchmark_dollars(lived.inputs, rule, scenario.benchmark, panel)

    usual, more = scenario.panel.voluntary_share, path.voluntary_share
    if VOLUNTARY not in rule or not more.any():
        return at(usual)
    voluntary = usual + (1.0 - usual) * more
    return (1.0 - voluntary) * at(0.0) + voluntary * at(1.0)


def _share_of(path: PeopleByYear, share: slice) -> PeopleByYear:
    arrays: dict[str, People] = {
        name: value[share] for name, value in vars(path).items() if isinstance(value, np.ndarray)
    }
    return replace(path, **arrays)  # type: ignore[arg-type]


def _together(parts: Sequence[PathPayments]) -> PathPayments:
    net, admitted = (np.concatenate([getattr(part, name) for part in parts]) for name in ("net", "admitted"))
    below = [part.below for part in parts if part.below is not None]
    return PathPayments(net, admitted, BelowMinimum.together(below) if below else None)
