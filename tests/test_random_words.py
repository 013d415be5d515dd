"""The words handed to a battery of tests are the kernel's; keys that no two streams share; neighbours bit by bit.

Published vectors and fields are in test_words.py, sums of the kernel against the exact law in test_exact.py, what
dieharder said in benchmarks/random.
"""

from __future__ import annotations

from itertools import islice
from math import comb

import numpy as np
import oracle
import pytest
from conftest import sized
from scipy import stats

from benchmarks import dieharder, random_words
from simdce.kernel.words import GAMMA, keys_of_worlds, mixed, stream_key

RARE = 1e-6


@pytest.fixture(autouse=True)
def _interpreted_words_wrap_too() -> object:
    with np.errstate(over="ignore"):
        yield


def word(seed: int, world: int, category: int, year: int, slot: int) -> int:
    key = oracle.stream_key(seed, world, category, year)
    return oracle.splitmix64((key + slot * oracle.GOLDEN_GAMMA) & oracle.MASK_64)


# ------------------------------------------------------------------------------------------------ the stream


def test_words_by_slots_are_those_of_a_world_a_category_and_a_year_after_the_other() -> None:
    chunks = list(islice(random_words.by_slots(7), 50))  # two a year, twelve a category, 48 a world
    assert chunks[0][:3].tolist() == [word(7, 0, 0, 0, slot) for slot in range(3)]
    assert int(chunks[3][9]) == word(7, 0, 0, 1, 50_009)
    assert int(chunks[12 + 4][5]) == word(7, 0, 1, 2, 5)
    assert int(chunks[48][0]) == word(7, 1, 0, 0, 0)


def test_words_by_years_are_those_of_a_slot_year_by_year() -> None:
    first, second = islice(random_words.by_years(7), 2)
    assert first[:14].tolist() == [word(7, 0, 0, n % 6, n // 6) for n in range(14)]
    assert int(second[1]) == word(7, 0, 0, 1, len(first) // 6)


def test_words_by_worlds_and_by_seeds_are_those_of_one_slot() -> None:
    chunks = list(islice(random_words.by_worlds(7), 21))
    assert int(chunks[1][4]) == word(7, 50_004, 0, 0, 0)
    assert int(chunks[20][4]) == word(7, 4, 0, 0, 1)
    chunks = list(islice(random_words.by_seeds(7), 21))
    assert int(chunks[1][4]) == word(7 + 50_004, 0, 0, 0, 0)
    assert int(chunks[20][4]) == word(7 + 4, 0, 0, 0, 1)


def test_fields_taken_are_the_oracles_bit_by_bit() -> None:
    words = next(random_words.by_slots(3))[:64]
    split = [oracle.fields_of(each) for each in words.tolist()]
    wanted = {
        "cost": (24, [each.cost for each in split]),
        "class": (11, [each.class_draw for each in split]),
        "death": (14, [each.death for each in split]),
        "move": (15, [each.move for each in split]),
        "low": (32, [each & (2**32 - 1) for each in words.tolist()]),
        "high": (32, [each >> 32 for each in words.tolist()]),
        "words": (64, words.tolist()),
    }
    for take, (bits, values) in wanted.items():
        as_one = sum(value << n * bits for n, value in enumerate(values))
        assert random_words.taken(words, take) == as_one.to_bytes(64 * bits // 8, "little"), take


def test_reports_are_read_as_dieharder_writes_them() -> None:
    lines = """
        diehard_craps|   0|    200000|     100|0.63245771|  PASSED  -d 16
           sts_serial|  12|    100000|     100|0.00412345|   WEAK   -d 102
      rgb_lagged_sum|   3|   1000000|     100|0.00000000|  FAILED   -d 203
    """
    values = dieharder.p_values(lines)
    assert values == [0.63245771, 0.00412345, 0.0]
    assert dieharder.verdict(values).startswith("3 p-values: 1 weak (0.0 expected of perfect words), 1 failed")


def test_every_test_of_the_battery_is_asked_for_once() -> None:
    asked = list(dieharder.tests(short=False))
    assert len(set(asked)) == len(asked)
    assert {int(each[1]) for each in asked} == {*range(18), 100, 101, 102, *range(200, 210)}
    assert sum(each[1] == "203" for each in asked) == 33


# ------------------------------------------------------------------------------------------------ overlap of keys

CATEGORIES, YEARS = 4, 6


@pytest.fixture(scope="module")
def steps() -> np.ndarray:
    """Keys of 10^6 worlds x 4 categories x 6 years, sorted, in steps of the slot counter from a common origin."""
    inverse = np.uint64(pow(oracle.GOLDEN_GAMMA, -1, 2**64))
    worlds = sized(10**6, 10**5)
    found = np.empty((CATEGORIES, worlds, YEARS), np.uint64)
    with np.errstate(over="ignore"):
        for category in range(CATEGORIES):
            found[category] = keys_of_worlds(1, worlds, category, YEARS)
        found *= inverse
    flat = found.reshape(-1)
    flat.sort()
    return flat


def test_no_key_is_used_twice(steps: np.ndarray) -> None:
    """Of 24 million random keys a pair is equal with chance 24e6^2 / 2 / 2^64 = 0.000016; here none is."""
    assert not (steps[1:] == steps[:-1]).any()


@pytest.mark.parametrize("slots", [100_000, 1_000_000, 10_000_000])
def test_streams_run_into_each_other_as_seldom_as_random_keys_would(steps: np.ndarray, slots: int) -> None:
    """Two streams share words where their keys are less than ``slots`` steps apart: a Poisson number of pairs.

    With 100,000 slots in every category, 3.1 pairs of the 24 million are to be expected, each of a single year of two
    worlds and with the words of one slot at another slot: harmless, and counted here exactly.
    """
    pairs, further = 0, 1
    while True:  # neighbours, then those two apart and so on, round the circle
        close = int((steps[further:] - steps[:-further] < slots).sum())
        close += int((steps[:further] - steps[-further:] < slots).sum())
        pairs, further = pairs + close, further + 1
        if close == 0:
            break
    expected = comb(len(steps), 2) * (2 * slots - 1) / 2**64
    assert 2 * min(stats.poisson.sf(pairs - 1, expected), stats.poisson.cdf(pairs, expected)) > 1e-4, (pairs, expected)


# ------------------------------------------------------------------------------------------------ neighbours

COUNT = sized(400_000, 100_000)


def neighbours(place: str, distance: int) -> tuple[np.ndarray, np.ndarray]:
    """Words at many places, and those a ``distance`` further along ``place``."""
    rest = np.arange(COUNT, dtype=np.uint64)
    here = {"seed": rest * 0 + 1, "world": rest * 0, "category": rest * 0, "year": rest * 0, "slot": rest * 0}
    here[place if place in ("seed", "world", "slot") else "world"] = rest  # all words differ
    there = {name: values + np.uint64(distance * (name == place)) for name, values in here.items()}

    def words(at: dict[str, np.ndarray]) -> np.ndarray:
        keys = stream_key(at["seed"], at["world"], at["category"], at["year"])
        return np.asarray(mixed(keys + at["slot"] * GAMMA))

    return words(here), words(there)


def signs(words: np.ndarray) -> np.ndarray:
    """Bits as -1 and 1; axes (word, bit)."""
    bits = np.unpackbits(words.astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    return bits.astype(np.float32) * 2 - 1


PLACES = [(place, distance) for place in ("seed", "world", "category", "year", "slot") for distance in (1, 2, 16)]


@pytest.mark.parametrize(("place", "distance"), PLACES)
def test_every_bit_is_uncorrelated_with_every_bit_of_a_neighbour(place: str, distance: int) -> None:
    """64 x 64 correlations: the largest, and the sum of squares, a chi-square of 4,096 degrees of freedom."""
    first, second = neighbours(place, distance)
    z = signs(first).T @ signs(second) / np.sqrt(COUNT)
    assert 2 * stats.norm.sf(np.abs(z).max()) * z.size > RARE
    total = float((z.astype(float) ** 2).sum())
    assert 2 * min(stats.chi2.sf(total, z.size), stats.chi2.cdf(total, z.size)) > RARE


@pytest.mark.parametrize(("place", "distance"), PLACES)
def test_neighbours_differ_in_half_of_their_bits(place: str, distance: int) -> None:
    """The number of differing bits is binomial, in the mean and in its whole law."""
    first, second = neighbours(place, distance)
    differing = np.bitwise_count(first ^ second)
    law = stats.binom(64, 0.5)
    cells = np.arange(20, 45)
    expected = np.array([law.cdf(20), *law.pmf(cells[1:-1]), law.sf(43)]) * COUNT
    found = np.bincount(np.clip(differing, 20, 44) - 20, minlength=25)
    assert stats.chisquare(found, expected).pvalue > RARE


def test_a_bad_mixer_is_found() -> None:
    """Bits of a mixer without its second half give themselves away in the neighbouring slot."""
    key = stream_key(*map(np.uint64, (1, 0, 0, 0)))
    counters = key + np.arange(COUNT, dtype=np.uint64) * GAMMA
    weak = (counters ^ counters >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = signs(weak[:-1]).T @ signs(weak[1:]) / np.sqrt(COUNT)
    assert 2 * stats.norm.sf(np.abs(z).max()) * z.size < RARE
