"""The questions, from what is typed to the page: through a real terminal, stopped, taken up again, and without one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import resource
import select
import struct
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import sized

from simdce.cli import main
from simdce.errors import InputError
from simdce.interview.questions import questions
from simdce.interview.reading import between, number, one_of, shares, some_of
from simdce.interview.scenario_text import answers_in, checked, missing, sizes_of, text_of
from simdce.scenario import build_scenario, read_scenario

MOST_SECONDS = 60.0
"""Of machine time, from the first question to the page."""

_TAKES_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
)


def answered(**given: str) -> dict[str, str]:
    """Every question answered: what is given, and defaults for the rest."""
    found: dict[str, str] = {}
    while (key := missing(found)) is not None:
        question = next(each for each in questions(found) if each.key == key)
        found[key] = question.reader(found)(given.get(key) or question.default(found))
    return found


# What is typed --------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,500", 1500), ("$1.5M", 1.5e6), ("250k", 2.5e5), ("2%", 2), ("-1.5", -1.5), (" 3 ", 3)],
)
def test_numbers_as_people_write_them(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "many", "1.2.3", "5 people", "1e5", "nan"])
def test_what_is_no_number(text: str) -> None:
    assert number(text) is None


def test_wrong_answers_are_told_in_one_line_with_what_is_nearest() -> None:
    with pytest.raises(InputError, match=r"^out of range \(got '50'\); allowed: .* from 100 to 5,000; .* '100'\?$"):
        between(100, 5000, whole=True)("50")
    with pytest.raises(InputError, match=r"not a whole number .* allowed: a whole number from 1 to 5$"):
        between(1, 5, whole=True)("2.5")
    with pytest.raises(InputError, match=r"allowed: practice, aco; did you mean 'practice'\?$"):
        one_of(("practice", "aco"))("practise")
    with pytest.raises(InputError, match=r"not numbers of the list \(got '4'\); allowed: 1 to 3"):
        some_of(3)("4")
    with pytest.raises(InputError, match="at most 100 together"):
        shares("50 40 30")


def test_right_answers_are_kept_alike() -> None:
    assert between(0, 1e9)("1.5m") == "1,500,000"
    assert between(0, 9, word="enough")("Enough") == "enough"
    assert between(2000, 2040, whole=True, year=True)("2027") == "2027"
    assert one_of(("practice", "aco"))("P") == "practice"
    assert some_of(4)("3, 1 3") == "1 3"
    assert some_of(2)("ALL") == "1 2"
    assert shares("1, 12 8%") == "1 12 8"


# What is written --------------------


@pytest.mark.parametrize(("who", "first", "years"), list(product(("practice", "aco"), ("2024", "2026", "2030"), "135")))
def test_every_set_of_answers_is_a_scenario_that_runs(who: str, first: str, years: str) -> None:
    """That it is read, and that no contract in it is out of season."""
    for given in ({}, {"mix": "2 10 9", "growth": "12", "reserves": "300k", "people": "700"}):
        text = text_of(answered(who=who, first_year=first, years=years, **given))
        scenario = build_scenario(tomllib.loads(text))
        assert scenario.years.performance == int(years)
        assert scenario.decision is not None
        assert scenario.cash is not None
        assert (scenario.practice is not None) == (who == "practice")
        assert len([line for line in text.splitlines() if "# " in line]) > 8


def test_answers_stand_in_the_scenario_where_they_belong() -> None:
    answers = answered(
        who="practice", people="1,200", pool="9,000", savings="2.5", cost="40k", loss="90k", reserves="70k",
        growth="10", offers="1 4", mix="1 12 8", first_year="2025", years="2",
    )  # fmt: skip
    scenario = build_scenario(tomllib.loads(text_of(answers)))
    assert scenario.panel.sizes == (1200, 1320, 9000)
    assert scenario.mix == pytest.approx({"esrd": 0.01, "disabled": 0.12, "aged_dual": 0.08, "aged_non_dual": 0.79})
    assert scenario.savings.true == 0.025
    assert scenario.cash is not None
    assert scenario.cash.cost == 40_000
    assert scenario.decision is not None
    assert (scenario.decision.largest_loss, scenario.decision.largest_financed) == (90_000, 70_000)
    assert scenario.practice is not None
    assert scenario.practice.people == (1200, 1320)
    assert [tier.name for tier in scenario.practice.tiers] == ["upside_only", "capitated"]
    assert (scenario.arrangements[0].key, scenario.years.gap) == ("REACH Global", 5)


def test_people_who_grow_stay_inside_the_pool_and_a_panel() -> None:
    assert sizes_of(answered(people="5,000", pool="6,000", growth="100")) == [5000, 5900]
    assert sizes_of(answered(who="aco", people="120", growth="-30", years="5")) == [100, 120]
    assert sizes_of(answered(who="aco", years="1", growth="50")) == [10_000]


def test_an_answer_that_no_longer_fits_is_asked_again() -> None:
    kept = checked({**answered(people="1,500", pool="2,000"), "people": "5,000"})
    assert missing(kept) == "pool"
    assert "offers" in kept


def test_a_file_is_read_back_and_a_strange_one_is_left_alone(tmp_path: Path) -> None:
    path, answers = tmp_path / "q.toml", answered(who="aco")
    assert answers_in(path) == {}
    path.write_text(text_of(answers), encoding="utf-8")
    assert answers_in(path) == answers
    path.write_text(text_of(answers).replace("worlds = 4000", "worlds = 9000"), encoding="utf-8")
    with pytest.raises(InputError, match="was changed since"):
        answers_in(path)
    path.write_text('title = "mine"\n', encoding="utf-8")
    done = CliRunner().invoke(main, ["ask", str(path)])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert "was not written by simdce ask" in done.output
    assert path.read_text(encoding="utf-8") == 'title = "mine"\n'


# Through a terminal --------------------


class Terminal:
    """``simdce ask`` at the other end of a pseudo-terminal."""

    def __init__(self, folder: Path, *words: str) -> None:
        own, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        command = [sys.executable, "-c", _TAKES_TERMINAL, sys.executable, "-m", "simdce", *words]
        paths = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True,
            env={**os.environ, "PYTHONPATH": paths, "TERM": "xterm"},
        )  # fmt: skip
        os.close(theirs)
        self.own, self.seen = own, ""

    def expect(self, pattern: str, seconds: float = 100.0) -> str:
        """What is written up to the pattern."""
        until = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < until, self.seen
            if select.select([self.own], [], [], 1.0)[0]:
                try:
                    chunk = os.read(self.own, 4096)
                except OSError:  # the other end is closed
                    chunk = b""
                assert chunk, f"ended before {pattern!r}: {self.seen}"
                self.seen += chunk.decode("utf-8", "replace")
        told, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return told

    def say(self, text: str) -> None:
        """Type a line."""
        os.write(self.own, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self.own, b"\x03")

    def ended(self) -> int:
        """The exit code."""
        return self.process.wait(timeout=300)

    def close(self) -> None:
        """Hang up."""
        self.process.kill()
        self.process.wait()
        os.close(self.own)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[object]:
    opened: list[Terminal] = []

    def start(*words: str) -> Terminal:
        opened.append(Terminal(tmp_path, "ask", *words))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.mark.skipif(sized(False, True), reason="4,000 worlds take an hour where the kernel is interpreted")
def test_from_the_first_question_to_the_page(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    terminal = ask("ours.toml")
    terminal.expect(r"1 of 12\. Are you a practice.*\[practice\]: ")
    terminal.say("b")
    assert "This is the first question" in terminal.expect(r"\[practice\]: ")
    terminal.say("hospital")
    told = terminal.expect(r"\[practice\]: ")
    assert "No such choice (got 'hospital'); allowed: practice, aco" in told
    terminal.say("")
    terminal.expect(r"2 of 12\. How many Medicare people.*\[1,500\]: ")
    terminal.say("?")
    assert "align to you by the visits" in terminal.expect(r"2 of 12.*\[1,500\]: ")
    terminal.say("50")
    assert "did you mean '100'?" in terminal.expect(r"\[1,500\]: ")
    terminal.say("800")
    terminal.expect(r"3 of 12\..*\[20,000\]: ")
    terminal.say("b")
    terminal.expect(r"2 of 12\..*\[800\]: ")
    terminal.say("900")
    terminal.expect(r"3 of 12\..*\[20,000\]: ")
    terminal.say("6,000")
    terminal.expect(r"4 of 12\. ")
    terminal.interrupt()
    assert "Go on with: simdce ask ours.toml" in terminal.expect("ours.toml")
    assert terminal.ended() == 130
    assert not (tmp_path / "ours-answer.html").exists()

    again = ask("ours.toml")
    assert "Going on where you stopped" in again.expect(r"4 of 12\. Who are they\?.*\[typical\]: ")
    again.say("")
    for place, said in ((5, ""), (6, "1"), (7, "1 4"), (8, "4"), (9, "5k"), (10, ""), (11, "enough"), (12, "5")):
        again.expect(rf"{place} of 12\. .*\]: ")
        again.say(said)
    told = again.expect("it prints on one sheet", 300.0)
    assert again.ended() == 0
    assert "Simulating 4,000 futures" in told
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime < MOST_SECONDS

    page = (tmp_path / "ours-answer.html").read_text(encoding="utf-8")
    assert "900 of 6,000 people" in page
    assert re.search(r"<h1>(Join|Do not join|Too close to call)", page)
    scenario = read_scenario(tmp_path / "ours.toml")
    assert (scenario.panel.sizes, scenario.savings.true) == ((900, 6000), 0.04)


def test_end_of_input_keeps_what_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "q.toml"
    done = CliRunner().invoke(main, ["ask", str(path)], input="aco\n12000\n")
    assert done.exit_code == 130
    assert answers_in(path) == {"who": "aco", "people": "12,000"}
    run = CliRunner().invoke(main, ["run", str(path)])
    assert run.exit_code == 2
