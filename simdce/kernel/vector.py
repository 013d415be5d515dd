"""The kernel in explicit vector instructions: slots side by side in lanes, written as LLVM text without numba.

Reason: compilers turn the plain loop into hardware gathers, which AMD processors take apart slowly, or, without
AVX-512, into no vectors at all. Here a block of slots goes through a year in three passes, and what is known of it
stays in the nearest cache: the words, and who is to be drawn (with AVX-512 packed together, they are under half of
all); people and their fates; dollars. Between the passes table entries are fetched one by one as plain numbers, twice
as fast as a gather and beside the arithmetic of the vectors; dollars stand beside truncated dollars in one 64-bit
word. The text does not grow with years and compiles in 0.15 s, where the plain loop takes numba and 3 to 16 s.

Gain over the plain loop on one thread of a Zen 5, benchmarks/kernel.py, November 2026, job W2 and the default model:
2.1 and 2.6 times with AVX-512, 7 and 6 times compiled for AVX2, 3.7 and 3.2 times for neither.
Tests: tests/test_vector.py. The page to read is person_year.py: names and fields of the word are the same, and each
process compares the digest of a small job before it uses this one (self_test.py).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from simdce.kernel.lanes import I32, I64, P32, P64, Lanes, Writer, constant
from simdce.kernel.tables import DEATH_SHIFT, ROW_BITS, SlotTables
from simdce.kernel.vector_tables import VectorTables, prepared
from simdce.kernel.words import FIRST, GAMMA, SECOND
from simdce.slot_law import layout

SYMBOL = "simdce_panels"
BLOCK = 1024
"""Slots that go through a year together (twice as many are 4% slower, half as many 1%)."""

_EXPONENT_ZERO = 127 << layout.MANTISSA_BITS
_LATE = layout.YEAR_UNITS - 2

_COUNTS = {"deaths": (0, 9), "departures": (9, 9), "absent_units": (18, 13)}
"""Three counts share a lane: lowest bit and width of each. A lane sees BLOCK // 8 person-years of at most 31 units."""
_MOST_KEPT = 64


class _Kernel(Writer):
    """Writes the driver over worlds, segments and blocks of slots; arguments as ``of_arrays`` gives them."""

    def __init__(self, years: int, measures: tuple[str, ...], lanes: int) -> None:
        self.years, self.measures = years, measures
        self.scored = "score_units" in measures
        self.packs = lanes == 16  # AVX-512
        self.abreast = lanes * (4 if self.packs else 2)
        self.ahead = 3 * self.abreast // 8 if self.packs else self.abreast
        arguments = {
            "keys": P64,
            "worlds": I64,
            **dict.fromkeys(("people", "scores"), P32),
            **dict.fromkeys(("pairs", "recoveries"), P64),
            "shift": I64,
            **dict.fromkeys(("decedents", "leave", "drift", "nothing"), I32),
            "edges": P64,
            "segments": I64,
            "block": I64,
            "totals": P64,
        }
        given = self.begin(SYMBOL, arguments, lanes, self.abreast // lanes)
        b = self.b
        self.decedents, self.leave, self.drift, self.nothing = (
            self.in_every_lane(given[name]) for name in ("decedents", "leave", "drift", "nothing")
        )
        self.people, self.scores, self.shift = (given[name] for name in ("people", "scores", "shift"))
        fetched = ("pairs", "recoveries") if "recovered_dollars" in measures else ("pairs",)
        self.fetched = {name: self.at(given[name], I64(-_EXPONENT_ZERO)) for name in fetched}
        self.who = ("person", "score") if self.scored and not self.packs else ("person",)
        names = ["low", "high", "kind", "due", "index", "cost", *self.who, *(f"drawn_{name}" for name in self.who)]
        self.kept = {name: b.alloca(self.narrow, (BLOCK + self.abreast) // lanes) for name in names}
        self.enter()
        with self.loop(I64(0), I64(BLOCK + self.abreast), I64(lanes)) as at:  # fetched ahead of any found
            b.store(constant(self.narrow, 0), self.vector("index", at))
        self.write(**{name: given[name] for name in ("keys", "worlds", "edges", "segments", "block", "totals")})

    def write(self, keys: Any, worlds: Any, edges: Any, segments: Any, block: Any, totals: Any) -> None:
        b = self.b
        with self.loop(I64(0), worlds, I64(1)) as world, self.loop(I64(0), segments, I64(1)) as segment:
            first, last = (b.load(self.at(edges, b.add(segment, I64(n)))) for n in (0, 1))
            of_world = self.at(keys, b.mul(world, I64(self.years)))
            place = b.mul(b.add(b.mul(world, segments), segment), I64(self.years * len(self.measures)))
            with self.loop(first, last, block) as begin:
                left = b.sub(last, begin)
                slots = b.select(b.icmp_signed("<", left, block), left, block)
                self.block(begin, slots, of_world, self.at(totals, place))
        b.ret_void()

    def block(self, begin: Any, slots: Any, keys: Any, totals: Any) -> None:
        """Slots from ``begin`` through all years."""
        b, step, zero = self.b, I64(self.abreast), Lanes(self.b, [constant(self.narrow, 0)] * self.side_by_side)
        with self.loop(I64(0), slots, step) as at:
            self.keep(at, kind=zero + layout.KINDS["initial"], **dict.fromkeys(self.who, zero))
            self.keep_mask("due", at, zero < 1)
        whole = b.and_(slots, I64(-self.abreast))
        with self.loop(I64(0), I64(self.years), I64(1)) as year:
            key = b.load(self.at(keys, year))
            found, fetched, used = (self.variable(I64(0)) for _ in range(3))
            with self.loop(I64(0), slots, step) as at:
                self.draw(at, b.add(b.mul(b.add(begin, at), I64(int(GAMMA))), key), found, fetched)
            with self.loop(b.load(fetched), b.load(found), I64(8)) as at:
                self.fetch(at, 8)
            sums = {name: self.variable(constant(self.narrow, 0)) for name in ("counts", "score_units")}
            with self.loop(I64(0), whole, step) as at:
                self.year(at, None, used, sums)
            with self.loop(whole, slots, step) as at:
                self.year(at, b.trunc(b.sub(slots, at), I32), used, sums)
            here = self.dollars(slots) | {name: b.load(place) for name, place in sums.items()}
            self.flush(self.at(totals, b.mul(year, I64(len(self.measures)))), here)

    def draw(self, at: Any, counter: Any, found: Any, fetched: Any) -> None:
        """The words of slots from ``at`` on and whom they draw; fetches some of those found before."""
        b, gamma = self.b, int(GAMMA)
        order = [
            [gamma * (v * self.lanes + n) for n in half] for v in range(self.side_by_side) for half in self.halves()
        ]
        low, high = self.words(Lanes(b, [constant(self.wide, each) for each in order]) + self.in_every_lane(counter))
        now, ready = b.load(fetched), b.load(found)
        self.fetch(now, self.ahead)
        soon = b.add(now, I64(self.ahead))
        b.store(b.select(b.icmp_signed("<", ready, soon), ready, soon), fetched)
        index = (high >> 6 & (1 << layout.CLASS_BITS) - 1) + self.known("kind", at)
        masks = self.known_mask("due", at)
        for vector, mask, place in zip(index.values, masks.values, self.places(masks, found), strict=True):
            if self.packs:
                vector = self.instruction("mask.compress.v16i32", vector, constant(self.narrow, 0), mask)
            b.store(vector, self.vector("index", place), align=4)
        self.keep(at, low=low, high=high)

    def words(self, z: Lanes) -> tuple[Lanes, Lanes]:
        """The low and the high halves of the words of counters."""
        z = (z ^ z >> 30) * FIRST
        z = (z ^ z >> 27) * SECOND
        return self.in_two(z ^ z >> 31)

    def fetch(self, at: Any, count: int) -> None:
        """People, and their scores, of ``count`` draws."""
        b = self.b
        for n in range(0, count, 2):
            pair = b.add(at, I64(n))
            for m, index in enumerate(self.pair(self.number("index", pair))):
                place, who = b.add(pair, I64(m)), b.load(self.at(self.people, index))
                b.store(who, self.number("drawn_person", place))
                if "score" in self.who:
                    grade = b.zext(b.and_(b.lshr(who, I32(ROW_BITS)), I32(31)), I64)
                    b.store(b.load(self.at(self.scores, grade)), self.number("drawn_score", place))

    def year(self, at: Any, count: Any, used: Any, sums: Any) -> None:
        """Fates of slots from ``at`` on, of whom only ``count`` are anybody: into sums, and what it is kept for."""
        b = self.b
        somebody = None
        if count is not None:
            numbers = [[v * self.lanes + n for n in range(self.lanes)] for v in range(self.side_by_side)]
            somebody = Lanes(b, [constant(self.narrow, each) for each in numbers]) < self.in_every_lane(count)
        low, high = (self.known(name, at) for name in ("low", "high"))
        due = self.known_mask("due", at)
        places = self.places(due, used)
        now = {name: self.drawn(name, at, due, places) for name in self.who}
        person = now["person"]

        died = (high << 8 & 0x3F00 | low & 0xFF) < person >> DEATH_SHIFT
        rank = low >> 32 - layout.COST_BITS | 1
        as_float = rank.each(lambda x: self.b.sitofp(x, ir.VectorType(ir.FloatType(), self.lanes)))
        cell = as_float.cut(I32, self.lanes) >> 23 - layout.MANTISSA_BITS
        cost = cell + (person & (1 << ROW_BITS) - 1)
        cost = died.where(cost + self.decedents, cost)
        cost = cost if somebody is None else somebody.where(cost, self.nothing)

        move = high >> 32 - layout.MOVE_BITS
        leaving = move < self.leave
        gone = died | leaving
        unit = 1 << _COUNTS["absent_units"][0]
        absent_and_died = high >> 9 & _LATE * unit ^ (_LATE + 1) * unit | 1
        nothing = high & 0
        left = leaving.where(nothing + (1 << _COUNTS["departures"][0]), 0)
        self.add(sums["counts"], died.where(absent_and_died, left), somebody)
        if self.scored:
            present = died.where(high >> 27 & _LATE | 1, layout.YEAR_UNITS)
            self.add(sums["score_units"], (now.get("score") or self.score(person)) * present, somebody)
        joiner, drift = (layout.KINDS[name] << layout.CLASS_BITS for name in ("joiner", "drift"))
        self.keep(at, cost=cost, kind=gone.where(nothing + joiner, drift), **now)
        self.keep_mask("due", at, gone | (move < self.drift))

    def drawn(self, name: str, at: Any, due: Lanes, places: list[Any]) -> Lanes:
        """What was fetched for those who were due, what was known of the others."""
        fetched = Lanes(self.b, [self.b.load(self.vector(f"drawn_{name}", place), align=4) for place in places])
        if not self.packs:
            return due.where(fetched, self.known(name, at))
        expand = partial(self.instruction, "mask.expand.v16i32")
        return fetched.each(expand, self.known(name, at), due)

    def places(self, due: Lanes, end: Any) -> list[Any]:
        """Where the draws of each vector begin among those of the block; ``end`` moves behind them."""
        b, bits, places = self.b, ir.IntType(self.lanes), [self.b.load(end)]
        for mask in due.values:
            number: Any = I64(self.lanes)
            if self.packs:
                number = b.zext(self.call("llvm.ctpop.i16", bits, b.bitcast(mask, bits)), I64)
            places.append(b.add(places[-1], number))
        b.store(places.pop(), end)
        return places

    def instruction(self, name: str, *given: Any) -> Any:
        """Of AVX-512, on vectors of 32-bit lanes."""
        return self.call(f"llvm.x86.avx512.{name}", self.narrow, *given)

    def score(self, person: Lanes) -> Lanes:
        """Looked up in two vectors that hold the scores of all grades."""
        low, high = (self.b.load(self.as_vector(self.at(self.scores, I64(n))), align=4) for n in (0, 16))
        return (person >> ROW_BITS).each(lambda grade: self.instruction("vpermi2var.d.512", low, grade, high))

    def dollars(self, slots: Any) -> dict[str, Any]:
        """Entries of the tables that dollars are fetched from, summed over the block, in four chains of additions."""
        b = self.b
        chains = {name: [self.variable(I64(0)) for _ in range(4)] for name in self.fetched}
        with self.loop(I64(0), slots, I64(self.abreast)) as at:
            for n in range(0, self.abreast, 2):
                for m, cell in enumerate(self.pair(self.number("cost", b.add(at, I64(n))))):
                    for name, table in self.fetched.items():
                        chain = chains[name][(n + m) % 4]
                        b.store(b.add(b.load(chain), b.load(self.at(table, cell))), chain)
        return {name: reduce(b.add, (b.load(chain) for chain in each)) for name, each in chains.items()}

    def add(self, place: Any, values: Lanes, somebody: Any) -> None:
        total = self.b.load(place)
        for value in (values if somebody is None else somebody.where(values, 0)).values:
            total = self.b.add(total, value)
        self.b.store(total, place)

    def flush(self, totals: Any, here: dict[str, Any]) -> None:
        """Sums of a year into the totals."""
        b, pairs = self.b, here["pairs"]
        found = {
            "dollars": b.lshr(pairs, self.shift),
            "truncated_dollars": b.and_(pairs, b.sub(b.shl(I64(1), self.shift), I64(1))),
            "recovered_dollars": here.get("recoveries"),
            "score_units": self.total(Lanes(b, [here["score_units"]])),
        }
        for name, (lowest, width) in _COUNTS.items():
            found[name] = self.total(Lanes(b, [here["counts"]]) >> lowest & (1 << width) - 1)
        for n, name in enumerate(self.measures):
            place = self.at(totals, I64(n))
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
    settings.loop_vectorization = False  # of fetches it would make gathers
    passes = llvm.create_pass_builder(machine, settings)
    passes.getModulePassManager().run(module, passes)
    code: bytes = machine.emit_object(module)
    return code


def of_arrays(address: int, measures: tuple[str, ...], lanes: int) -> Callable[..., None]:
    """The function at ``address`` as one of arrays, which lets go of the interpreter's lock; see machine_code."""
    pointer, size, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint32
    tables = (*(pointer,) * 4, size, *(number,) * 4)
    function = ctypes.CFUNCTYPE(None, pointer, size, *tables, pointer, size, size, pointer)(address)

    kept: dict[int, tuple[SlotTables, VectorTables]] = {}  # the tables too, so that no others take their id

    def simulate(keys: Any, tables: SlotTables, edges: Any, block: int, totals: Any) -> None:
        _, found = kept.get(id(tables)) or (tables, prepared(tables, lanes))
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[id(tables)] = tables, found
        arrays = [array.ctypes.data for array in (tables.classes, found.scores, found.pairs, found.recoveries)]
        nothing = len(found.pairs) - 1 + _EXPONENT_ZERO
        numbers = [int(n) for n in (tables.decedents, tables.leave_threshold, tables.drift_threshold, nothing)]
        slots = min(block, found.slots, BLOCK)
        where = (edges.ctypes.data, len(edges) - 1, slots, totals.ctypes.data)
        function(keys.ctypes.data, len(keys), *arrays, found.shift, *numbers, *where)

    return simulate
