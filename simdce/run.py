"""The main job: a scenario is simulated, settled and asked its questions; the answers travel together."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simdce.assumptions import Assumption, assumptions
from simdce.beside import Beside
from simdce.control import Controls
from simdce.metrics import Estimate
from simdce.resources.machine import returned
from simdce.results import Row, VarianceSaved, frame, headline_size, variance_saved
from simdce.scenario import Scenario
from simdce.shares import is_long
from simdce.sizes import settle
from simdce.studies.cash import CashAnswer, cash_answers
from simdce.studies.comparison import Comparison, comparison
from simdce.studies.growth import GrowthAnswers, growth_answers
from simdce.studies.observed import Happened
from simdce.studies.payment import Lived, payments
from simdce.studies.practice import PracticeAnswers, practice_answers
from simdce.studies.repayment import RepaymentAnswer
from simdce.studies.security import SecurityAnswer, security_of_practice
from simdce.studies.tornadoes import Tornado, tornadoes
from simdce.studies.viability import (
    ViabilityCurve,
    exact_sizes,
    viability_curves,
    with_exact_sizes,
)
from simdce.unfinished import Begun
from simdce.worlds import PanelYears, simulate

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Progress = Callable[[str, float], None]
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "matplotlib", "pydantic")


@dataclass(frozen=True)
class Answers:
    """Everything a run found: the simulated panels, its estimates, and the answers to the scenario's questions.

    ``comparison`` is None where there is a single arrangement, and nothing to hold it against; ``practice`` and
    ``growth`` where the scenario has none. ``variance_saved``: by the exact law as control variate, of the mean over
    the agreement. ``cash`` and ``security``: empty where the scenario does not ask, ``drivers`` where ``answer`` is not
    asked. ``steadied``: by arrangement, net payments of an average year at the size that answers open with, their
    spread less what the control variate explains; (world,).
    """

    scenario: Scenario
    panels: PanelYears
    rows: tuple[Row, ...]
    steadied: dict[str, FloatArray]
    viability: tuple[ViabilityCurve, ...]
    repayment: tuple[RepaymentAnswer, ...]
    assumptions: tuple[Assumption, ...]
    comparison: Comparison | None
    observed: tuple[Happened, ...] = ()
    practice: PracticeAnswers | None = None
    variance_saved: tuple[VarianceSaved, ...] = ()
    cash: tuple[CashAnswer, ...] = ()
    security: tuple[SecurityAnswer, ...] = ()
    growth: GrowthAnswers | None = None
    drivers: tuple[Tornado, ...] = ()

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The rows as a tidy data frame."""
        return frame(self.rows)

    @cached_property
    def _found(self) -> dict[tuple[str, int, str, str], Estimate]:
        return {(row.arrangement, row.panel_size, row.performance_year, row.metric): row.estimate for row in self.rows}

    def estimate(self, arrangement: str, panel_size: int, performance_year: str, metric: str) -> Estimate:
        """One estimate; ``performance_year`` is PY1, PY2, ... or AGREEMENT. Raises KeyError for what there is not."""
        return self._found[arrangement, panel_size, performance_year, metric]

    @property
    def performance_years(self) -> tuple[str, ...]:
        """As the estimates name them: PY1, PY2, ..."""
        return tuple(f"PY{number + 1}" for number in range(self.scenario.years.performance))

    @property
    def stamp(self) -> dict[str, Any]:
        """What reproduces the run: version, digests, seed, worlds, versions of libraries."""
        return {
            "simdce": version("simdce"),
            "scenario_digest": self.scenario.digest,
            "digest": self.panels.digest,
            "seed": self.scenario.seed,
            "worlds": self.scenario.worlds,
            "kernel": dict(zip(("path", "reason"), self.panels.kernel, strict=True)),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in LIBRARIES},
        }


def answer(
    scenario: Scenario,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    controlled: bool = True,
    drivers: bool = False,
    all_worlds: bool = True,
    begun: Begun | None = None,
    beside: Beside | None = None,
) -> Answers:
    """Simulate a scenario and answer its questions; ``progress`` hears the stage's name and its finished fraction.

    ``controlled``: means, their differences and chances with the exact law as control variate, not averages over the
    worlds as they are. ``drivers``: also what drives the answer, for which people are simulated about nine times more.
    ``all_worlds``: the answers hold the simulated worlds of every panel size, not only of the one that a report opens
    with. ``begun``: an interrupted run of this scenario to go on with, or what an interruption of this one shall leave.
    ``beside``: a second process for a long run's exact sizes, and for some of its panel sizes.
    """

    def told(stage: str, share: float) -> None:
        if progress is not None:
            progress(stage, share)

    under_way = Begun() if begun is None else begun
    second = beside if beside is not None and is_long(scenario) else Beside(forked=False)
    exact = second.ask(exact_sizes.__module__, exact_sizes.__name__, scenario)
    panels = simulate(scenario, threads=threads, progress=lambda share: told("worlds", share), begun=under_way.totals)
    controls = Controls(scenario, panels) if controlled else None
    settle(scenario, panels, under_way.settled, controls, second, lambda share: told("settlements", share))
    returned()
    settled = under_way.settled
    rows = [row for each in settled for row in each.rows]
    differences = [difference for each in settled for difference in each.differences]
    chances = [{(key, condition): found for key, condition, found in each.chances} for each in settled]
    secured = [answer for each in settled for answer in each.secured]
    curves = with_exact_sizes(viability_curves(panels.panel_sizes, chances), exact())
    opening = Lived(scenario, panels, headline_size(panels.panel_sizes))
    compared = comparison(differences, opening) if differences else None
    steadied = {
        choice.key: payments(opening, choice.key, controls)[-1].steadied / scenario.years.performance
        for choice in scenario.arrangements
    }
    del opening
    returned()
    practice = practice_answers(scenario, panels)
    moved: tuple[Tornado, ...] = ()
    if drivers:
        moved = tornadoes(
            scenario, panels, practice, controls, threads=threads, progress=lambda share: told("drivers", share)
        )
    del controls
    cash = cash_answers(scenario, panels)
    secured += security_of_practice(scenario, panels)
    grown = growth_answers(scenario, panels, threads=threads, progress=lambda share: told("growth", share))
    if not all_worlds:
        panels = panels.only(headline_size(panels.panel_sizes))
        under_way.totals.arrays.clear()
        returned()
    return Answers(
        scenario,
        panels,
        tuple(rows),
        steadied,
        tuple(curves),
        tuple(reserve for each in settled for reserve in each.reserves),
        tuple(assumptions(scenario)),
        compared,
        tuple(happened for each in settled for happened in each.happened),
        practice,
        tuple(variance_saved(rows, scenario.worlds)) if controlled else (),
        cash,
        tuple(secured),
        grown,
        moved,
    )
