"""Random words as a function of where they are used: splitmix64 of a key and a counter, no stream and no state.

The finaliser is variant 13 of Stafford as used in splitmix64 (Steele, Lea & Flood, OOPSLA 2014); a counter times the
golden gamma is its input, so any word can be made alone and in any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
ONE = np.uint64(1)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(z: Any) -> Any:
    """The splitmix64 finaliser of uint64 words, one or an array."""
    z = (z ^ (z >> _30)) * _FIRST
    z = (z ^ (z >> _27)) * _SECOND
    return z ^ (z >> _31)


mix = njit(inline="always")(mixed)
"""The same for one word inside compiled code."""


@njit(inline="always")
def stream_key(seed: Any, world: Any, purpose: Any, year: Any) -> Any:
    """The key of the words of one world, purpose and year; slot i takes ``mix(key + i * GAMMA)``. All uint64."""
    key = mix(mix(seed) + (world + ONE) * GAMMA)
    key = mix(key + (purpose + ONE) * GAMMA)
    return mix(key + (year + ONE) * GAMMA)


def keys_of_worlds(seed: int, worlds: int, purpose: int, years: int) -> NDArray[np.uint64]:
    """The same keys for arrays, in NumPy: shape (world, year)."""
    world = np.arange(1, worlds + 1, dtype=np.uint64)[:, None] * GAMMA
    year = np.arange(1, years + 1, dtype=np.uint64)[None, :] * GAMMA
    with np.errstate(over="ignore"):
        key = mixed(mixed(np.uint64(seed)) + world)
        key = mixed(key + np.uint64(purpose + 1) * GAMMA)
        return np.asarray(mixed(key + year))


if config.DISABLE_JIT:  # type: ignore[attr-defined]

    def float_bits(x: Any) -> Any:
        """The 32 bits of a float32."""
        return x.view(np.uint32)

else:

    @intrinsic
    def float_bits(typing_context: Any, x: Any) -> Any:
        """The 32 bits of a float32: one bitcast, which vectorises where ``view`` does not."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], context.get_value_type(types.uint32))

        return types.uint32(types.float32), generate
