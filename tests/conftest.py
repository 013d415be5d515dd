"""What several tests need: small scenarios in a line, and smaller ones still where the kernel is interpreted."""

from __future__ import annotations

from typing import Any, TypeVar

import numba
from hypothesis import settings

from simdce.scenario import Scenario, build_scenario

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("repeatable")

T = TypeVar("T")
INTERPRETED = bool(numba.config.DISABLE_JIT)


def sized(compiled: T, interpreted: T) -> T:
    """The first, or under NUMBA_DISABLE_JIT=1, where a person-year takes 30 microseconds, the second."""
    return interpreted if INTERPRETED else compiled


def scenario_of(worlds: int = 100, sizes: tuple[int, ...] = (100,), **tables: Any) -> Scenario:
    """A scenario with calibrated defaults; ``worlds`` may be fewer than a file could ask for."""
    mix, baseline = tables.pop("mix", None), tables.get("years", {}).get("baseline", 3)
    panel = {"sizes": list(sizes), "price_year": tables.pop("price_year", 2019)} | ({"mix": mix} if mix else {})
    benchmark = {"weights": [1.0 / baseline] * baseline}
    choices = [{"name": "mssp_basic_e"}]
    written = {"title": "test", "panel": panel, "arrangements": choices, "benchmark": benchmark, **tables}
    return build_scenario(written).model_copy(update={"worlds": worlds})
