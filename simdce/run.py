"""The main job: a scenario is simulated, settled and asked its questions; the answers travel together."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from simdce.assumptions import Assumption, assumptions
from simdce.control import Controls
from simdce.resources.machine import returned
from simdce.results import Difference, Row, VarianceSaved, frame, headline_size, variance_saved
from simdce.scenario import Scenario
from simdce.studies.cash import CashAnswer, cash_answers
from simdce.studies.comparison import Comparison, comparison, differences_at
from simdce.studies.growth import GrowthAnswers, growth_answers
from simdce.studies.observed import Happened, observed_at
from simdce.studies.payment import Lived, payment_rows
from simdce.studies.practice import PracticeAnswers, practice_answers
from simdce.studies.repayment import RepaymentAnswer, repayment_at
from simdce.studies.security import SecurityAnswer, security_at, security_of_practice
from simdce.studies.viability import Chances, ViabilityCurve, chances_at, viability_curves, with_exact_sizes
from simdce.worlds import PanelYears, simulate

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, float], None]
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "matplotlib", "pydantic")


@dataclass(frozen=True)
class Answers:
    """Everything a run found: the simulated panels, the tidy estimates, and the answers to the scenario's questions.

    ``comparison`` is None where there is a single arrangement, and nothing to hold it against; ``practice`` and
    ``growth`` where the scenario has none. ``variance_saved``: by the exact law as control variate, of the mean over
    the agreement. ``cash`` and ``security``: empty where the scenario does not ask.
    """

    scenario: Scenario
    panels: PanelYears
    estimates: pd.DataFrame
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
    all_worlds: bool = True,
) -> Answers:
    """Simulate a scenario and answer its questions; ``progress`` hears the stage's name and its finished fraction.

    ``controlled``: means, their differences and chances with the exact law as control variate, not averages over the
    worlds as they are. ``all_worlds``: the answers hold the simulated worlds of every panel size, not only of the one
    that a report opens with.
    """

    def told(stage: str, share: float) -> None:
        if progress is not None:
            progress(stage, share)

    panels = simulate(scenario, threads=threads, progress=lambda share: told("worlds", share))
    controls = Controls(scenario, panels) if controlled else None
    rows: list[Row] = []
    chances: list[Chances] = []
    reserves: list[RepaymentAnswer] = []
    happened: list[Happened] = []
    differences: list[Difference] = []
    secured: list[SecurityAnswer] = []
    for number, size in enumerate(panels.panel_sizes, start=1):
        lived = Lived(scenario, panels, size)
        rows += payment_rows(lived, controls)
        chances.append(chances_at(lived))
        reserves += repayment_at(lived)
        happened += observed_at(lived)
        differences += differences_at(lived, controls)
        secured += security_at(lived)
        told("settlements", number / (len(panels.panel_sizes) + 1))
    del controls, lived  # their laws and arrays would be held while others are made
    returned()
    curves = with_exact_sizes(scenario, viability_curves(panels.panel_sizes, chances))
    opening = Lived(scenario, panels, headline_size(panels.panel_sizes))
    compared = comparison(differences, opening) if differences else None
    del opening
    returned()
    told("settlements", 1.0)
    practice, cash = practice_answers(scenario, panels), cash_answers(scenario, panels)
    secured += security_of_practice(scenario, panels)
    grown = growth_answers(scenario, panels, threads=threads, progress=lambda share: told("growth", share))
    if not all_worlds:
        panels = panels.only(headline_size(panels.panel_sizes))
        returned()
    return Answers(
        scenario,
        panels,
        frame(rows),
        tuple(curves),
        tuple(reserves),
        tuple(assumptions(scenario)),
        compared,
        tuple(happened),
        practice,
        tuple(variance_saved(rows, scenario.worlds)) if controlled else (),
        cash,
        tuple(secured),
        grown,
    )
