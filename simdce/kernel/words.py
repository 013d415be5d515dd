"""Random words as a function of where they are used: splitmix64 of a key and a counter, no stream and no state.

The finaliser is variant 13 of Stafford as used in splitmix64 (Steele, Lea & Flood, OOPSLA 2014); a counter times the
golden gamma is its input, so any word can be made alone and in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GAMMA = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
ONE = np.uint64(1)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(z: Any) -> Any:
    """The splitmix64 finaliser of uint64 words, one or an array."""
    z = (z ^ (z >> _30)) * FIRST
    z = (z ^ (z >> _27)) * SECOND
    return z ^ (z >> _31)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """One or the other, for numbers or for arrays; compiled code has numbers."""
    return np.where(condition, yes, no)[()]


def float_bits(x: Any) -> Any:
    """The 32 bits of float32 numbers, one or an array."""
    return x.view(np.uint32)


def stream_key(seed: Any, world: Any, purpose: Any, year: Any) -> Any:
    """The key of the words of a world, purpose and year; slot i takes ``mixed(key + i * GAMMA)``. All uint64."""
    key = mixed(mixed(seed) + (world + ONE) * GAMMA)
    key = mixed(key + (purpose + ONE) * GAMMA)
    return mixed(key + (year + ONE) * GAMMA)


def keys_of_worlds(seed: int, worlds: int, purpose: int, years: int, first: int = 0) -> NDArray[np.uint64]:
    """The same keys of ``worlds`` worlds from ``first`` on: shape (world, year)."""
    world = np.arange(first, first + worlds, dtype=np.uint64)[:, None]
    year = np.arange(years, dtype=np.uint64)[None, :]
    with np.errstate(over="ignore"):
        return np.asarray(stream_key(np.uint64(seed), world, np.uint64(purpose), year))
