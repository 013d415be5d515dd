"""The kernel as a function of arrays: machine code that an earlier process kept, or compiled now and kept."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from simdce.kernel import cache as files
from simdce.kernel.tables import SlotTables

_SYMBOL = "simdce_panels"
_in_use: list[Any] = []
"""Machine code lives as long as its engine; a kernel lives as long as the process."""


@cache
def simulate_worlds(years: int, measures: tuple[str, ...]) -> Callable[..., None]:
    """The driver for panels of ``years`` years and a choice of ``panel.FOUND``, once for each process.

    Its arguments: ``keys`` uint64 (world, year); ``tables``; ``edges`` int64, the rising slot numbers between which
    totals are wanted; ``block`` slots; ``totals`` uint64 (world, segment, year, measure of ``measures``), added to.
    """
    name = files.name_of(years, measures, f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}")
    code = files.kept(name)
    if code is not None:
        with suppress(Exception):  # whatever the loader has against it, it can be compiled
            return _of_arrays(_loaded(code))
    from simdce.kernel import panel

    if panel.INTERPRETED:
        return panel.panels(years, measures)
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
        function(keys, len(keys), *arrays, *numbers, edges, edges.size, block, totals)

    return simulate
