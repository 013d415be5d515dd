"""The words of ``words.py``, and the bits of a float, inside compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

from simdce.kernel.words import mixed

INLINE: dict[str, Any] = {"forceinline": True, "error_model": "numpy"}

inlined: Callable[[Callable[..., Any]], Callable[..., Any]] = njit(**INLINE)
"""Compiles a function for LLVM to put where it is called: as fast as inlining by numba, in two thirds of the time."""

mix = inlined(mixed)

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
