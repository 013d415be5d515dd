"""What drives the payment of every contract of a scenario, or of a practice under the tier that is best for it.

The people that some inputs ask for are simulated once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import nan

from simdce.control import Controls
from simdce.metrics import Estimate
from simdce.results import headline_size
from simdce.scenario import Scenario
from simdce.studies.drivers import Driver, drivers
from simdce.studies.drivers.worlds import DriverWorlds
from simdce.studies.practice import PracticeAnswers
from simdce.worlds import PanelYears


@dataclass(frozen=True)
class Tornado:
    """The inputs of one payment, the one that moves it most first; ``tier`` None for a contract."""

    arrangement: str
    tier: str | None
    people: int
    drivers: tuple[Driver, ...]


def tornadoes(
    scenario: Scenario,
    panels: PanelYears,
    practice: PracticeAnswers | None,
    controls: Controls | None,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[Tornado, ...]:
    """Of every contract at the size that answers open with; with a practice, of its best tier at each of its sizes.

    A practice that can bear no tier is told the first. ``progress`` hears the finished share of them.
    """
    worlds = DriverWorlds(scenario, panels, threads=threads)
    asked = list(_asked(scenario, practice))
    found = []
    for number, (arrangement, tier, people) in enumerate(asked, start=1):
        moved = drivers(scenario, arrangement, people, tier=tier, worlds=worlds, controls=controls)
        found.append(Tornado(arrangement, tier, people, moved))
        if progress is not None:
            progress(number / len(asked))
    return tuple(found)


def _asked(scenario: Scenario, practice: PracticeAnswers | None) -> Iterator[tuple[str, str | None, int]]:
    if practice is None:
        for choice in scenario.arrangements:
            yield choice.key, None, headline_size(scenario.panel.sizes)
    else:
        for best in practice.best:
            yield best.arrangement, best.best or practice.first, best.people


@dataclass(frozen=True)
class DriverRow:
    """One figure at one end (low, base, high, flip) of an input; ``input`` is its value there.

    Dollars a performance year: ``mean_net``, ``net_p5`` and what they change against the base. ``flips_at`` and its
    error are in the unit of the input.
    """

    arrangement: str
    tier: str
    people: int
    driver: str
    unit: str
    end: str
    input: str
    metric: str
    estimate: Estimate


def driver_rows(found: Sequence[Tornado]) -> list[DriverRow]:
    """Every input of every payment at its low and its high end, at its base, and where it turns the verdict."""
    return [
        DriverRow(each.arrangement, each.tier or "", each.people, driver.name, driver.unit, *figure)
        for each in found
        for driver in each.drivers
        for figure in _figures(driver)
    ]


def _figures(driver: Driver) -> Iterator[tuple[str, str, str, Estimate]]:
    low, base, high = driver.told
    yield "low", low, "mean_net", driver.at_low
    yield "base", base, "mean_net", driver.at_base
    yield "high", high, "mean_net", driver.at_high
    yield "low", low, "mean_net_change", driver.change_low
    yield "high", high, "mean_net_change", driver.change_high
    yield "low", low, "net_p5", driver.worst_low
    yield "base", base, "net_p5", driver.worst_base
    yield "high", high, "net_p5", driver.worst_high
    yield "low", low, "net_p5_change", driver.worst_change_low
    yield "high", high, "net_p5_change", driver.worst_change_high
    if driver.flips_at is not None:
        yield (
            "flip",
            driver.flips_to or "",
            "flips_at",
            Estimate(driver.flips_at, nan if driver.flips_at_error is None else driver.flips_at_error),
        )
