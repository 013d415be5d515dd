"""Totals of simulated worlds in as few bytes as they need; what is done of a simulation, should it be interrupted.

Held narrow, read wide: a difference of narrow unsigned integers would wrap, so that readers are given int64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


KINDS: dict[np.dtype[Any], int] = {
    np.dtype(np.uint16): 2**16 - 1,
    np.dtype(np.uint32): 2**32 - 1,
    np.dtype(np.int64): 2**63 - 1,
}
"""Types that totals are held in, the narrowest first, with the largest number of each."""


def narrowest(largest: int) -> np.dtype[Any]:
    """The narrowest type that holds whole numbers from 0 to ``largest``."""
    return next(kind for kind, most in KINDS.items() if largest <= most)


def narrowed(numbers: NDArray[Any]) -> NDArray[Any]:
    """The same whole numbers in the narrowest type that holds them; as they are where some are negative."""
    if numbers.dtype.kind == "u" or numbers.size == 0 or numbers.min() < 0:
        return numbers
    return numbers.astype(narrowest(int(numbers.max())), copy=False)


class Narrow:
    """A field of whole numbers, held in as few bytes as they need and read as a copy of int64."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> Integers:
        if instance is None:
            raise AttributeError(self.name)  # so that a data class sees no default
        found: Integers = vars(instance)[self.name].astype(np.int64)
        return found

    def __set__(self, instance: object, value: NDArray[Any]) -> None:
        vars(instance)[self.name] = narrowed(value)


class NarrowOrNone:
    """The same, for a field that may be None."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> Integers | None:
        if instance is None:
            raise AttributeError(self.name)
        held = vars(instance)[self.name]
        return None if held is None else held.astype(np.int64)

    def __set__(self, instance: object, value: NDArray[Any] | None) -> None:
        vars(instance)[self.name] = None if value is None else narrowed(value)


@dataclass
class Totals:
    """What is there of a simulation: by measure (world, panel size, category, year), one panel size after the other in
    memory, and which calls of the kernel are in it (call,)."""

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    done: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    writing: Any = field(default_factory=Lock, repr=False, compare=False)

    def begin(self, wanted: Mapping[str, tuple[int, ...]], calls: int) -> None:
        """Make room for totals of these shapes, unless they are there to go on with."""
        if {name: array.shape for name, array in self.arrays.items()} == wanted and len(self.done) == calls:
            return
        self.done = np.zeros(calls, np.bool_)
        self.arrays = {}
        for name, (worlds, sizes, *others) in wanted.items():
            self.arrays[name] = np.zeros((sizes, worlds, *others), narrowest(0)).swapaxes(0, 1)

    def put(self, call: int, where: tuple[Any, ...], found: Mapping[str, Integers]) -> None:
        """Store what a call found; a measure whose numbers become too large is held wider from then on."""
        with self.writing:
            for name, numbers in found.items():
                held, largest = self.arrays[name], int(numbers.max(initial=0))
                if largest > KINDS[held.dtype]:
                    held = self.arrays[name] = held.astype(narrowest(largest))
                held[where] = numbers
            self.done[call] = True
