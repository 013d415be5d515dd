"""The kernel in explicit vector instructions: slots side by side in lanes, written as LLVM text without numba.

Reason: compilers turn the plain loop into hardware gathers, which AMD processors take apart slowly, or, without
AVX-512, into no vectors at all. Here two or four vectors go side by side so that one works while others wait; table
entries are fetched one by one, twice as fast as a gather, and dollars beside truncated dollars in one 64-bit word that
is added where it is fetched. The years are a loop with its sums in memory: the text does not grow with them and
compiles in 0.15 s, where the plain loop takes numba and 3 to 16 s.

Gain over the plain loop on one thread of a Zen 5, benchmarks/kernel.py, November 2026: 1.8 times for job W2 and 2.2
times for the default model with AVX-512, 6 times for W2 compiled for AVX2.
Tests: tests/test_vector.py. The page to read is person_year.py: names and fields of the word are the same, and each
process compares the digest of a small job before it uses this one (self_test.py).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from simdce.kernel.lanes import I32, I64, P32, P64, Lanes, Writer, constant
from simdce.kernel.tables import DEATH_SHIFT, ROW_BITS, SlotTables
from simdce.kernel.words import FIRST, GAMMA, SECOND
from simdce.slot_law import layout

SYMBOL = "simdce_panels"
ABREAST = 32
"""Slots that go side by side: two vectors of 16 lanes, or four of 8 (half or twice as many are slower)."""

_EXPONENT_ZERO = 127 << layout.MANTISSA_BITS
_LATE = layout.YEAR_UNITS - 2

_COUNTS = {"deaths": (0, 9), "departures": (9, 9), "absent_units": (18, 13)}
"""Three counts share a lane: lowest bit and width of each. A lane sees _MOST person-years of at most 31 units."""
_MOST = 256
_MOST_KEPT = 64


class VectorTables(NamedTuple):
    """SlotTables as lanes fetch them.

    ``people``: uint64, the person and, above, the score of the grade; ``pairs``: uint64 by cell of the cost table,
    truncated dollars and, from bit ``shift``, dollars, so that ``slots`` of them can be summed in one word, and a last
    entry of nothing; ``recoveries``: uint64 likewise.
    """

    people: NDArray[np.uint64]
    pairs: NDArray[np.uint64]
    recoveries: NDArray[np.uint64]
    shift: int
    slots: int


def prepared(tables: SlotTables, lanes: int) -> VectorTables:
    """Tables for vectors of ``lanes``."""
    cells = int(tables.recoveries) or len(tables.costs)
    dollars = tables.costs[:cells].astype(np.uint64)
    recoveries = tables.costs[cells:].astype(np.uint64)
    truncated = np.minimum(dollars, np.uint64(tables.truncation))
    grades = tables.classes >> np.uint32(ROW_BITS) & np.uint32(31)
    scores = np.append(tables.scores, np.zeros(32, np.uint32))[grades].astype(np.uint64)
    shared = (64 - int(dollars.max()).bit_length() - int(truncated.max()).bit_length()) // 2
    of_a_lane = min(_MOST, (2**32 - 1) // max(1, layout.YEAR_UNITS * int(tables.scores.max())))
    slots = min(1 << shared, lanes * of_a_lane)
    shift = (slots * int(truncated.max())).bit_length()
    return VectorTables(
        scores << np.uint64(32) | tables.classes,
        np.append(dollars << np.uint64(shift) | truncated, np.uint64(0)),
        np.append(recoveries, np.uint64(0)),
        shift,
        slots,
    )


class _Kernel(Writer):
    """Writes the driver over worlds, segments and steps of slots; arguments as ``of_arrays`` gives them."""

    def __init__(self, years: int, measures: tuple[str, ...], lanes: int) -> None:
        self.years, self.measures = years, measures
        self.scored, self.recovers = "score_units" in measures, "recovered_dollars" in measures
        arguments = {
            "keys": P64,
            "worlds": I64,
            "people": P64 if self.scored else P32,
            "pairs": P64,
            "recoveries": P64,
            "shift": I64,
            **dict.fromkeys(("decedents", "leave", "drift", "nothing"), I32),
            "edges": P64,
            "segments": I64,
            "block": I64,
            "totals": P64,
        }
        given = self.begin(SYMBOL, arguments, lanes)
        b = self.b
        self.decedents, self.leave, self.drift, self.nothing = (
            self.in_every_lane(given[name]) for name in ("decedents", "leave", "drift", "nothing")
        )
        self.people = given["people"]
        fetched = ("pairs", "recoveries") if self.recovers else ("pairs",)
        self.fetched = {name: self.at(given[name], I64(-_EXPONENT_ZERO)) for name in fetched}
        in_lanes = ("counts", "score_units") if self.scored else ("counts",)
        self.sums = {name: b.alloca(I64, years) for name in fetched}
        self.sums |= {name: b.alloca(self.narrow, years) for name in in_lanes}
        self.enter()
        self.write(
            **{name: given[name] for name in ("keys", "worlds", "edges", "segments", "block", "shift", "totals")}
        )

    def write(self, keys: Any, worlds: Any, edges: Any, segments: Any, block: Any, shift: Any, totals: Any) -> None:
        b = self.b
        with self.loop(I64(0), worlds, I64(1)) as world, self.loop(I64(0), segments, I64(1)) as segment:
            first, last = (b.load(self.at(edges, b.add(segment, I64(n)))) for n in (0, 1))
            of_world = self.at(keys, b.mul(world, I64(self.years)))
            place = b.mul(b.add(b.mul(world, segments), segment), I64(self.years * len(self.measures)))
            with self.loop(first, last, block) as begin:
                left = b.sub(last, begin)
                slots = b.select(b.icmp_signed("<", left, block), left, block)
                self.clear()
                whole = b.and_(slots, I64(-ABREAST))
                with self.loop(I64(0), whole, I64(ABREAST)) as done:
                    self.step(b.add(begin, done), None, of_world)
                with self.loop(whole, slots, I64(ABREAST)) as done:
                    self.step(b.add(begin, done), b.trunc(b.sub(slots, done), I32), of_world)
                self.flush(self.at(totals, place), shift)
        b.ret_void()

    def step(self, slot: Any, count: Any, keys: Any) -> None:
        """ABREAST slots through all years; of the last ones only ``count`` are anybody."""
        b, gamma = self.b, int(GAMMA)
        vectors = range(ABREAST // self.lanes)
        order = [[gamma * (v * self.lanes + n) for n in half] for v in vectors for half in self.halves()]
        counters = Lanes(b, [constant(self.wide, each) for each in order])
        counters = counters + self.in_every_lane(b.mul(slot, I64(gamma)))
        somebody = None
        if count is not None:
            numbers = [[v * self.lanes + n for n in range(self.lanes)] for v in vectors]
            somebody = Lanes(b, [constant(self.narrow, each) for each in numbers]) < self.in_every_lane(count)
        nothing = Lanes(b, [constant(self.narrow, 0) for _ in vectors])
        nobody = (nothing, *([nothing] if self.scored else []), nothing, nothing < 1)
        held = [[self.variable(each) for each in state.values] for state in nobody]
        with self.loop(I64(0), I64(self.years), I64(1)) as year:
            now = [Lanes(b, [b.load(place) for place in places]) for places in held]
            for state, places in zip(self.year(year, keys, counters, somebody, now), held, strict=True):
                for value, place in zip(state.values, places, strict=True):
                    b.store(value, place)

    def year(self, year: Any, keys: Any, counters: Lanes, somebody: Any, held: Any) -> tuple[Lanes, ...]:
        """A year of ABREAST slots into the sums; returns who goes on: person, score, kind of draw, if one is due."""
        low, high = self.words(counters + self.in_every_lane(self.b.load(self.at(keys, year))))
        draw = high >> 6 & (1 << layout.CLASS_BITS) - 1
        *people, kind, due = held
        people = [due.where(new, old) for new, old in zip(self.drawn(draw + kind), people, strict=True)]
        person = people[0]

        died = (high << 8 & 0x3F00 | low & 0xFF) < person >> DEATH_SHIFT
        rank = low >> 32 - layout.COST_BITS | 1
        as_float = rank.each(lambda x: self.b.sitofp(x, ir.VectorType(ir.FloatType(), self.lanes)))
        cell = as_float.cut(I32, self.lanes) >> 23 - layout.MANTISSA_BITS
        cost = cell + (person & (1 << ROW_BITS) - 1)
        cost = died.where(cost + self.decedents, cost)
        for name, table in self.fetched.items():
            self.fetch_and_add(name, table, year, cost if somebody is None else somebody.where(cost, self.nothing))

        move = high >> 32 - layout.MOVE_BITS
        leaving = move < self.leave
        gone = died | leaving
        unit = 1 << _COUNTS["absent_units"][0]
        absent_and_died = high >> 9 & _LATE * unit ^ (_LATE + 1) * unit | 1
        nothing = draw & 0
        left = leaving.where(nothing + (1 << _COUNTS["departures"][0]), 0)
        self.add("counts", year, died.where(absent_and_died, left), somebody)
        if self.scored:
            present = died.where(high >> 27 & _LATE | 1, layout.YEAR_UNITS)
            self.add("score_units", year, people[1] * present, somebody)
        joiner, drift = (layout.KINDS[name] << layout.CLASS_BITS for name in ("joiner", "drift"))
        return *people, gone.where(nothing + joiner, drift), gone | (move < self.drift)

    def words(self, z: Lanes) -> tuple[Lanes, Lanes]:
        """The low and the high halves of the words of counters."""
        z = (z ^ z >> 30) * FIRST
        z = (z ^ z >> 27) * SECOND
        return self.in_two(z ^ z >> 31)

    def drawn(self, index: Lanes) -> tuple[Lanes, ...]:
        """Who is drawn: the person and, where it is summed, the score of the entries of ``people``."""
        if not self.scored:
            return (Lanes(self.b, [self.fetched_from(list(self.each_lane(v)), self.narrow) for v in index.values]),)
        places = [list(self.each_lane(vector)) for vector in index.values]
        halves = [[lanes[n] for n in half] for lanes in places for half in self.halves()]
        return self.in_two(Lanes(self.b, [self.fetched_from(each, self.wide) for each in halves]))

    def fetched_from(self, places: list[Any], kind: Any) -> Any:
        """A vector of entries of ``people``."""
        found: Any = ir.Constant(kind, ir.Undefined)
        for lane, place in enumerate(places):
            found = self.b.insert_element(found, self.b.load(self.at(self.people, place)), I32(lane))
        return found

    def fetch_and_add(self, name: str, table: Any, year: Any, index: Lanes) -> None:
        b, place = self.b, self.at(self.sums[name], year)
        chains = [b.load(place), I64(0), I64(0), I64(0)]
        for n, entry in enumerate(entry for vector in index.values for entry in self.each_lane(vector)):
            chains[n % 4] = b.add(chains[n % 4], b.load(self.at(table, entry)))
        b.store(b.add(b.add(chains[0], chains[1]), b.add(chains[2], chains[3])), place)

    def add(self, name: str, year: Any, values: Lanes, somebody: Any) -> None:
        place = self.at(self.sums[name], year)
        total = self.b.load(place)
        for value in (values if somebody is None else somebody.where(values, 0)).values:
            total = self.b.add(total, value)
        self.b.store(total, place)

    def clear(self) -> None:
        """Sums of all years to nothing."""
        for sums in self.sums.values():
            with self.loop(I64(0), I64(self.years), I64(1)) as year:
                self.b.store(ir.Constant(sums.type.pointee, None), self.at(sums, year))

    def flush(self, totals: Any, shift: Any) -> None:
        """Sums of all years into the totals."""
        b = self.b
        with self.loop(I64(0), I64(self.years), I64(1)) as year:
            here = {name: b.load(self.at(sums, year)) for name, sums in self.sums.items()}
            pairs = here["pairs"]
            found = {
                "dollars": b.lshr(pairs, shift),
                "truncated_dollars": b.and_(pairs, b.sub(b.shl(I64(1), shift), I64(1))),
                "recovered_dollars": here.get("recoveries"),
            }
            if self.scored:
                found["score_units"] = self.total(Lanes(b, [here["score_units"]]))
            for name, (lowest, width) in _COUNTS.items():
                found[name] = self.total(Lanes(b, [here["counts"]]) >> lowest & (1 << width) - 1)
            for n, name in enumerate(self.measures):
                place = self.at(totals, b.add(b.mul(year, I64(len(self.measures))), I64(n)))
                b.store(b.add(b.load(place), found[name]), place)


def lanes_of(features: str) -> int:
    """Lanes of 32 bits that a processor's vectors are best used with."""
    return 16 if "+avx512f" in features else 8


def object_code(years: int, measures: tuple[str, ...], processor: str, features: str) -> bytes:
    """An object file with the driver for panels of ``years`` years under SYMBOL."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=3)
    module = llvm.parse_assembly(str(_Kernel(years, measures, lanes_of(features)).module))
    module.verify()
    settings = llvm.create_pipeline_tuning_options(speed_level=2)
    passes = llvm.create_pass_builder(machine, settings)
    passes.getModulePassManager().run(module, passes)
    code: bytes = machine.emit_object(module)
    return code


def of_arrays(address: int, measures: tuple[str, ...], lanes: int) -> Callable[..., None]:
    """The function at ``address`` as one of arrays, which lets go of the interpreter's lock; see machine_code."""
    pointer, size, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint32
    tables = (*(pointer,) * 3, size, *(number,) * 4)
    function = ctypes.CFUNCTYPE(None, pointer, size, *tables, pointer, size, size, pointer)(address)

    kept: dict[int, tuple[SlotTables, VectorTables]] = {}  # the tables too, so that no others take their id

    def simulate(keys: Any, tables: SlotTables, edges: Any, block: int, totals: Any) -> None:
        _, found = kept.get(id(tables)) or (tables, prepared(tables, lanes))
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[id(tables)] = tables, found
        arrays = [array.ctypes.data for array in found[:3]]
        nothing = len(found.pairs) - 1 + _EXPONENT_ZERO
        numbers = [int(n) for n in (tables.decedents, tables.leave_threshold, tables.drift_threshold, nothing)]
        slots = min(block, found.slots)
        where = (edges.ctypes.data, len(edges) - 1, slots, totals.ctypes.data)
        if "score_units" not in measures:
            arrays[0] = tables.classes.ctypes.data
        function(keys.ctypes.data, len(keys), *arrays, found.shift, *numbers, *where)

    return simulate
