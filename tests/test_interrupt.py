"""Ctrl-C at several moments of a real process, and the same command again: the same bits as if nothing had been."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import INTERPRETED, scenario_of

from simdce import unfinished
from simdce.run import answer
from simdce.totals import Totals, narrowed
from simdce.unfinished import AtSize, Begun
from simdce.worlds import simulate

pytestmark = pytest.mark.skipif(os.name == "nt" or INTERPRETED, reason="signals; and interpreted work cannot be cut")

SCENARIO = """
title = "interrupted"
worlds = 1200
[panel]
sizes = [500, 1000]
[years]
baseline = 1
performance = 2
[benchmark]
weights = [1.0]
[[arrangements]]
name = "mssp_basic_e"
[[arrangements]]
name = "mssp_enhanced"
[[questions.viability]]
outcome = "paid"
over = "agreement"
true_savings = 0.03
at_least = 0.5
[security]
chance = 0.9
instruments = [{ name = "escrow" }]
"""
INTERRUPT = """
import os, signal, sys
from simdce import cli, unfinished
from {package} import {place} as place
whole, begin, calls = place.{name}, unfinished.taken_up, -(10**9)
def taken_up(*arguments, **named):
    global calls
    calls = 0
    return begin(*arguments, **named)
unfinished.taken_up = taken_up
def interrupted(*arguments, **named):
    global calls
    calls += 1
    if calls == {call}:
        os.kill(os.getpid(), signal.SIGINT)
    return whole(*arguments, **named)
place.{name} = interrupted
cli.main(sys.argv[1:])
"""
"""The command line, with Ctrl-C when the run, once its needs are told, calls a function for the ``call``-th time."""


def process(folder: Path, *arguments: str, moment: tuple[str, str, str, int] | None = None) -> Any:
    code = "from simdce.cli import main; main()"
    if moment is not None:
        package, place, name, call = moment
        code = INTERRUPT.format(package=package, place=place, name=name, call=call)
    command = [sys.executable, "-c", code, "run", "s.toml", "--threads", "1", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run writes."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "s.toml").write_text(SCENARIO)
    done = process(folder)
    assert done.returncode == 0, done.stderr
    return files(folder)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "s-results").iterdir()}


MOMENTS = {
    "worlds": ("simdce.totals", "Totals", "put", 3),
    "settling": ("simdce", "sizes", "at_size", 2),
    "laws": ("simdce", "run", "with_exact_sizes", 1),
    "table": ("simdce", "run", "variance_saved", 1),
}


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_same_command_goes_on_to_the_same_bits(moment: str, whole: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    stopped = process(tmp_path, moment=MOMENTS[moment])
    assert stopped.returncode == 130
    assert stopped.stdout == ""
    assert list(files(tmp_path)) == [unfinished.NAME]
    assert stopped.stderr.splitlines()[-1].endswith(
        "kept in s-results/unfinished.npz: the same command goes on from there"
    )
    done = process(tmp_path)
    assert done.returncode == 0
    assert "simdce: going on with " in done.stderr
    assert files(tmp_path) == whole


def test_ctrl_c_while_results_are_written_waits_until_they_are(whole: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    stopped = process(tmp_path, moment=("simdce", "output", "write_all", 1))
    assert stopped.returncode == 130
    assert stopped.stderr.splitlines()[-1] == "simdce: interrupted; after the results were written"
    assert files(tmp_path) == whole


def test_what_is_left_does_not_replace_older_results_and_serves_no_other_run(
    whole: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    out = tmp_path / "s-results"
    out.mkdir()
    for name, content in whole.items():
        (out / name).write_bytes(content)
    stopped = process(tmp_path, "--seed", "5", moment=MOMENTS["settling"])
    assert stopped.returncode == 130
    assert {name: content for name, content in files(tmp_path).items() if name != unfinished.NAME} == whole
    done = process(tmp_path)  # the seed of the file: nothing to go on with
    assert "going on" not in done.stderr
    assert files(tmp_path) == whole


def test_an_interruption_before_anything_is_done_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    stopped = process(tmp_path, moment=("simdce", "run", "simulate", 1))
    assert stopped.returncode == 130
    assert stopped.stderr.splitlines()[-1] == "simdce: interrupted; nothing was written"
    assert files(tmp_path) == {}


# In one process --------------------


def begun_of(worlds: int = 600) -> tuple[Any, Begun]:
    scenario = scenario_of(worlds, (300, 600), years={"baseline": 1, "gap": 0, "performance": 1})
    begun = Begun()
    answer(scenario, begun=begun)
    return scenario, begun


def test_what_is_left_is_read_as_it_was(tmp_path: Path) -> None:
    scenario, begun = begun_of()
    assert unfinished.leave(tmp_path, scenario, begun, controlled=True)
    found = unfinished.taken_up(tmp_path, scenario, controlled=True)
    assert repr(found.settled) == repr(begun.settled)  # nan is not equal to itself; every float written in full
    assert all(isinstance(each, AtSize) for each in found.settled)
    assert simulate(scenario, begun=found.totals).digest == simulate(scenario).digest
    assert unfinished.taken_up(tmp_path, scenario, controlled=False).settled == []
    other = scenario.model_copy(update={"seed": scenario.seed + 1})
    assert unfinished.taken_up(tmp_path, other, controlled=True).settled == []


@pytest.mark.parametrize("damage", ["empty", "truncated", "garbage", "a folder"])
def test_one_that_is_damaged_is_as_good_as_none(damage: str, tmp_path: Path) -> None:
    scenario, begun = begun_of()
    unfinished.leave(tmp_path, scenario, begun, controlled=True)
    path = tmp_path / unfinished.NAME
    content = path.read_bytes()
    if damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        middle = len(content) // 2
        garbled = content[:middle] + bytes(64) + content[middle + 64 :]
        path.write_bytes({"empty": b"", "truncated": content[:middle], "garbage": garbled}[damage])
    found = unfinished.taken_up(tmp_path, scenario, controlled=True)
    assert found.settled == []
    assert not found.totals.done.any()


def test_calls_that_are_done_are_not_done_again() -> None:
    scenario = scenario_of(1200, (300,), years={"baseline": 1, "gap": 0, "performance": 1})
    totals = Totals()
    whole = simulate(scenario, begun=totals)
    totals.done[1:] = False
    totals.arrays["dollars"] = np.where(totals.arrays["dollars"] > 0, totals.arrays["dollars"] + 1, 0)
    again = simulate(scenario, begun=totals)
    changed = (again.dollars != whole.dollars).any(axis=(1, 3))
    assert 0 < changed[:512].sum() <= 512  # the call that was said to be done
    assert not changed[512:].any()


@pytest.mark.parametrize(("largest", "kind"), [(0, "u2"), (65535, "u2"), (65536, "u4"), (2**32, "i8")])
def test_totals_are_held_in_the_fewest_bytes_and_read_wide(largest: int, kind: str) -> None:
    assert narrowed(np.array([0, largest])).dtype == np.dtype(kind)
    assert narrowed(np.array([-1, largest])).dtype == np.int64
    totals = Totals()
    totals.begin({"dollars": (2, 1, 1, 1)}, 2)
    for call, amount in enumerate((1, largest)):
        totals.put(call, (slice(call, call + 1),), {"dollars": np.full((1, 1, 1, 1), amount)})
    assert totals.arrays["dollars"].ravel().tolist() == [1, largest]
    assert totals.arrays["dollars"].dtype == np.dtype(kind)
