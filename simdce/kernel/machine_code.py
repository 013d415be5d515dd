"""The kernel as a function of arrays: vectors where they pass the self-test, else the plain loop, kept or compiled."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

from simdce.errors import InputError
from simdce.kernel import cache as files
from simdce.kernel import self_test, vector
from simdce.kernel.tables import SlotTables, largest_block

VECTOR, PLAIN, INTERPRETED = "vector", "plain loop", "interpreted"

_CHOICE = "SIMDCE_KERNEL"
_SYMBOL = vector.SYMBOL
_in_use: list[Any] = []
"""Machine code lives as long as its engine; a kernel lives as long as the process."""


class Kernel(NamedTuple):
    """The driver in use, which it is, and why it and no other.

    Arguments of ``simulate``: ``keys`` uint64 (world, year); ``tables``; ``edges`` int64, the rising slot numbers
    between which totals are wanted; ``block``, the most slots between two additions to the totals (fewer where sums
    would overflow); ``totals`` uint64 (world, segment, year, measure), added to.
    """

    simulate: Callable[..., None]
    path: str
    reason: str


@cache
def kernel(years: int, measures: tuple[str, ...]) -> Kernel:
    """The kernel for panels of ``years`` years and a choice of ``person_year.FOUND``, once for each process.

    Raises InputError where SIMDCE_KERNEL asks for what there is not.
    """
    choice = os.environ.get(_CHOICE) or VECTOR
    if choice not in (VECTOR, PLAIN):
        raise InputError(f"{_CHOICE} must be {VECTOR!r} or {PLAIN!r}, not {choice!r}")
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return Kernel(_interpreted(years, measures), INTERPRETED, "NUMBA_DISABLE_JIT is set")
    reason = f"asked for by {_CHOICE}"
    if choice == VECTOR:
        try:
            return Kernel(
                _vector(years, measures), VECTOR, "its digest of the self-test is that of the page it stands for"
            )
        except Exception as error:  # whatever this machine has against vectors, the plain loop does without
            reason = f"no vector code: {(str(error) or type(error).__name__).splitlines()[0]}"
    return Kernel(_plain(years, measures), PLAIN, reason)


def processor() -> tuple[str, str]:
    """Name and features of the processor that code is made for: this one, or what numba was told."""
    name = os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    if features is None:
        features = "" if name.lower() == "generic" else llvm.get_host_cpu_features().flatten()
    return name, features


def _vector(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    """Raises where code cannot be made or loaded, and ValueError where it fails the self-test."""
    name = files.name_of(years, measures, " ".join((VECTOR, *processor())))

    def tested(code: bytes) -> Callable[..., None]:
        simulate = vector.of_arrays(_loaded(code), measures, vector.lanes_of(processor()[1]))
        if not self_test.agrees(simulate, years, measures):
            raise ValueError("it gave another digest of the self-test")
        return simulate

    kept = files.kept(name)
    if kept is not None:
        with suppress(Exception):  # whatever is wrong with it, it can be made again
            return tested(kept)
    code = vector.object_code(years, measures, *processor())
    simulate = tested(code)
    files.keep(name, code)
    return simulate


def _interpreted(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    from simdce.kernel.panel import panels

    simulate = panels(years, measures)

    def in_small_enough_blocks(keys: Any, tables: SlotTables, edges: Any, block: int, totals: Any) -> None:
        simulate(keys, tables, edges, min(block, largest_block(tables)), totals)

    return in_small_enough_blocks


def _plain(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    name = files.name_of(years, measures, " ".join((PLAIN, *processor())))
    code = files.kept(name)
    if code is not None:
        with suppress(Exception):  # whatever the loader has against it, it can be compiled
            return _of_arrays(_loaded(code))
    from simdce.kernel import panel

    compiled = panel.compiled(years, measures)
    _in_use.append(compiled)
    with suppress(Exception):  # a kernel that cannot be kept is compiled again next time
        files.keep(name, _self_contained(compiled))
    return _of_arrays(compiled.address)


def _self_contained(compiled: Any) -> bytes:
    """An object file with the compiled function under ``_SYMBOL``; raises ValueError where it calls something else.

    What numba adds for errors and references goes once LLVM sees that nothing inside fails or is counted.
    """
    from numba.core import registry

    machine = registry.cpu_target.target_context.codegen()._tm
    module = llvm.parse_assembly(compiled.inspect_llvm())
    entry = module.get_function(compiled.native_name)
    for function in module.functions:
        if not function.is_declaration and function.name != entry.name:
            function.linkage = "internal"
    entry.name = _SYMBOL
    passes = llvm.create_new_module_pass_manager()
    passes.add_ipsccp_pass()
    passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=0)))
    for function in module.functions:
        if function.is_declaration and not function.name.startswith("llvm."):
            raise ValueError(f"calls {function.name}")
    code: bytes = machine.emit_object(module)
    return code


def _loaded(code: bytes) -> int:
    """The address of ``_SYMBOL`` in an object file."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _in_use.append(engine)
    address: int = engine.get_function_address(_SYMBOL)
    if not address:
        raise ValueError("no such function")
    return address


def _of_arrays(address: int) -> Callable[..., None]:
    """The function of flat arguments at ``address`` as one of arrays, which lets go of the interpreter's lock."""

    def array(kind: type, axes: int) -> Any:
        return np.ctypeslib.ndpointer(kind, ndim=axes, flags="C_CONTIGUOUS")

    size, number = ctypes.c_int64, ctypes.c_uint32
    tables = (array(np.int32, 1), size, array(np.uint32, 1), size, array(np.uint32, 1), size, *(number,) * 5)
    keys, edges, totals = array(np.uint64, 2), array(np.int64, 1), array(np.uint64, 4)
    function = ctypes.CFUNCTYPE(None, keys, size, *tables, edges, size, size, totals)(address)

    def simulate(keys: Any, tables: SlotTables, edges: Any, block: int, totals: Any) -> None:
        arrays = (part for array in tables[:3] for part in (array, array.size))
        numbers = (int(each) for each in tables[3:])
        function(keys, len(keys), *arrays, *numbers, edges, edges.size, min(block, largest_block(tables)), totals)

    return simulate
