"""One digest over all implementations: oracle, NumPy, plain loop, vectors of every width; which is used, and why."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import oracle
import pytest
import reference
from conftest import INTERPRETED, scenario_of, sized

from simdce.errors import InputError
from simdce.kernel import cache, machine_code, self_test, vector
from simdce.kernel.person_year import FOUND
from simdce.kernel.tables import SlotTables, largest_block
from simdce.kernel.words import keys_of_worlds
from simdce.run import answer
from simdce.worlds import MEASURED, simulate

YEARS = {"baseline": 1, "gap": 0, "performance": 1}
HOST = llvm.get_host_cpu_features()
COMPILED = pytest.mark.skipif(INTERPRETED, reason="nothing is compiled")

PROCESSORS = {
    "this one": (llvm.get_host_cpu_name(), HOST.flatten()),
    "AVX-512 without what came after": ("skylake-avx512", "+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512cd"),
    "AVX2": ("haswell", ""),
    "AVX2 of AMD": ("znver3", ""),
    "baseline": ("generic", ""),
}
NEEDS = {"haswell": "avx2", "znver3": "avx2", "skylake-avx512": "avx512dq"}


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The choice of a kernel, made anew and forgotten afterwards, with nothing kept by others."""
    monkeypatch.setenv("SIMDCE_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.delenv("SIMDCE_KERNEL", raising=False)
    machine_code.kernel.cache_clear()
    yield machine_code.kernel
    machine_code.kernel.cache_clear()


def vectors(years: int, measures: tuple[str, ...], processor: str = "this one") -> Any:
    name, features = PROCESSORS[processor]
    if name in NEEDS and not HOST.get(NEEDS[name]):
        pytest.skip("this processor cannot run it")
    code = vector.object_code(years, measures, name, features)
    return vector.of_arrays(machine_code._loaded(code), measures, vector.lanes_of(features))


def in_blocks(years: int, measures: tuple[str, ...]) -> Any:
    """The plain loop: compiled, or in Python."""
    return machine_code._interpreted(years, measures) if INTERPRETED else machine_code._plain(years, measures)


# ------------------------------------------------------------------------------------------------ one digest


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("measures", [MEASURED, FOUND, FOUND[:5], ("recovered_dollars",), FOUND[::-1]])
@pytest.mark.parametrize("years", [1, 2, 6, 25])
def test_vectors_of_every_processor_give_the_digest_of_the_page(
    years: int, measures: tuple[str, ...], processor: str
) -> None:
    assert self_test.agrees(vectors(years, measures, processor), years, measures)


@pytest.mark.parametrize("measures", [MEASURED, FOUND])
def test_the_plain_loop_gives_the_digest_of_the_page(measures: tuple[str, ...]) -> None:
    assert self_test.agrees(in_blocks(2, measures), 2, measures)


@pytest.mark.parametrize("stop_loss", [False, True])
def test_oracle_reference_loop_and_vectors_have_one_digest(
    stop_loss: bool, kernels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"arrangements": [{"name": "reach_global"}]} if stop_loss else {}
    scenario = scenario_of(sized(5, 2), (100, 137, 163), years=YEARS, **chosen)
    panels = simulate(scenario)
    found = {panels.kernel[0]: panels}
    monkeypatch.setenv("SIMDCE_KERNEL", "plain loop")
    kernels.cache_clear()
    found["plain loop"] = simulate(scenario)
    for name, totals in (("oracle", oracle.panel_totals(scenario)), ("reference", reference.panel_totals(scenario))):
        found[name] = dataclasses.replace(panels, **{each: np.array(totals[each]) for each in MEASURED})
        if stop_loss:
            for each in panels, found["plain loop"]:
                np.testing.assert_array_equal(each.recovered_dollars, totals["recovered_dollars"])
    assert len(found) == 4
    assert len({each.digest for each in found.values()}) == 1


@COMPILED
@pytest.mark.parametrize("threads", range(1, 9))
def test_threads_leave_every_bit_alone(threads: int) -> None:
    scenario = scenario_of(40, (100, 1009), years=YEARS)
    panels = simulate(scenario, threads=threads)
    assert panels.kernel[0] == "vector"
    assert panels.digest == simulate(scenario, threads=1, slots_per_block=7).digest


# ------------------------------------------------------------------------------------------------ lengths and sizes


def totals_of(run: Any, tables: SlotTables, edges: Any, block: int, measures: tuple[str, ...], years: int = 3) -> Any:
    totals = np.zeros((2, len(edges) - 1, years, len(measures)), np.uint64)
    with np.errstate(over="ignore"):  # interpreted hashes wrap too
        run(keys_of_worlds(5, 2, 1, years), tables, np.array(edges, np.int64), block, totals)
    return totals


@pytest.mark.parametrize("processor", PROCESSORS)
def test_segments_and_blocks_of_every_length(processor: str) -> None:
    """To either side of the lanes of a vector and of the vectors that go side by side."""
    run, expected = vectors(3, FOUND, processor), self_test.in_numpy(3, FOUND)
    tables = self_test._tables()
    edges = np.cumsum([0, *range(70), 4096, 4097, 9001])
    np.testing.assert_array_equal(
        totals_of(run, tables, edges, 10**9, FOUND), totals_of(expected, tables, edges, 1, FOUND)
    )
    short = np.array([3, 4, 40, 170])
    for block in (1, 2, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129):
        np.testing.assert_array_equal(
            totals_of(run, tables, short, block, FOUND), totals_of(expected, tables, short, 1, FOUND)
        )


MOST = 2**31 - 1
EXTREMES: dict[str, dict[str, Any]] = {
    "every year costs all that fits": {"costs": np.full(4 * 3072, MOST, np.int32)},
    "and nothing is truncated": {"costs": np.full(4 * 3072, MOST, np.int32), "truncation": np.uint32(MOST)},
    "truncated at a dollar": {"truncation": np.uint32(1)},
    "nobody costs anything": {"costs": np.zeros(4 * 3072, np.int32)},
    "the highest scores": {"scores": np.full(17, 2**24, np.uint32)},
    "nobody leaves": {"leave_threshold": np.uint32(0), "drift_threshold": np.uint32(0)},
    "everybody leaves": {"leave_threshold": np.uint32(2**15), "drift_threshold": np.uint32(2**15)},
    "everybody dies": {"classes": np.full(4 << 11, 2**14 << 17 | 5 << 12, np.uint32)},
}


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("extreme", EXTREMES)
def test_extreme_tables(extreme: str, processor: str) -> None:
    tables = self_test._tables()._replace(**EXTREMES[extreme])
    edges = [0, 45, 12_000]
    found = totals_of(vectors(3, FOUND, processor), tables, edges, 10**9, FOUND)
    np.testing.assert_array_equal(found, totals_of(self_test.in_numpy(3, FOUND), tables, edges, 1, FOUND))


def test_the_plain_loop_keeps_to_what_can_be_summed() -> None:
    tables = self_test._tables()._replace(costs=EXTREMES["every year costs all that fits"]["costs"])
    assert largest_block(tables) < 4
    edges = [0, 45, sized(12_000, 200)]
    found = totals_of(in_blocks(3, MEASURED), tables, edges, 10**9, MEASURED)
    np.testing.assert_array_equal(found, totals_of(self_test.in_numpy(3, MEASURED), tables, edges, 1, MEASURED))


# ------------------------------------------------------------------------------------------------ the choice


def test_an_interpreted_run_says_so(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert kernels(2, MEASURED)[1:] == ("interpreted", "NUMBA_DISABLE_JIT is set")


@COMPILED
def test_vectors_are_chosen_where_they_pass(kernels: Any) -> None:
    assert kernels(2, MEASURED).path == "vector"
    assert "self-test" in kernels(2, MEASURED).reason


@COMPILED
@pytest.mark.parametrize("wrong", ["FIRST", "SECOND", "GAMMA", "DEATH_SHIFT", "_LATE", "_EXPONENT_ZERO"])
def test_wrong_vectors_are_not_used(wrong: str, kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(vector, wrong)
    monkeypatch.setattr(vector, wrong, right - type(right)(2))
    found = kernels(2, MEASURED)
    assert found[1:] == ("plain loop", "no vector code: it gave another digest of the self-test")
    assert self_test.agrees(found.simulate, 2, MEASURED)


@COMPILED
def test_what_cannot_be_made_is_not_used(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> bytes:
        raise RuntimeError("no such instruction\nin a long text")

    monkeypatch.setattr(vector, "object_code", refused)
    assert kernels(2, MEASURED)[1:] == ("plain loop", "no vector code: no such instruction")


@COMPILED
def test_the_plain_loop_can_be_asked_for(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMDCE_KERNEL", "plain loop")
    assert kernels(2, MEASURED)[1:] == ("plain loop", "asked for by SIMDCE_KERNEL")


def test_another_kernel_cannot(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMDCE_KERNEL", "fortran")
    with pytest.raises(InputError, match="SIMDCE_KERNEL must be 'vector' or 'plain loop', not 'fortran'"):
        kernels(2, MEASURED)


@COMPILED
def test_kept_vectors_are_tested_and_replaced(kernels: Any, tmp_path: Path) -> None:
    kernels(2, MEASURED)
    (file,) = (tmp_path / "kernels").iterdir()
    right = cache.kept(file.name)
    cache.keep(file.name, vector.object_code(2, MEASURED[::-1], *machine_code.processor()))
    kernels.cache_clear()
    assert kernels(2, MEASURED).path == "vector"
    assert cache.kept(file.name) == right


def test_a_run_says_which_kernel_and_why() -> None:
    stamp = answer(scenario_of(100, years=YEARS)).stamp
    assert stamp["kernel"]["path"] == sized("vector", "interpreted")
    assert stamp["kernel"]["reason"]


PROCESS = """
import sys
from simdce.kernel import machine_code, self_test
from simdce.worlds import MEASURED
found = machine_code.kernel(2, MEASURED)
print(found.path, self_test.digest(found.simulate, 2, MEASURED), "numba" in sys.modules, sep="|")
"""


@pytest.mark.parametrize(
    ("environment", "path", "loads_numba"),
    [
        ({}, "vector", False),
        ({"NUMBA_CPU_NAME": "generic"}, "vector", False),
        ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}, "vector", False),
        ({"SIMDCE_KERNEL": "plain loop", "NUMBA_CPU_NAME": "generic"}, "plain loop", True),
        ({"SIMDCE_KERNEL": "plain loop", "NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}, "plain loop", True),
        ({"NUMBA_DISABLE_JIT": "1"}, "interpreted", True),
    ],
    ids=["this", "generic", "AVX2", "generic loop", "AVX2 loop", "interpreted"],
)
def test_processes_for_other_processors(
    environment: dict[str, str], path: str, loads_numba: bool, tmp_path: Path
) -> None:
    if environment.get("NUMBA_CPU_NAME") == "haswell" and not HOST.get("avx2"):
        pytest.skip("this processor cannot run it")
    usual = {key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "SIMDCE_KERNEL"))}
    ran = subprocess.run(
        [sys.executable, "-c", PROCESS],
        env={**usual, "SIMDCE_CACHE_DIR": str(tmp_path / "kernels"), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.stderr == ""
    expected = self_test.digest(self_test.in_numpy(2, MEASURED), 2, MEASURED)
    assert ran.stdout.strip() == f"{path}|{expected}|{loads_numba}"
