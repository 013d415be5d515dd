"""The same integer specification in NumPy, a whole panel of slots at a time: quick enough for thousands of people.

It returns person histories, not only totals, so that the tests can ask what the totals hide (persistence, who dies).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from oracle import frozen_tables

from simdce import calibration
from simdce.population import slots_by_category
from simdce.scenario import Scenario
from simdce.slot_law import SlotLaw

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]
GOLDEN_GAMMA = 0x9E3779B97F4A7C15
MEASURES = (
    "dollars",
    "truncated_dollars",
    "absent_units",
    "deaths",
    "departures",
    "score_units",
    "recovered_dollars",
)


def splitmix64(words: Words) -> Words:
    """The finaliser of splitmix64; arrays of uint64 wrap without a warning."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def stream_keys(seed: int, worlds: NDArray[np.int64], purpose: int, year: int) -> Words:
    """The keys of many worlds at one purpose and year; shape (world,)."""
    gamma = np.uint64(GOLDEN_GAMMA)
    key = splitmix64(np.array([seed], np.uint64))
    for number in (worlds, np.array([purpose]), np.array([year])):
        key = splitmix64(key + (number + 1).astype(np.uint64) * gamma)
    return key


def words_of(keys: Words, slots: NDArray[np.int64]) -> Words:
    """One word per key and slot; shape (key, slot)."""
    return splitmix64(keys[:, None] + slots.astype(np.uint64)[None, :] * np.uint64(GOLDEN_GAMMA))


def field(words: Words, lowest_bit: int, bits: int) -> Integers:
    return ((words >> np.uint64(lowest_bit)) & np.uint64((1 << bits) - 1)).astype(np.int64)


def cells(cost: Integers) -> Integers:
    """The cost cell of 24-bit integers, by counting how often they can be halved."""
    odd = cost | 1
    exponent = np.zeros_like(odd)
    for step in (16, 8, 4, 2, 1):
        large = odd >> exponent >= 1 << step
        exponent += step * large
    return 8 * exponent + (odd * 8 >> exponent) - 8


@dataclass
class Histories:
    """Every person-year of a category; axes (year, world, slot). ``joined``: a new person holds the slot this year."""

    dollars: Integers
    truncated_dollars: Integers
    absent_units: Integers
    deaths: NDArray[np.bool_]
    departures: NDArray[np.bool_]
    joined: NDArray[np.bool_]
    health_class: Integers
    score_units: Integers
    recovered_dollars: Integers


def histories(law: SlotLaw, seed: int, category: int, worlds: int, slots: int, years: int) -> Histories:
    """The first ``slots`` slots of a category in the first ``worlds`` worlds."""
    shape = (years, worlds, slots)
    found = Histories(
        *(np.zeros(shape, np.int64) for _ in range(3)),
        *(np.zeros(shape, bool) for _ in range(3)),
        *(np.zeros(shape, np.int64) for _ in range(3)),
    )
    draw_due = np.ones(shape[1:], bool)
    kind = np.zeros(shape[1:], np.int64)
    health_class = np.zeros(shape[1:], np.int64)
    coded = np.zeros(shape[1:], bool)
    newcomer = np.ones(shape[1:], bool)
    recoveries = np.zeros_like(law.costs) if law.recoveries is None else law.recoveries
    costs, class_tables = law.costs.astype(np.int64), law.classes.astype(np.int64)
    for year in range(years):
        words = words_of(stream_keys(seed, np.arange(worlds), category, year), np.arange(slots))
        move, class_draw = field(words, 49, 15), field(words, 38, 11)
        death = (field(words, 32, 6) << 8) + field(words, 0, 8)
        health_class = np.where(draw_due, class_tables[kind, class_draw], health_class)
        coded = np.where(draw_due, law.coded[kind, class_draw], coded)
        died = death < law.death_thresholds[health_class]
        left = ~died & (move < law.leave_threshold)
        place = died.astype(np.int64), health_class, cells(field(words, 8, 24))
        dollars = costs[place]
        found.dollars[year] = dollars
        found.truncated_dollars[year] = np.minimum(dollars, law.truncation)
        found.absent_units[year] = np.where(died, 31 - 2 * (move >> 11), 0)
        score = law.scores[np.where(coded, health_class + 1, 0)]
        found.score_units[year] = score * (32 - found.absent_units[year])
        found.recovered_dollars[year] = recoveries[place]
        found.deaths[year], found.departures[year] = died, left
        found.joined[year], found.health_class[year] = newcomer, health_class
        newcomer = died | left
        draw_due = newcomer | (move < law.drift_threshold)
        kind = np.where(newcomer, 2, 1)
    return found


def panel_totals(scenario: Scenario) -> dict[str, Integers]:
    """Every total of PanelYears by name; axes (world, panel size, category, year)."""
    laws = frozen_tables(scenario)
    people = slots_by_category(scenario.panel.sizes, scenario.mix)
    shape = (scenario.worlds, *people.shape, scenario.years.total)
    totals = {name: np.zeros(shape, np.int64) for name in MEASURES}
    for category, name in enumerate(calibration.CATEGORIES):
        slots = int(people[:, category].max())
        if slots == 0:
            continue
        found = histories(laws[name], scenario.seed, category, scenario.worlds, slots, scenario.years.total)
        for size, count in enumerate(people[:, category]):
            for measure in MEASURES:
                of_slots = getattr(found, measure)[:, :, :count].sum(axis=2, dtype=np.int64)
                totals[measure][:, size, category, :] = of_slots.T
    return totals
