"""Random words: published vectors, distinct streams, fields uniform and independent wherever they are used."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import oracle
import pytest
import reference
from conftest import sized
from scipy import stats

from simdce.kernel.compiled_words import mix
from simdce.kernel.words import GAMMA, keys_of_worlds, mixed, stream_key
from simdce.slot_law import layout

SPLITMIX_1234567 = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)
"""First outputs of splitmix64 seeded with 1234567, as published with Vigna's C code and in Rosetta Code."""

RARE = 1e-6
"""A fixed seed either passes or it does not; a sound generator fails one of a hundred such tests with chance 1e-4."""

U64 = np.uint64
NUMBERS = (0, 1, 2, 63, 2**31, 2**32 - 1, 2**32, 2**63 - 1)


@pytest.fixture(autouse=True)
def _interpreted_words_wrap_too() -> object:
    with np.errstate(over="ignore"):
        yield


def test_published_vectors() -> None:
    seed = np.uint64(1234567)
    counters = (np.arange(1, 6, dtype=np.uint64) * GAMMA + seed).astype(np.uint64)
    assert tuple(int(word) for word in mixed(counters)) == SPLITMIX_1234567
    assert tuple(int(mix(counter)) for counter in counters) == SPLITMIX_1234567
    assert tuple(int(word) for word in reference.splitmix64(counters)) == SPLITMIX_1234567
    gamma = oracle.GOLDEN_GAMMA
    assert tuple(oracle.splitmix64((1234567 + n * gamma) & oracle.MASK_64) for n in range(1, 6)) == SPLITMIX_1234567


@pytest.mark.parametrize(("seed", "world"), list(product(NUMBERS[:: sized(1, 3)], repeat=2)))
def test_keys_agree_with_the_oracle(seed: int, world: int) -> None:
    for purpose, year in ((0, 0), (3, 17), (64, 2), (66, 0)):
        expected = oracle.stream_key(seed, world, purpose, year)
        assert int(stream_key(U64(seed), U64(world), U64(purpose), U64(year))) == expected
        assert int(reference.stream_keys(seed, np.array([world]), purpose, year)[0]) == expected


def test_keys_of_worlds_are_the_stream_keys() -> None:
    for seed, purpose in ((0, 0), (2**63 - 1, 66)):
        keys = keys_of_worlds(seed, 5, purpose, 4)
        expected = [[oracle.stream_key(seed, world, purpose, year) for year in range(4)] for world in range(5)]
        assert keys.tolist() == expected


def test_no_two_streams_share_a_key() -> None:
    """Nor does any key stand within a million slots of another, where two streams would run alike."""
    seeds, purposes, worlds, years = (0, 1, 2, 3, 2**40), (0, 1, 2, 3, 64, 65, 66), 300, 18
    keys = np.concatenate([keys_of_worlds(s, worlds, p, years).ravel() for s in seeds for p in purposes])
    assert len(np.unique(keys)) == len(keys)
    inverse = pow(oracle.GOLDEN_GAMMA, -1, 2**64)  # in steps of the counter, from a common origin
    steps = np.sort(keys * U64(inverse))
    # 189,000 keys on a circle of 2^64: a pair within 10^6 steps has chance 189000^2 * 10^6 / 2^64 = 0.2%
    assert (np.diff(steps) > 10**6).all()


@pytest.mark.parametrize("place", ["seed", "world", "purpose", "year"])
def test_each_part_of_a_key_moves_half_of_its_bits(place: str) -> None:
    names = ("seed", "world", "purpose", "year")
    bits = []
    for number in range(200):
        parts = dict.fromkeys(names, 1)
        first = oracle.stream_key(*parts.values())
        parts[place] = 2 + number
        bits.append((first ^ oracle.stream_key(*parts.values())).bit_count())
    # 64 fair bits have mean 32 and variance 16
    z = (np.mean(bits) - 32) / np.sqrt(16 / len(bits))
    assert 2 * stats.norm.sf(abs(z)) > RARE


def test_fields_of_a_word_agree_with_the_oracle() -> None:
    words = reference.splitmix64(np.arange(1, 3000, dtype=np.uint64) * GAMMA)
    for word in words.tolist():
        fields = oracle.fields_of(word)
        back = fields.move << 49 | fields.class_draw << 38 | fields.death >> 8 << 32
        assert back | fields.cost << 8 | fields.death & 0xFF == word  # every bit is used once
    split = np.array([oracle.fields_of(word) for word in words.tolist()])
    np.testing.assert_array_equal(split[:, 0], reference.field(words, 49, 15))
    np.testing.assert_array_equal(split[:, 1], reference.field(words, 38, 11))
    np.testing.assert_array_equal(split[:, 3], reference.field(words, 8, 24))
    sizes = [layout.MOVE_BITS, layout.CLASS_BITS, layout.DEATH_BITS, layout.COST_BITS]
    assert (split.max(axis=0) < 1 << np.array(sizes)).all()


# ------------------------------------------------------------------------------------------------ statistics

WORLDS, YEARS, SLOTS = 50, 4, 2000
FIELDS = ("move", "class_draw", "death", "cost")


@pytest.fixture(scope="module")
def uniforms() -> dict[str, np.ndarray]:
    """Every field of 400,000 words as a number in (0, 1); axes (world, year, slot)."""
    found = {name: np.zeros((WORLDS, YEARS, SLOTS)) for name in FIELDS}
    for year in range(YEARS):
        words = reference.words_of(reference.stream_keys(1, np.arange(WORLDS), 3, year), np.arange(SLOTS))
        fields = {
            "move": (reference.field(words, 49, 15), 15),
            "class_draw": (reference.field(words, 38, 11), 11),
            "death": ((reference.field(words, 32, 6) << 8) + reference.field(words, 0, 8), 14),
            "cost": (reference.field(words, 8, 24), 24),
        }
        for name, (integers, bits) in fields.items():
            found[name][:, year] = (integers + 0.5) / 2.0**bits
    return found


def uniformity(values: np.ndarray, cells: int) -> float:
    """p of the chi-square test of equal counts."""
    counts = np.bincount((values.ravel() * cells).astype(int), minlength=cells)
    return float(stats.chisquare(counts).pvalue)


def independence(first: np.ndarray, second: np.ndarray, cells: int = 16) -> float:
    """p of the chi-square test of equal counts on a square of cells: uniform and independent together."""
    pairs = (first.ravel() * cells).astype(int) * cells + (second.ravel() * cells).astype(int)
    return float(stats.chisquare(np.bincount(pairs, minlength=cells * cells)).pvalue)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("cells", [32, 2048])
def test_fields_are_uniform(uniforms: dict[str, np.ndarray], name: str, cells: int) -> None:
    p = uniformity(uniforms[name], cells)
    assert RARE < p < 1 - RARE


@pytest.mark.parametrize("name", FIELDS)
def test_low_bits_of_fields_are_uniform(uniforms: dict[str, np.ndarray], name: str) -> None:
    bits = {"move": 15, "class_draw": 11, "death": 14, "cost": 24}[name]
    low = np.floor(uniforms[name] * 2**bits) % 32 / 32
    assert RARE < uniformity(low, 32) < 1 - RARE


def test_the_top_of_cost_is_as_frequent_as_it_should_be(uniforms: dict[str, np.ndarray]) -> None:
    """The smallest cost field is the dearest person-year: counts by octave of the tail down to 2^-14."""
    octave = np.minimum(np.floor(-np.log2(uniforms["cost"].ravel())), 14).astype(int)
    share = 2.0 ** -np.arange(1, 16)
    share[-1] *= 2
    counts = np.bincount(octave, minlength=15)
    assert RARE < stats.chisquare(counts, share * octave.size).pvalue < 1 - RARE


@pytest.mark.parametrize(("first", "second"), list(combinations(FIELDS, 2)))
def test_fields_of_one_word_are_independent(uniforms: dict[str, np.ndarray], first: str, second: str) -> None:
    assert RARE < independence(uniforms[first], uniforms[second]) < 1 - RARE


@pytest.mark.parametrize(("first", "second"), list(product(FIELDS, FIELDS)))
def test_fields_are_independent_of_the_next_slot_year_and_world(
    uniforms: dict[str, np.ndarray], first: str, second: str
) -> None:
    a, b = uniforms[first], uniforms[second]
    lags = {
        "slot": (a[:, :, :-1], b[:, :, 1:]),
        "7 slots": (a[:, :, :-7], b[:, :, 7:]),
        "64 slots": (a[:, :, :-64], b[:, :, 64:]),
        "year": (a[:, :-1], b[:, 1:]),
        "2 years": (a[:, :-2], b[:, 2:]),
        "world": (a[:-1], b[1:]),
    }
    for name, (here, there) in lags.items():
        p = independence(here, there)
        assert RARE < p < 1 - RARE, name


def test_fields_are_independent_of_the_same_slot_of_another_category_and_seed() -> None:
    def cost(seed: int, purpose: int) -> np.ndarray:
        keys = reference.stream_keys(seed, np.arange(WORLDS), purpose, 0)
        return (reference.field(reference.words_of(keys, np.arange(SLOTS)), 8, 24) + 0.5) / 2**24

    plain = cost(1, 3)
    for seed, purpose in ((1, 2), (1, 64), (2, 3), (0, 3)):
        assert RARE < independence(plain, cost(seed, purpose)) < 1 - RARE, (seed, purpose)


def test_sums_over_a_panel_vary_as_independent_slots_would() -> None:
    """A faint dependence between slots would show in the variance of panel means: chi-square on its ratio."""
    worlds, slots = 2000, 500
    words = reference.words_of(reference.stream_keys(9, np.arange(worlds), 0, 0), np.arange(slots))
    for lowest, bits in ((49, 15), (38, 11), (8, 24)):
        means = ((reference.field(words, lowest, bits) + 0.5) / 2.0**bits).mean(axis=1)
        ratio = ((means - 0.5) ** 2).sum() * 12 * slots
        assert 2 * min(stats.chi2.sf(ratio, worlds), stats.chi2.cdf(ratio, worlds)) > RARE
