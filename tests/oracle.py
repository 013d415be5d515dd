"""One slot, one year at a time, in plain Python integers: the simulation as a specification to be read.

Nothing here is fast and nothing is shared with the kernel: the words, the fields of a word, the cells of the cost table
and the order of events are written out once more from ``simdce.slot_law.layout``. Only the frozen tables and the
number of slots are taken from the package, because they are what the specification is stated on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from simdce import calibration
from simdce.population import slots_by_category
from simdce.scenario import Scenario
from simdce.slot_law import SlotLaw
from simdce.slots import slot_laws

MASK_64 = 2**64 - 1
GOLDEN_GAMMA = 0x9E3779B97F4A7C15
INITIAL, DRIFT, JOINER = 0, 1, 2
MEASURES = (
    "dollars",
    "truncated_dollars",
    "absent_units",
    "deaths",
    "departures",
    "score_units",
    "recovered_dollars",
)


_FROZEN: dict[str, dict[str, SlotLaw]] = {}


def frozen_tables(scenario: Scenario) -> dict[str, SlotLaw]:
    """``slot_laws(scenario)``, frozen once for all scenarios with the same people at the same cost."""
    people = {"mix": scenario.mix, "price_year": scenario.panel.price_year}
    key = str(people) + scenario.model_dump_json(
        include={"cost", "persistence", "turnover", "truncation", "risk_scores", "stop_loss"}
    )
    key += str(scenario.elects_stop_loss)
    if key not in _FROZEN:
        _FROZEN[key] = slot_laws(scenario)
    return _FROZEN[key]


class Tables(NamedTuple):
    """A SlotLaw as nested lists of Python integers."""

    costs: list[list[list[int]]]
    classes: list[list[int]]
    death_thresholds: list[int]
    leave_threshold: int
    drift_threshold: int
    truncation: int
    scores: list[int]
    coded: list[list[bool]]
    recoveries: list[list[list[int]]]


def as_integers(law: SlotLaw) -> Tables:
    return Tables(
        law.costs.tolist(),
        law.classes.tolist(),
        law.death_thresholds.tolist(),
        int(law.leave_threshold),
        int(law.drift_threshold),
        int(law.truncation),
        law.scores.tolist(),
        law.coded.tolist(),
        (0 * law.costs if law.recoveries is None else law.recoveries).tolist(),
    )


def splitmix64(z: int) -> int:
    """The finaliser of splitmix64 (Stafford's variant 13)."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK_64
    return z ^ (z >> 31)


def stream_key(seed: int, world: int, purpose: int, year: int) -> int:
    """Seed, world, purpose and year stirred in one after the other, each as a step of splitmix64."""
    key = splitmix64(seed)
    for number in (world, purpose, year):
        key = splitmix64((key + (number + 1) * GOLDEN_GAMMA) & MASK_64)
    return key


def word_of(key: int, slot: int) -> int:
    return splitmix64((key + slot * GOLDEN_GAMMA) & MASK_64)


class Fields(NamedTuple):
    """What one word says: high half [ move 15 | class 11 | death 6 ], low half [ cost 24 | death 8 ]."""

    move: int
    class_draw: int
    death: int
    cost: int


def fields_of(word: int) -> Fields:
    return Fields(
        move=word >> 49,
        class_draw=(word >> 38) & 0x7FF,
        death=((word >> 32) & 0x3F) << 8 | word & 0xFF,
        cost=(word >> 8) & 0xFFFFFF,
    )


def cell_of(cost: int) -> int:
    """Exponent and three mantissa bits of the odd integer ``cost | 1``."""
    odd = cost | 1
    exponent = odd.bit_length() - 1
    return 8 * exponent + (odd * 8 >> exponent) - 8


class PersonYear(NamedTuple):
    """One slot in one year; measures in the order of MEASURES, then who held the slot."""

    dollars: int
    truncated_dollars: int
    absent_units: int
    died: int
    left: int
    score_units: int
    recovered_dollars: int
    health_class: int


def slot_years(tables: Tables, keys: list[int], slot: int) -> Iterator[PersonYear]:
    """The years of one slot, given the key of each year."""
    health_class, coded, next_draw = -1, False, INITIAL
    for key in keys:
        fields = fields_of(word_of(key, slot))
        if next_draw is not None:
            health_class = tables.classes[next_draw][fields.class_draw]
            coded = tables.coded[next_draw][fields.class_draw]

        died = fields.death < tables.death_thresholds[health_class]
        row, cell = (1 if died else 0), cell_of(fields.cost)
        dollars = tables.costs[row][health_class][cell]
        recovered = tables.recoveries[row][health_class][cell]
        left = not died and fields.move < tables.leave_threshold

        if died:
            present_units = fields.move >> 10 | 1
            absent_units = 32 - present_units
        else:
            absent_units = 0
        score = tables.scores[1 + health_class if coded else 0] * (32 - absent_units)
        truncated = min(dollars, tables.truncation)
        yield PersonYear(dollars, truncated, absent_units, int(died), int(left), score, recovered, health_class)

        if died or left:
            next_draw = JOINER
        elif fields.move < tables.drift_threshold:
            next_draw = DRIFT
        else:
            next_draw = None


def panel_totals(scenario: Scenario) -> dict[str, Any]:
    """Every total of PanelYears by name, as nested lists with axes (world, panel size, category, year)."""
    laws = {name: as_integers(law) for name, law in frozen_tables(scenario).items()}
    people = slots_by_category(scenario.panel.sizes, scenario.mix).tolist()
    years, categories = scenario.years.total, calibration.CATEGORIES
    totals = {
        name: [[[[0] * years for _ in categories] for _ in people] for _ in range(scenario.worlds)] for name in MEASURES
    }
    for world in range(scenario.worlds):
        for category, name in enumerate(categories):
            keys = [stream_key(scenario.seed, world, category, year) for year in range(years)]
            for slot in range(max(row[category] for row in people)):
                for year, person_year in enumerate(slot_years(laws[name], keys, slot)):
                    for size, row in enumerate(people):
                        if slot < row[category]:
                            for measure, amount in zip(MEASURES, person_year, strict=False):
                                totals[measure][world][size][category][year] += amount
    return totals
