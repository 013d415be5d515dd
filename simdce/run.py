"""The main job: a scenario is simulated, settled and asked its questions; the answers travel together."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from simdce.assumptions import Assumption, assumptions
from simdce.results import frame
from simdce.scenario import Scenario
from simdce.studies.payment import payment_estimates
from simdce.studies.repayment import RepaymentAnswer, repayment
from simdce.studies.viability import ViabilityCurve, viability
from simdce.worlds import PanelYears, simulate

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, float], None]
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "matplotlib", "pydantic")


@dataclass(frozen=True)
class Answers:
    """Everything a run found: the simulated panels, the tidy estimates, and the answers to the scenario's questions."""

    scenario: Scenario
    panels: PanelYears
    estimates: pd.DataFrame
    viability: tuple[ViabilityCurve, ...]
    repayment: tuple[RepaymentAnswer, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def stamp(self) -> dict[str, Any]:
        """What reproduces the run: version, digests, seed, worlds, versions of libraries."""
        return {
            "simdce": version("simdce"),
            "scenario_digest": self.scenario.digest,
            "digest": self.panels.digest,
            "seed": self.scenario.seed,
            "worlds": self.scenario.worlds,
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in LIBRARIES},
        }


def answer(scenario: Scenario, *, threads: int | None = None, progress: Progress | None = None) -> Answers:
    """Simulate a scenario and answer its questions; ``progress`` hears the stage's name and its finished fraction."""

    def told(stage: str) -> Callable[[float], None]:
        return lambda share: progress(stage, share) if progress is not None else None

    panels = simulate(scenario, threads=threads, progress=told("worlds"))
    rows = payment_estimates(scenario, panels, told("settlements"))
    curves = viability(scenario, panels, told("viability"))
    reserves = repayment(scenario, panels)
    register = assumptions(scenario)
    return Answers(scenario, panels, frame(rows), tuple(curves), tuple(reserves), tuple(register))
