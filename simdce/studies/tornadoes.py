"""What drives the payment of every contract of a scenario, or of a practice under the tier that is best for it.

The people that some inputs ask for are simulated once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simdce.control import Controls
from simdce.results import headline_size
from simdce.scenario import Scenario
from simdce.studies.drivers import Driver, drivers
from simdce.studies.drivers.worlds import DriverWorlds
from simdce.studies.practice import PracticeAnswers
from simdce.worlds import PanelYears

if TYPE_CHECKING:
    import pandas as pd


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


def driver_frame(found: Sequence[Tornado]) -> pd.DataFrame:
    """One row an input, end (low, base, high, flip) and metric; ``input`` is the value of the input at that end.

    Dollars a performance year: ``mean_net``, ``net_p5`` and what they change against the base. ``flips_at`` and its
    error are in the unit of the input.
    """
    import pandas as pd

    rows = [
        {
            "arrangement": tornado.arrangement,
            "tier": tornado.tier or "",
            "people": tornado.people,
            "driver": driver.name,
            "unit": driver.unit,
            **row,
        }
        for tornado in found
        for driver in tornado.drivers
        for row in _rows(driver)
    ]
    return pd.DataFrame(rows)


def _rows(driver: Driver) -> Iterator[dict[str, Any]]:
    low, base, high = driver.told
    for end, told, metric, estimate in (
        ("low", low, "mean_net", driver.at_low),
        ("base", base, "mean_net", driver.at_base),
        ("high", high, "mean_net", driver.at_high),
        ("low", low, "mean_net_change", driver.change_low),
        ("high", high, "mean_net_change", driver.change_high),
        ("low", low, "net_p5", driver.worst_low),
        ("base", base, "net_p5", driver.worst_base),
        ("high", high, "net_p5", driver.worst_high),
        ("low", low, "net_p5_change", driver.worst_change_low),
        ("high", high, "net_p5_change", driver.worst_change_high),
    ):
        yield {
            "end": end,
            "input": told,
            "metric": metric,
            "value": estimate.value,
            "standard_error": estimate.standard_error,
        }
    if driver.flips_at is not None:
        yield {
            "end": "flip",
            "input": driver.flips_to,
            "metric": "flips_at",
            "value": driver.flips_at,
            "standard_error": driver.flips_at_error,
        }
