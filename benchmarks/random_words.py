"""The very words the kernel uses, as an endless stream of bytes for a battery of tests.

    python -m benchmarks.random_words [--order slots] [--take words] [--seed 1] | dieharder -a -g 200

``--order`` says which words are neighbours. ``slots``: a world, category and year after the other, its 100,000 slots in
a row; ``years``: slot by slot, the six years of each in a row, as a slot lives them; ``worlds``: slot by slot, a
million worlds in a row; ``seeds``: slot by slot, a million seeds in a row. ``--take`` says what of each 64-bit word:
``words`` all of it, ``low`` and ``high`` its halves, or one of the fields, its bits packed: ``cost``, ``class``,
``death``, ``move``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce.kernel.words import GAMMA, keys_of_worlds, mixed, stream_key
from simdce.slot_law import layout

Words = NDArray[np.uint64]
CATEGORIES, YEARS, SLOTS, ABREAST, CHUNK = 4, 6, 100_000, 1_000_000, 50_000


def _shifted(by: int) -> Callable[[Any], Any]:
    return lambda words: words >> np.uint64(by)


def _death(words: Any) -> Any:
    low = layout.DEATH_BITS - 6  # six bits above the cost, the others below it
    return (words >> np.uint64(32)) << np.uint64(low) | words & np.uint64((1 << low) - 1)


FIELDS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "cost": (layout.COST_BITS, _shifted(32 - layout.COST_BITS)),
    "class": (layout.CLASS_BITS, _shifted(38)),
    "death": (layout.DEATH_BITS, _death),
    "move": (layout.MOVE_BITS, _shifted(64 - layout.MOVE_BITS)),
}
"""Bits of each field, and words with the field in their lowest bits."""


def _of_key(key: np.uint64, first: int, last: int) -> Words:
    return np.asarray(mixed(key + np.arange(first, last, dtype=np.uint64) * GAMMA))


def by_slots(seed: int) -> Iterator[Words]:
    for world in count():
        for category in range(CATEGORIES):
            for key in keys_of_worlds(seed, 1, category, YEARS, world)[0]:
                for first in range(0, SLOTS, CHUNK):
                    yield _of_key(key, first, first + CHUNK)


def by_years(seed: int) -> Iterator[Words]:
    for world in count():
        for category in range(CATEGORIES):
            keys = keys_of_worlds(seed, 1, category, YEARS, world)
            for first in range(0, SLOTS, CHUNK // YEARS):
                slots = np.arange(first, min(SLOTS, first + CHUNK // YEARS), dtype=np.uint64)
                yield np.asarray(mixed(keys + slots[:, None] * GAMMA)).ravel()


def _abreast(keys: Callable[[int, int], Words]) -> Iterator[Words]:
    """Slot by slot, the words of keys in a row; ``keys`` of a category, year after year."""
    for turn in count():
        of_turn = keys(turn % CATEGORIES, turn // CATEGORIES)
        for slot in range(SLOTS):
            for first in range(0, ABREAST, CHUNK):
                yield np.asarray(mixed(of_turn[first : first + CHUNK] + np.uint64(slot) * GAMMA))


def by_worlds(seed: int) -> Iterator[Words]:
    return _abreast(lambda category, year: keys_of_worlds(seed, ABREAST, category, year + 1)[:, year].copy())


def by_seeds(seed: int) -> Iterator[Words]:
    """Of world 0."""
    seeds = np.arange(seed, seed + ABREAST, dtype=np.uint64)
    return _abreast(lambda category, year: np.asarray(stream_key(seeds, *map(np.uint64, (0, category, year)))))


ORDERS = {"slots": by_slots, "years": by_years, "worlds": by_worlds, "seeds": by_seeds}


def packed(values: Any, bits: int) -> bytes:
    """The lowest ``bits`` of each number one after the other, the lowest first."""
    found = np.asarray(values).astype("<u8").view(np.uint8).reshape(-1, 8)[:, : -(-bits // 8)]
    if bits % 8:
        found = np.packbits(np.unpackbits(found, axis=1, count=bits, bitorder="little").ravel(), bitorder="little")
    return found.tobytes()


def taken(words: Words, take: str) -> bytes:
    """What of words is tested, as bytes; a whole number of them where the words are a multiple of eight."""
    if take in FIELDS:
        bits, in_lowest = FIELDS[take]
        return packed(in_lowest(words), bits)
    return packed(words >> np.uint64(32 if take == "high" else 0), 64 if take == "words" else 32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--order", choices=ORDERS, default="slots")
    parser.add_argument("--take", choices=("words", "low", "high", *FIELDS), default="words")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with np.errstate(over="ignore"):
        try:
            for words in ORDERS[options.order](options.seed):
                sys.stdout.buffer.write(taken(words, options.take))
        except BrokenPipeError:  # the battery has had enough
            sys.stderr.close()


if __name__ == "__main__":
    main()
