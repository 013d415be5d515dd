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

    def begin(self, name: str, arguments: dict[str, Any], lanes: int) -> dict[str, Any]:
        """A module with an empty function; returns its arguments by name."""
        self.lanes = lanes
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

    def each_lane(self, vector: Any) -> Iterator[Any]:
        """The lanes as 64-bit numbers, two at a time out of the vector: that way is narrow."""
        b, pairs = self.b, self.b.bitcast(vector, self.wide)
        for lane in range(self.lanes // 2):
            pair = b.extract_element(pairs, I32(lane))
            yield b.and_(pair, I64(2**32 - 1))
            yield b.lshr(pair, I64(32))

    def total(self, lanes: Lanes) -> Any:
        """Of all lanes, in 64 bits."""
        kind = ir.VectorType(I64, self.lanes)
        name = f"llvm.vector.reduce.add.v{self.lanes}i64"
        function = self.module.globals.get(name) or ir.Function(self.module, ir.FunctionType(I64, [kind]), name)
        return self.b.call(function, [self.b.zext(lanes.values[0], kind)])

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
