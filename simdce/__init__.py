"""simdce: Monte Carlo simulation and forecasting for Medicare shared-risk contracts.

The public names, a dozen; nothing heavy is imported until one of them is used::

    import simdce

    scenario = simdce.read_scenario("scenarios/st_johns.toml")
    panels = simdce.simulate(scenario)
    settlement = simdce.settle(scenario, panels, "pgp_demonstration")
    answers = simdce.answer(scenario)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Answers": "simdce.run",
    "Estimate": "simdce.metrics",
    "ExactModel": "simdce.exact",
    "InputError": "simdce.errors",
    "PanelYears": "simdce.worlds",
    "Scenario": "simdce.scenario",
    "answer": "simdce.run",
    "arrangements": "simdce.arrangements",
    "build_scenario": "simdce.scenario",
    "panel_cost_law": "simdce.exact.panel_cost",
    "plots": "simdce.plots",
    "read_scenario": "simdce.scenario",
    "settle": "simdce.settlements",
    "simulate": "simdce.worlds",
    "write_report": "simdce.report",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simdce' has no attribute {name!r}")
    home = import_module(_HOMES[name])
    return home if _HOMES[name] == f"simdce.{name}" and not hasattr(home, name) else getattr(home, name)


def __dir__() -> list[str]:
    return __all__
