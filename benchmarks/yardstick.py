"""Job W2 by hand in C (``yardstick.c``), compiled here where there is a compiler, on the kernel's own tables."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simdce.kernel.tables import SlotTables, largest_block
from simdce.kernel.vector_tables import prepared

SOURCE = Path(__file__).parent / "yardstick.c"
MEASURES = ("dollars", "truncated_dollars", "absent_units", "deaths", "departures")
FLAGS = ("-O3", "-march=native", "-ftree-vectorize", "-shared", "-fPIC")
_LANES = {"plain": 1, "gather": 16, "fetch": 32}
_FLUSH = 4096


class _Tables(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("pairs", "costs", "classes")),
        *((name, ctypes.c_int64) for name in ("shift", "years")),
        *((name, ctypes.c_uint32) for name in ("decedents", "leave", "drift", "truncation", "nothing")),
    )


def compiled() -> dict[str, Callable[..., None]]:
    """Drivers by name (``plain``, ``gather``, ``fetch``), called as the kernel is; empty without a compiler.

    Those with intrinsics exist where the processor has AVX-512.
    """
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "yardstick.so"
        subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(library)], check=True)
        loaded = ctypes.CDLL(str(library))
    return {name: _of_arrays(loaded, name) for name in _LANES if hasattr(loaded, name)}


def _of_arrays(library: ctypes.CDLL, name: str) -> Callable[..., None]:
    function = library[name]
    function.argtypes = (
        *(ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64),
        ctypes.c_void_p,
    )
    function.restype = None

    def simulate(keys: Any, tables: SlotTables, edges: Any, block: int, totals: Any) -> None:
        found = prepared(tables, 16)
        most = min(block, _FLUSH, found.slots if name == "fetch" else _LANES[name] * largest_block(tables))
        arrays = (found.pairs.ctypes.data, tables.costs.ctypes.data, tables.classes.ctypes.data)
        limits = (tables.decedents, tables.leave_threshold, tables.drift_threshold, tables.truncation)
        given = _Tables(*arrays, found.shift, keys.shape[1], *map(int, limits), len(found.pairs) - 1)
        where = (edges.ctypes.data, len(edges) - 1, most, totals.ctypes.data)
        function(keys.ctypes.data, len(keys), ctypes.byref(given), *where)

    return simulate
