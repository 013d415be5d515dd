"""The process beside: the same answers as here, errors from here, nothing left behind, nothing lost without it."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simdce import shares
from simdce.beside import Beside
from simdce.cli import main

FORKS = pytest.mark.skipif(sys.platform != "linux", reason="no process is forked here")

SCENARIO = """
title = "beside"
worlds = 3000
[panel]
sizes = [500, 1000, 2000, 3000, 5000]
[[arrangements]]
name = "mssp_basic_e"
[[arrangements]]
name = "mssp_track_1"
[[arrangements]]
name = "reach_global"
[[questions.viability]]
outcome = "paid"
true_savings = 0.03
at_least = 0.7
[[questions.viability]]
outcome = "owing"
true_savings = 0.0
at_most = 0.1
"""


@FORKS
def test_questions_are_answered_by_another_process_in_any_order() -> None:
    with Beside("math") as beside:
        theirs = beside.ask("os", "getpid")
        root = beside.ask("math", "sqrt", 2.0)
        assert root() == 2.0**0.5
        assert theirs() not in (os.getpid(), None)
        assert theirs() == theirs()
        child = theirs()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.parametrize("forked", [True, False])
def test_errors_are_raised_here(forked: bool) -> None:
    with Beside(forked=forked) as beside:
        wrong, right = beside.ask("math", "sqrt", -1.0), beside.ask("math", "sqrt", 4.0)
        assert right() == 2.0
        with pytest.raises(ValueError, match=r"math domain|nonnegative"):
            wrong()
        with pytest.raises(AttributeError):
            beside.ask("math", "no_such_function")()


def test_without_a_process_the_answer_is_found_here() -> None:
    with Beside("no_such_module", forked=False) as beside:
        assert beside.ask("os", "getpid")() == os.getpid()


@FORKS
def test_a_process_that_dies_is_not_missed() -> None:
    with Beside("no_such_module") as beside:
        child = beside.ask("os", "getpid")()
        os.kill(child, signal.SIGINT)
        assert beside.ask("os", "getpid")() == child  # Ctrl-C is not for it
        os.kill(child, signal.SIGKILL)
        assert beside.ask("math", "sqrt", 9.0)() == 3.0
        assert beside.ask("os", "getpid")() == os.getpid()


def unspeakable() -> Any:
    """What no pipe takes."""
    return lambda: 5


@FORKS
def test_an_answer_that_cannot_be_sent_is_found_here(capfd: pytest.CaptureFixture[str]) -> None:
    with Beside() as beside:
        assert beside.ask(__name__, "unspeakable")()() == 5
        assert beside.ask("os", "getpid")() != os.getpid()
        with pytest.raises(TypeError):  # nor a question, which fails where it is answered
            beside.ask("math", "sqrt", lambda: 4)()
    assert capfd.readouterr().err == ""


@FORKS
def test_a_process_that_may_have_no_children_has_none() -> None:
    with get_context("fork").Pool(1) as pool:
        assert pool.apply(_asked_of_a_child)


def _asked_of_a_child() -> bool:
    with Beside() as beside:
        return bool(beside.ask("os", "getpid")() == os.getpid())


@FORKS
def test_without_room_for_a_process_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    with Beside("math") as beside:
        assert not beside.free
        assert beside.ask("os", "getpid")() == os.getpid()


@FORKS
@pytest.mark.parametrize("long", [True, False], ids=["long", "short"])
def test_results_do_not_depend_on_it(long: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LONG", 0.0 if long else 1e12)
    (tmp_path / "s.toml").write_text(SCENARIO)
    for threads in ("1", "2"):  # one thread, one process
        done = CliRunner().invoke(
            main, ["run", str(tmp_path / "s.toml"), "--threads", threads, "--out", str(tmp_path / threads)]
        )
        assert done.exit_code == 0, done.output
    alone, beside = ({each.name: each.read_bytes() for each in (tmp_path / n).iterdir()} for n in ("1", "2"))
    assert alone == beside
