"""The report: one page that says no more than the numbers, whole or not at all, for every kind of scenario."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simdce
from simdce import arrangements
from simdce.errors import InputError
from simdce.metrics import Estimate
from simdce.report import report_page, write_report
from simdce.report.exhibits import checks, exhibits
from simdce.report.laws import Law, gates, laws
from simdce.report.names import names, spoken, together
from simdce.report.register import register, value_text
from simdce.report.size import size_passage
from simdce.report.verdict import choices, difference, undecided, verdict
from simdce.results import headline_size
from simdce.run import Answers
from simdce.studies.payment import Lived

LONG = "A label that is sixty characters long, no more and no less!!"
SCRIPT = "<script>alert('x')</script> & $1 \"quoted\" $2"
SCENARIOS: dict[str, dict[str, Any]] = {
    "every arrangement": {
        "title": "Every arrangement",
        "worlds": 100,
        "panel": {"sizes": [1_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000]},
        "arrangements": [{"name": name} for name in arrangements.names()],
    },
    "one size, one arrangement": {
        "title": "One of each",
        "worlds": 400,
        "panel": {"sizes": [8_000]},
        "arrangements": [{"name": "mssp_basic_e"}],
    },
    "one-sided": {
        "title": SCRIPT,
        "description": "First <b>bold</b>.\n\nSecond.",
        "worlds": 100,
        "panel": {"sizes": [1_000, 5_000]},
        "arrangements": [{"name": "mssp_basic_a", "label": LONG}, {"name": "pgp_demonstration", "label": SCRIPT}],
    },
    "sampling error alone": {
        "title": "No shocks",
        "worlds": 100,
        "shocks": {"preset": "none"},
        "panel": {"sizes": [20_000]},
        "years": {"performance": 1},
        "arrangements": [{"name": "mssp_enhanced"}, {"name": "reach_global"}],
    },
    "nobody asks": {
        "title": "No conditions",
        "worlds": 100,
        "panel": {"sizes": [500, 600]},
        "arrangements": [{"name": "reach_professional"}],
        "questions": {"viability": []},
    },
}


@cache
def answers(name: str) -> Answers:
    return simdce.answer(simdce.build_scenario(SCENARIOS[name]))


@cache
def page(name: str) -> str:
    return report_page(answers(name))


def found(name: str) -> tuple[Answers, Lived, list[Law]]:
    run = answers(name)
    lived = Lived(run.scenario, run.panels, headline_size(run.panels.panel_sizes))
    return run, lived, laws(run, lived)


class Reader(HTMLParser):
    """Text outside style and drawings, the tags met, and whether they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for key, value in attrs if key in ("src", "href", "action", "xlink:href")]
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return reader


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_page_stands_alone_and_nests(name: str) -> None:
    reader = read(page(name))
    assert not reader.tags & {"script", "link", "iframe", "img", "object"}
    assert all(link.startswith("#") for link in reader.links), reader.links
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page(name))
    assert len(page(name).encode()) < 1_500_000


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_not_known_is_not_printed_as_a_number(name: str) -> None:
    text = " ".join(read(page(name)).text)
    assert not re.search(r"\b(nan|inf|None)\b", text)
    assert not re.search(r"-\$|\$-|\$−|−\$0\b", text)


@pytest.mark.parametrize("name", SCENARIOS)
def test_equal_runs_give_equal_pages(name: str) -> None:
    assert report_page(answers(name)) == page(name)


def test_titles_and_labels_are_text() -> None:
    text = " ".join(read(page("one-sided")).text)
    assert SCRIPT in text
    assert "First <b>bold</b>." in text
    assert LONG in text


def test_a_one_sided_scenario_sets_nothing_aside() -> None:
    run, lived, laws_ = found("one-sided")
    assert all(law.never_owes and law.repayment is None for law in laws_)
    assert "can never owe" in verdict(run, lived, laws_).headline
    assert "no rule asks for a repayment mechanism" in page("one-sided")


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("before")
    write_report(answers("one size, one arrangement"), target)
    assert target.read_text(encoding="utf-8") == page("one size, one arrangement")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "report.html"
    real.write_text("mine")
    link.symlink_to(real)
    with pytest.raises(InputError, match="link"):
        write_report(answers("one size, one arrangement"), link)
    assert real.read_text() == "mine"


def test_arrangements_of_equal_results_stand_together() -> None:
    _, _, laws_ = found("every arrangement")
    assert "BASIC A, B" in {law.name for law in laws_}
    outside = [bool(law.outside) for law in laws_]
    assert outside == sorted(outside)
    keys = [key for law in laws_ for key in law.keys]
    assert sorted(keys) == list(arrangements.names())


def test_a_contract_that_has_ended_is_not_recommended() -> None:
    run, lived, laws_ = found("every arrangement")
    ended = [law for law in laws_ if law.outside]
    told = verdict(run, lived, laws_)
    assert ended
    assert not any(law.outside for law in choices(laws_))
    assert not any(law.name in told.headline for law in ended)


@pytest.mark.parametrize(
    ("name", "savings", "losses"),
    [
        ("mssp_basic_a", (0.0288,), ()),  # 12,000 people: 3.0% less 2,000/4,999 of 0.3 points
        ("mssp_basic_e", (0.02,), (-0.02,)),
        ("reach_global", (0.0,), (0.0,)),
        ("pgp_demonstration", (0.02,), ()),
    ],
)
def test_gates_are_where_money_begins_to_move(name: str, savings: tuple[float], losses: tuple[float, ...]) -> None:
    scenario = simdce.build_scenario({"title": "x", "panel": {"sizes": [12_000]}, "arrangements": [{"name": name}]})
    found_savings, found_losses = gates(scenario, scenario.arrangements[0], 12_000)
    assert found_savings == pytest.approx(savings, abs=1e-9)
    assert found_losses == pytest.approx(losses, abs=1e-9)


def moved(law: Law, net: np.ndarray, **fields: Any) -> Law:
    return replace(law, net=net, steadied=net.mean(axis=1), **fields)


def told(name: str, laws_: list[Law]) -> str:
    run, lived, _ = found(name)
    return verdict(run, lived, laws_).headline


def test_what_cannot_be_told_apart_is_too_close_to_call() -> None:
    _, _, (law,) = found("one size, one arrangement")
    noise = np.random.default_rng(3).normal(0.0, 1e6, law.net.shape)
    assert undecided(difference(moved(law, noise), moved(law, -noise)))
    assert told("one size, one arrangement", [moved(law, noise)]).startswith("Too close to call")
    rivals = [moved(law, 1e6 + noise), moved(law, 1e6 - noise, name="other", spoken="other")]
    assert told("one size, one arrangement", rivals).startswith("Too close to call between")


def test_the_verdict_follows_the_numbers() -> None:
    _, _, (law,) = found("one size, one arrangement")
    one_sided = arrangements.load("mssp_basic_a")
    ones = np.ones(law.net.shape)
    safe = moved(law, 1e6 * ones, rules=one_sided, name="safe", spoken="safe", repayment=None)
    better, worse = moved(law, 3e6 * ones, spoken="risky"), moved(law, -1e5 * ones, spoken="risky")
    here = "one size, one arrangement"
    assert told(here, [safe, better]).startswith("risky brings $2.00M a year more")
    assert told(here, [safe, worse]).startswith("Do not take losses")
    assert "expected to cost money" in told(here, [worse])
    assert "Every contract here is expected to cost money" in told(here, [worse, moved(worse, 2 * worse.net)])
    assert "moved no money" in told(here, [moved(safe, 0 * ones)])
    assert told(here, [better]).startswith("risky brings $3.00M a year")


def test_the_headline_panel_is_the_one_nearest_to_fifteen_thousand() -> None:
    assert headline_size((8_000,)) == 8_000
    assert headline_size((1_000, 12_000, 30_000)) == 12_000
    assert headline_size((7_500, 30_000)) == 7_500  # a tie goes to the smaller


def test_the_claim_about_fifteen_thousand_is_judged_only_with_sizes_on_both_sides() -> None:
    run, _, laws_ = found("every arrangement")
    law = next(law for law in laws_ if "mssp_basic_e" in law.keys)
    passage = " ".join(size_passage(run, law))
    assert "Per doubling of the panel next to 15,000" in passage
    assert "at 1,000" not in passage  # not admitted
    run, _, laws_ = found("one size, one arrangement")
    assert "cannot judge" in " ".join(size_passage(run, laws_[0]))


def test_year_quantiles_are_order_statistics() -> None:
    _, _, (law,) = found("one size, one arrangement")
    grid = np.arange(1, 201, dtype=float).reshape(100, 2)
    law = moved(law, grid)
    assert law.year(0.05).value == 10.0
    assert law.year(0.5).value == 100.0
    assert law.year(0.05).standard_error > 0
    assert law.average == Estimate(100.5, pytest.approx(float(grid.mean(axis=1).std(ddof=1)) / 10))


@pytest.mark.parametrize("name", SCENARIOS)
def test_check_cells_hold(name: str) -> None:
    assert all(miss < 0.01 for _, miss in checks(answers(name)))


def test_exhibits_print_an_error_beside_every_uncertain_figure() -> None:
    run, _, laws_ = found("one size, one arrangement")
    payment = exhibits(run, laws_)[0]
    ((section, rows),) = payment.sections
    assert section == "BASIC E"
    assert [label for label, _ in rows] == ["PY1", "PY2", "PY3", "agreement"]
    assert all(cell.error for cell in rows[0][1][:5])


def test_the_register_says_a_shared_number_once() -> None:
    run, _, _ = found("every arrangement")
    called = names(run.scenario)
    lines = register(run.assumptions, called)
    assert len(lines) < len(run.assumptions)
    shared = next(line for line in lines if line.name == "minimum savings rate table" and "BASIC A" in line.used_by)
    assert "ENHANCED" in shared.used_by
    assert any(line.used_by == "all" for line in lines)


def test_values_of_the_register() -> None:
    assert value_text({"aged_dual": 0.0535, "esrd": 0.0035}) == "aged dual 0.0535, esrd 0.0035"
    assert value_text([{"from": 0, "rate_from": 0.122}, {"from": 500}]) == "from 0, rate from 0.122; from 500"
    assert value_text(True) == "yes"
    assert value_text([0.1, 0.3]) == "0.1, 0.3"


def test_names_said_together() -> None:
    assert together(["BASIC C", "BASIC D", "ENHANCED"]) == "BASIC C, D; ENHANCED"
    assert together([LONG]) == LONG
    assert spoken("BASIC C, D; ENHANCED") == "BASIC C, D or ENHANCED"
    assert spoken("ENHANCED") == "ENHANCED"


def test_two_arrangements_of_one_name_keep_their_keys_apart() -> None:
    choices_ = [{"name": "mssp_basic_a"}, {"name": "mssp_basic_b", "label": "BASIC A"}]
    scenario = simdce.build_scenario({"title": "x", "panel": {"sizes": [500]}, "arrangements": choices_})
    assert names(scenario) == {"mssp_basic_a": "mssp_basic_a", "BASIC A": "BASIC A"}
