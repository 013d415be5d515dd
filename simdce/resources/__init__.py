"""What a run will need, told before it starts: memory from the shapes of its arrays, time from this machine's speed.

Memory is the larger of two peaks: all worlds with one panel size being settled, and the report being written with the
worlds of one panel size. A second process holds libraries besides, and laws and a panel size of its own in a long run.
Arrays are counted exactly; what libraries take and exact laws hold is fitted (costs.toml).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from simdce import arrangements, calibration
from simdce.beside import helps
from simdce.resources.machine import Speed
from simdce.scenario import Scenario
from simdce.shares import MOST_WORLDS_A_CALL, is_long
from simdce.sourced import Term, read_terms, read_toml
from simdce.totals import narrowest

__all__ = ["Needs", "Speed", "memory", "needs"]

_FILE = Path(__file__).with_name("costs.toml")
BENT = "risk_corridors"
"""The mechanism whose exact laws are dear: its regional adjustment bends."""

_FLOAT = 8
_COUNTINGS, _SHOCKINGS = 2, 3  # truncated or not; with all shocks, those that stay when savings are known, none


@dataclass(frozen=True)
class Needs:
    """Peak resident memory in bytes; seconds of the clock by stage of the progress bar, and of all else."""

    memory: int
    seconds: dict[str, float]

    @property
    def time(self) -> float:
        """Seconds of the whole run."""
        return sum(self.seconds.values())

    @property
    def text(self) -> str:
        """Both in words: "about 380 MB of memory and 20 s"."""
        return f"about {size_text(self.memory)} of memory and {time_text(self.time)}"


def size_text(memory: float) -> str:
    """Bytes as people read them, two digits: "390 MB", "1.9 GB"."""
    return f"{memory / 1e9:,.1f} GB" if memory >= 0.995e9 else f"{round(memory / 1e7) * 10} MB"


def time_text(seconds: float) -> str:
    """Seconds as people read them: "3 s", "4 min", "2.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:,.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def needs(scenario: Scenario, speed: Speed, threads: int | None = None) -> Needs:
    """What ``simdce run`` of a scenario takes on a machine of that speed."""
    years, sizes, count = scenario.years, scenario.panel.sizes, len(scenario.arrangements)
    settled = count * years.performance * scenario.worlds / 10_000
    bent = sum(arrangements.load(choice.name).mechanism == BENT for choice in scenario.arrangements)
    conditions = sum(condition.over == "year" for condition in scenario.questions.viability)
    second = helps(threads)
    settling = _cost("settled_year") * settled * len(sizes)
    if second and is_long(scenario):
        settling *= _cost("settled_together")
    seconds = {
        "worlds": scenario.worlds * sizes[-1] * years.total * speed.beneficiary_year,
        "settlements": speed.yardstick * (settling + _cost("bent_size") * bent * conditions),
        "the rest": speed.yardstick * (_cost("starting_two" if second else "starting") + _cost("told") * count),
    }
    if scenario.cash is not None:
        seconds["the rest"] += speed.yardstick * _cost("cash_year") * count * scenario.worlds / 10_000
    if scenario.practice is not None:
        divided = settled * len(scenario.practice.people) * len(scenario.practice.tiers)
        seconds["the rest"] += speed.yardstick * _cost("divided_year") * divided
    if scenario.growth is not None:
        paths = len(scenario.growth.plans) or 1
        walked = scenario.worlds * max(scenario.growth.start, sizes[-1]) * years.total * speed.beneficiary_year
        seconds["growth"] = walked + speed.yardstick * _cost("grown_year") * settled * 2 * paths
    return Needs(memory(scenario, threads), seconds)


def memory(scenario: Scenario, threads: int | None = None) -> int:
    """Peak resident bytes of ``simdce run``."""
    sizes = len(scenario.panel.sizes)
    worlds, settling = _totals(scenario), scenario.worlds * _settling_a_world(scenario)
    count = len(scenario.arrangements)
    laws = _cost("memory_of_an_arrangement") * count + _cost("memory_of_a_law") * count * sizes
    at_settling = _cost("settling_memory") + laws + worlds + settling + _calls(scenario, threads or os.cpu_count() or 1)
    at_writing = laws + worlds / sizes + settling / 2
    if not helps(threads):
        return round(max(at_settling, _cost("writing_memory") + at_writing))
    beside = _cost("memory_beside")
    theirs = laws + settling if is_long(scenario) else 0.0
    return round(max(at_settling + beside + theirs, _cost("settling_memory") + beside + 2 * at_writing))


def _totals(scenario: Scenario) -> float:
    """Bytes of the simulated totals: exact but for which of them fit into how few bytes, which is expected."""
    people, scored, mean = scenario.panel.sizes[-1], 1024 * 32, calibration.default("mean_2019")
    most = max(scenario.mix.values()) * people
    dollars = max(share * mean[name] for name, share in scenario.mix.items()) * people * scenario.cost.level
    largest = [dollars] * (3 if scenario.elects_stop_loss else 2)
    largest += [most * scored, 0.8 * most, most / 4, most / 4]  # scores, absence, deaths, departures
    bytes_of_a_year = sum(narrowest(int(each)).itemsize for each in largest)
    return float(scenario.worlds * len(scenario.panel.sizes) * _cells(scenario) * bytes_of_a_year)


def _cells(scenario: Scenario) -> int:
    return len(calibration.CATEGORIES) * scenario.years.total


def _settling_a_world(scenario: Scenario) -> float:
    """Bytes that settling one panel size holds for each of its worlds: arrays of the rooms named beside them."""
    years, cells = scenario.years, _cells(scenario)
    performance, count = years.performance, len(scenario.arrangements)
    experience = _COUNTINGS * (cells / 2 + performance) + 2 * cells  # settlements.counted
    shocked = _COUNTINGS * _SHOCKINGS * (3 * performance + 1)  # settlements.shocked
    benchmarks = _SHOCKINGS * count * performance  # studies.payment.Lived
    controls = 3 * cells + 5 * performance + 2 + 2 * count * performance  # control.Controls
    payments = 2 * count * (performance + 1)  # studies.payment.Paid
    passing = 6 * 5 * performance + 4 * cells  # settlements of one arrangement; totals read wide
    practice = 0 if scenario.practice is None else 6 * performance * len(scenario.practice.tiers)
    cash = 0 if scenario.cash is None else 60
    growth = 0 if scenario.growth is None else 12 * performance * (2 + count) * max(1, len(scenario.growth.plans))
    return _FLOAT * float(experience + shocked + benchmarks + controls + payments + passing + practice + cash + growth)


def _calls(scenario: Scenario, threads: int) -> float:
    """Bytes of the kernel's calls under way: sums by segment, their running totals, and those padded."""
    of_world = (len(scenario.panel.sizes) + 1) * scenario.years.total * 7 * _FLOAT
    return float(3 * threads * min(MOST_WORLDS_A_CALL, scenario.worlds) * of_world)


@cache
def _costs() -> dict[str, Term]:
    return read_terms(read_toml(_FILE), _FILE.name)


def _cost(name: str) -> float:
    value: Any = _costs()[name].at().value
    return float(value)
