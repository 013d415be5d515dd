"""LLVM vectors with the operators of Python, and what else a function of them is written with: loops and variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

I32, I64 = ir.IntType(32), ir.IntType(64)
P32, P64 = ir.PointerType(I32), ir.PointerType(I64)


class Lanes:
    """Vectors side by side with the operators of Python; a number or single vector beside them goes with each."""

    def __init__(self, builder: Any, values: Sequence[Any]) -> None:
        self.builder, self.values = builder, tuple(values)

    def each(self, operation: Callable[..., Any], *others: Any) -> Lanes:
        """An operation of the builder on each vector and what stands beside it."""
        beside = [self._beside(other) for other in others]
        return Lanes(self.builder, [operation(*each) for each in zip(self.values, *beside, strict=True)])

    def _beside(self, other: Any) -> Sequence[Any]:
        values: Sequence[Any] = other.values if isinstance(other, Lanes) else [constant(self.values[0].type, other)]
        return values if len(values) == len(self.values) else list(values) * len(self.values)

    def __add__(self, other: Any) -> Lanes:
        return self.each(self.builder.add, other)

    def __mul__(self, other: Any) -> Lanes:
        return self.each(self.builder.mul, other)

    def __xor__(self, other: Any) -> Lanes:
        return self.each(self.builder.xor, other)

    def __or__(self, other: Any) -> Lanes:
        return self.each(self.builder.or_, other)

    def __and__(self, other: Any) -> Lanes:
        return self.each(self.builder.and_, other)

    def __lshift__(self, bits: int) -> Lanes:
        return self.each(self.builder.shl, bits)

    def __rshift__(self, bits: int) -> Lanes:
        return self.each(self.builder.lshr, bits)

    def __lt__(self, other: Any) -> Lanes:
        """Signed: nothing compared reaches 2**31, and unsigned comparisons are dear before AVX-512."""
        return self.each(lambda x, y: self.builder.icmp_signed("<", x, y), other)

    def where(self, yes: Lanes, no: Any) -> Lanes:
        """``yes`` in the lanes where this is true, else ``no``."""
        return self.each(self.builder.select, yes, Lanes(self.builder, yes._beside(no)))

    def cut(self, element: Any, lanes: int) -> Lanes:
        """The same bits as other lanes."""
        return self.each(lambda x: self.builder.bitcast(x, ir.VectorType(element, lanes)))


def constant(kind: Any, numbers: Any) -> Any:
    """A vector of one number, or of one a lane."""
    each = list(numbers) if isinstance(numbers, list) else [numbers] * kind.count
    return ir.Constant(kind, [ir.Constant(kind.element, int(n) & (1 << kind.element.width) - 1) for n in each])


class Writer:
    """Writes one function: numbers are LLVM values, vectors are Lanes of 32 or, half as many, of 64 bits."""

    def begin(self, name: str, arguments: dict[str, Any], lanes: int, side_by_side: int) -> dict[str, Any]:
        """A module with an empty function; returns its arguments by name. So many vectors go side by side."""
        self.lanes, self.side_by_side, self.has_masks = lanes, side_by_side, lanes == 16
        self.kept: dict[str, Any] = {}
        self.wide, self.narrow = ir.VectorType(I64, lanes // 2), ir.VectorType(I32, lanes)
        self.module = ir.Module(name)
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), list(arguments.values())), name)
        self.first_block = function.append_basic_block()
        self.b = ir.IRBuilder(self.first_block)
        return dict(zip(arguments, function.args, strict=True))

    def enter(self) -> None:
        """Behind the variables, which all stand in the first block."""
        start = self.b.append_basic_block()
        self.b.branch(start)
        self.b.position_at_end(start)

    def in_two(self, words: Lanes) -> tuple[Lanes, Lanes]:
        """Low and high halves of 64-bit lanes: a pair of vectors becomes a vector of each."""
        cut = words.cut(I32, self.lanes).values

        def every_other(first: int) -> Lanes:
            fours = [[4 * f + first, 4 * f + first + 2, self.lanes + 4 * f + first] for f in range(self.lanes // 4)]
            order = constant(self.narrow, [n for a, b, c in fours for n in (a, b, c, c + 2)])
            return Lanes(self.b, [self.b.shuffle_vector(x, y, order) for x, y in zip(cut[::2], cut[1::2], strict=True)])

        return every_other(0), every_other(1)

    def halves(self) -> list[list[int]]:
        """Which lanes of a vector the two vectors hold that ``in_two`` makes it of."""
        return [[n for n in range(self.lanes) if n % 4 // 2 == half] for half in (0, 1)]

    def pair(self, place: Any) -> tuple[Any, Any]:
        """Two numbers of 32 bits beside each other, loaded as one, in 64 bits each."""
        both = self.b.load(self.b.bitcast(place, P64), align=4)
        return self.b.and_(both, I64(2**32 - 1)), self.b.lshr(both, I64(32))

    def number(self, name: str, at: Any) -> Any:
        """Where the number of slot ``at`` is in what is kept under a name."""
        return self.b.gep(self.b.bitcast(self.kept[name], P32), [at])

    def vector(self, name: str, at: Any) -> Any:
        """Where the vector is that begins there."""
        return self.as_vector(self.number(name, at))

    def as_vector(self, place: Any) -> Any:
        """The vector that begins where a number is."""
        return self.b.bitcast(place, ir.PointerType(self.narrow))

    def known(self, name: str, at: Any) -> Lanes:
        """What is kept under a name of the slots side by side from ``at`` on."""
        return Lanes(self.b, [self.b.load(place) for place in self._vectors(name, at)])

    def keep(self, at: Any, **values: Lanes) -> None:
        """Values of the slots side by side from ``at`` on, each under its name."""
        for name, of_slots in values.items():
            for value, place in zip(of_slots.values, self._vectors(name, at), strict=True):
                self.b.store(value, place)

    def known_mask(self, name: str, at: Any) -> Lanes:
        """The mask that is kept under a name for those slots."""
        if not self.has_masks:
            return self.known(name, at) < 0
        kind = ir.VectorType(ir.IntType(1), self.lanes)
        return Lanes(self.b, [self.b.bitcast(self.b.load(place), kind) for place in self._bits(name, at)])

    def keep_mask(self, name: str, at: Any, mask: Lanes) -> None:
        """Keeps one as bits where the processor has masks, else as numbers below zero where it is true."""
        if not self.has_masks:
            self.keep(at, **{name: mask.each(lambda x: self.b.sext(x, self.narrow))})
            return
        for value, place in zip(mask.values, self._bits(name, at), strict=True):
            self.b.store(self.b.bitcast(value, ir.IntType(self.lanes)), place)

    def _bits(self, name: str, at: Any) -> list[Any]:
        bits = self.b.bitcast(self.kept[name], ir.PointerType(ir.IntType(self.lanes)))
        first = self.b.udiv(at, I64(self.lanes))
        return [self.at(bits, self.b.add(first, I64(v))) for v in range(self.side_by_side)]

    def _vectors(self, name: str, at: Any) -> list[Any]:
        return [self.vector(name, self.b.add(at, I64(v * self.lanes))) for v in range(self.side_by_side)]

    def total(self, lanes: Lanes) -> Any:
        """Of all lanes, in 64 bits."""
        wide = self.b.zext(lanes.values[0], ir.VectorType(I64, self.lanes))
        return self.call(f"llvm.vector.reduce.add.v{self.lanes}i64", I64, wide)

    def call(self, name: str, returns: Any, *given: Any) -> Any:
        """What an instruction gives that LLVM knows as a function."""
        kind = ir.FunctionType(returns, [each.type for each in given])
        return self.b.call(self.module.globals.get(name) or ir.Function(self.module, kind, name), given)

    def in_every_lane(self, number: Any) -> Lanes:
        """A vector of one number, which need not be known yet."""
        kind = self.wide if number.type == I64 else self.narrow
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.b.insert_element(undefined, number, I32(0))
        return Lanes(self.b, [self.b.shuffle_vector(first, undefined, constant(ir.VectorType(I32, kind.count), 0))])

    def at(self, array: Any, index: Any) -> Any:
        """Where an entry of an array is."""
        return self.b.gep(array, [index])

    def variable(self, value: Any) -> Any:
        """A place that holds a value until another is stored."""
        with self.b.goto_block(self.first_block):
            place = self.b.alloca(value.type)
        self.b.store(value, place)
        return place

    @contextmanager
    def loop(self, first: Any, end: Any, step: Any) -> Iterator[Any]:
        """What is written inside happens for ``first``, ``first`` + ``step`` and so on below ``end``."""
        b = self.b
        place = self.variable(first)
        head, body, after = (b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        now = b.load(place)
        b.cbranch(b.icmp_signed("<", now, end), body, after)
        b.position_at_end(body)
        yield now
        b.store(b.add(now, step), place)
        b.branch(head)
        b.position_at_end(after)
