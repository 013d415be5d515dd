"""The one page and the rule behind it: closed forms, ties, limits, flips, words, one sheet, no number from nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import scenario_of, sized

from simdce.cli import main
from simdce.deciding import MOST_WORDS, answer_page, findings, page_of, visible_words
from simdce.deciding.findings import Findings, usual_size
from simdce.errors import InputError
from simdce.metrics import Estimate, certainty_equivalent, mean, percentile
from simdce.scenario import Decision, build_scenario, read_scenario
from simdce.studies.break_even import break_evens
from simdce.studies.decision import Judgement, Rule, best_of, judge, judgement, rule_of
from simdce.studies.flips import _limits, flips
from simdce.studies.options import Offers, Option, saving_more, savings_assumed
from simdce.studies.practice import practice_answers
from simdce.worlds import simulate

ROOT = Path(__file__).parents[1]
WORLDS = sized(2000, 100)
Z = 4.0
"""Standard errors that a sound figure stays within, all but one time in 16,000."""

BASIC_A = {"name": "mssp_basic_a", "label": "A"}
ENHANCED = {"name": "mssp_enhanced", "label": "ENHANCED", "elections": {"minimum_savings_rate": 0.02}}


def rule(**asked: Any) -> Rule:
    """A rule with a tolerance of a million dollars, or limits."""
    limited = asked.get("rule") == "limits"
    return Rule(Decision(**asked), np.inf if limited else 1e6, "limits" if limited else "scenario")


def option(name: str, income: np.ndarray[Any, np.dtype[np.float64]], months: float = 12_000.0) -> Option:
    """An option that brings ``income`` (world, year), all of it settled."""
    worlds = len(income)
    return Option(name, None, 1000, income, income, income.mean(axis=1), np.full(worlds, months), None)


def judged(options: list[Option], used: Rule) -> Judgement:
    return judgement(cast(Offers, SimpleNamespace(options=tuple(options), people=1000)), used)


# The rule --------------------


@pytest.mark.parametrize(("average", "spread", "tolerance"), [(2e5, 3e5, 1e6), (-1e5, 2e5, 4e5), (0.0, 1e6, 1e6)])
def test_certainty_equivalent_of_a_normal_law(average: float, spread: float, tolerance: float) -> None:
    draws = np.random.default_rng(5).normal(average, spread, 200_000)
    found = certainty_equivalent(draws, tolerance)
    assert abs(found.value - (average - spread**2 / (2 * tolerance))) < Z * found.standard_error
    assert found.standard_error < 0.05 * spread


def test_error_of_the_certainty_equivalent_is_its_spread_over_samples() -> None:
    draws = np.random.default_rng(6).normal(0.0, 1.0, (400, 2000))
    found = [certainty_equivalent(sample, 1.0) for sample in draws]
    spread = np.std([each.value for each in found], ddof=1)
    told = np.mean([each.standard_error for each in found])
    assert abs(told / spread - 1) < Z / np.sqrt(2 * len(found))


def test_certainty_equivalent_moves_with_a_sure_amount_and_ends_in_the_mean_and_the_worst() -> None:
    draws = np.random.default_rng(7).normal(0.0, 1.0, 500)
    base = certainty_equivalent(draws, 0.7)
    assert certainty_equivalent(draws + 3.0, 0.7).value == pytest.approx(base.value + 3.0, abs=1e-12)
    assert certainty_equivalent(draws, 1e7).value == pytest.approx(draws.mean(), abs=1e-6)
    assert certainty_equivalent(draws, 1e-4).value == pytest.approx(draws.min(), abs=1e-3)
    assert np.isfinite(certainty_equivalent(1e12 * draws, 1.0).value)


def test_the_largest_certainty_equivalent_is_taken_not_the_largest_average() -> None:
    draws = np.random.default_rng(8).normal(size=(4000, 2))
    steady, wild = option("steady", 1e5 + 1e4 * draws), option("wild", 4e5 + 2e6 * draws)
    found = judged([wild, steady], rule())
    assert (found.verdict, found.first.option.arrangement, found.ties) == ("join", "steady", ())
    assert found.ranked[1].worth.value < 0
    assert best_of([wild, steady], rule()) == steady.key
    assert best_of([wild, steady], replace(rule(), tolerance=np.inf)) == wild.key


def test_nothing_better_than_staying_out() -> None:
    draws = np.random.default_rng(9).normal(size=(4000, 2))
    losing = option("losing", -1e5 + 1e4 * draws)
    assert judged([losing], rule()).verdict == "stay_out"
    assert best_of([losing], rule()) is None


def test_ties_within_the_error_of_simulation_are_called_ties() -> None:
    draws = np.random.default_rng(10).normal(size=(3, 1000, 1))
    one, other = option("one", 3e5 + 1e5 * draws[0]), option("other", 3e5 + 1e5 * draws[1])
    worse, alike = option("worse", 1e5 + 1e5 * draws[2]), option("alike", 3e5 + 1e5 * draws[0])
    found = judged([one, worse, other], rule())
    assert found.verdict == "join"
    assert [each.option.arrangement for each in found.ties] == [found.ranked[1].option.arrangement]
    assert {found.first.option.arrangement, found.ties[0].option.arrangement} == {"one", "other"}
    assert len(judged([one, alike], rule()).ties) == 1
    # paired: a difference of a hundredth of the spread, the same in every world, is none of chance
    assert judged([one, option("a little more", 3.01e5 + 1e5 * draws[0])], rule()).ties == ()


def test_what_cannot_be_told_from_nothing_is_too_close_to_call() -> None:
    draws = np.random.default_rng(11).normal(size=(1000, 1))
    close = option("close", 5e3 + 1e5 * (draws - draws.mean()))
    assert judged([close], rule()).verdict == "close"
    still = option("still", np.zeros((1000, 1)))
    assert judged([still], rule()).verdict == "close"


def test_limits_rule_out_and_the_average_decides_among_the_rest() -> None:
    draws = np.random.default_rng(12).normal(size=(4000, 2))
    wild, steady = option("wild", 4e5 + 5e5 * draws), option("steady", 1e5 + 1e5 * draws)
    allowed = rule(rule="limits", largest_loss=2e5)
    found = judged([wild, steady], allowed)
    assert (found.verdict, found.first.option.arrangement) == ("join", "steady")
    # the law is normal, so the loss of one year in twenty has a closed form: 1.645 standard deviations below the mean
    worst = found.ranked[1].limits[0]
    assert worst.holds is False
    assert abs(worst.found.value - (1.6449 * 5e5 - 4e5)) < Z * worst.found.standard_error
    assert judged([wild, steady], rule(rule="limits", largest_loss=1e6)).first.option.arrangement == "wild"
    owing = judged([wild, steady], rule(rule="limits", largest_chance_of_owing=0.18))
    assert owing.first.option.arrangement == "steady"  # owes in 15.9% of years, the other in 21.2%
    assert judged([wild], allowed).verdict == "stay_out"
    near = rule(rule="limits", largest_loss=worst.found.value)
    assert judged([wild], replace(near, asked=near.asked.model_copy(update={"largest_loss": worst.found.value + 1}))
                  ).verdict == "close"  # fmt: skip


def test_a_limit_that_is_surely_kept_has_no_error() -> None:
    sure = option("sure", np.full((100, 2), 7.0))
    limits = judge(sure, rule(rule="limits", largest_loss=0.0, largest_chance_of_owing=0.0)).limits
    assert [limit.holds for limit in limits] == [True, True]


# The scenario's table --------------------


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"rule": "limits"}, "the rule limits needs one of largest_loss"),
        ({"largest_loss": 1.0}, "the rule certainty_equivalent does not use largest_loss"),
        ({"rule": "limits", "largest_loss": 1.0, "revenue": 1.0}, "the rule limits does not use revenue"),
        ({"risk_tolerance": 1.0, "revenue": 1.0}, "leave out risk_tolerance_share and revenue"),
        ({"rule": "limits", "largest_financed": 1.0}, "decision.largest_financed: needs the costs"),
        ({"rule": "certainty"}, "did you mean 'certainty_equivalent'"),
        ({"risk_tolerance": 0.0}, "decision.risk_tolerance: out of range"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        scenario_of(decision=table)


def test_without_the_table_nothing_is_written_of_it() -> None:
    plain, asked = scenario_of(), scenario_of(decision={"risk_tolerance": 5e5})
    assert "decision" not in plain.model_dump()
    assert asked.model_dump()["decision"]["risk_tolerance"] == 5e5
    assert plain.digest != asked.digest
    assert simulate(plain).digest == simulate(asked).digest


def offers_of(sizes: tuple[int, ...] = (5000,), people: int | None = None, **tables: Any) -> Offers:
    scenario = scenario_of(WORLDS, sizes, arrangements=[BASIC_A, ENHANCED], **tables)
    return Offers(scenario, simulate(scenario), people or sizes[0])


def test_tolerance_follows_what_is_stated() -> None:
    share = 0.064  # Howard (1988)
    assert rule_of(offers_of(decision={"risk_tolerance": 5e5})).tolerance == 5e5
    assert rule_of(offers_of(decision={"revenue": 1e7})).tolerance == pytest.approx(share * 1e7)
    stated = rule_of(offers_of(decision={"revenue": 1e7, "risk_tolerance_share": 0.1}))
    assert (stated.tolerance, stated.basis) == (pytest.approx(1e6), "revenue")
    offers = offers_of()
    usual = rule_of(offers)
    assert usual.basis == "usual_revenue"
    assert usual.tolerance == pytest.approx(share * 0.146 * offers.lived.expected_expenditure)
    # Delquié (2008): at a chance of 1 in 20 the largest loss is three times the tolerance
    assert usual.bearable == pytest.approx(3.0 * usual.tolerance, rel=2e-3)
    # a certain loss of that size with 1 chance in 20, and any gain else, is refused just beyond it
    worlds = np.where(np.arange(20_000) % 20 == 0, -usual.bearable, 1e9)
    assert certainty_equivalent(worlds, usual.tolerance).value == pytest.approx(0.0, abs=1e-6 * usual.bearable)


# Options and flips --------------------


def test_an_option_without_costs_is_the_settlement_and_with_costs_less() -> None:
    free, paid = offers_of(), offers_of(cash={"cost": 4e5, "cost_before": 1e5, "discount_rate": 0.0})
    for one, other in zip(free.options, paid.options, strict=True):
        np.testing.assert_allclose(one.income - other.income, 4e5, rtol=1e-9)
        np.testing.assert_allclose(one.worth - other.worth, 4e5 + 1e5 / 3, rtol=1e-9)
        assert one.low_point is None
        np.testing.assert_array_equal(one.worth, one.settled.mean(axis=1))


def test_options_of_a_practice_are_its_tiers() -> None:
    practice = {"people": [500, 1000], "tiers": [{"name": "upside_only"}, {"name": "full"}]}
    scenario = scenario_of(WORLDS, (500, 1000, 5000), arrangements=[ENHANCED], practice=practice)
    panels = simulate(scenario)
    told = practice_answers(scenario, panels)
    assert told is not None
    for people in (500, 1000):
        for found in Offers(scenario, panels, people).options:
            assert found.tier is not None
            figure = told.estimate("ENHANCED", found.tier, people, "mean_amount")
            assert 3 * mean(found.worth).value == pytest.approx(figure.value, abs=0.02)
            worst = told.estimate("ENHANCED", found.tier, people, "amount_p5", "PY1")
            assert percentile(found.income[:, 0], 0.05).value == pytest.approx(worst.value, abs=0.01)


def test_a_contract_out_of_season_or_reach_is_not_offered_where_another_is() -> None:
    reach = {"name": "reach_global", "label": "REACH"}
    scenario = scenario_of(100, (5000,), arrangements=[ENHANCED, reach], years={"first_performance_year": 2027})
    assert [each.arrangement for each in Offers(scenario, simulate(scenario), 5000).options] == ["ENHANCED"]


def test_more_savings_are_more_savings_of_every_year() -> None:
    scenario = scenario_of(savings={"true": [0.01, 0.02]})
    assert savings_assumed(saving_more(scenario, 0.005)) == pytest.approx((0.015, 0.025, 0.025))


def test_care_cost_flips_where_it_uses_up_what_the_option_is_worth() -> None:
    offers = offers_of(savings={"true": 0.03})
    found = judgement(offers, rule())
    assert found.verdict == "join"
    flip = next(each for each in flips(offers, found) if each.name == "care_cost")
    assert flip.then is None
    for each in offers.options:
        left = certainty_equivalent(each.worth - flip.at.value * each.person_months, 1e6).value
        assert left < 100.0
    best = found.first
    # person-months hardly differ between worlds, and a sure cost moves a certainty equivalent dollar for dollar
    assert flip.at.value == pytest.approx(best.worth.value / best.option.person_months.mean(), rel=0.02)
    assert flip.at.standard_error == pytest.approx(
        best.worth.standard_error / best.option.person_months.mean(), rel=0.2
    )


def test_true_savings_flip_where_the_contract_breaks_even() -> None:
    """With limits that let everything through the average decides, whose break-even another study finds by itself."""
    benchmark = {"discount": 0.02, "weights": [0.1, 0.3, 0.6]}
    scenario = scenario_of(WORLDS, (5000,), arrangements=[ENHANCED], savings={"true": 0.0}, benchmark=benchmark)
    offers = Offers(scenario, simulate(scenario), 5000)
    found = judgement(offers, rule(rule="limits", largest_loss=1e9))
    assert found.verdict == "stay_out"
    flip = next(each for each in flips(offers, found) if each.name == "true_savings")
    alone, _ = break_evens(offers.lived, (), "ENHANCED")
    crossing = alone[0].crossings[0].true_savings
    assert not flip.below
    assert flip.then == ("ENHANCED", None)
    assert abs(flip.at.value - crossing.value) < 2e-5
    assert flip.at.standard_error == pytest.approx(crossing.standard_error, rel=0.3)


def test_every_flip_is_where_the_verdict_turns() -> None:
    offers = offers_of(savings={"true": 0.01}, cash={"cost": 3e5})
    found = judgement(offers)
    taken = best_of(offers.options, found.rule)
    turned = flips(offers, found)
    assert {"true_savings", "care_cost", "risk_tolerance"} & {each.name for each in turned}
    for each in turned:
        assert each.then != taken
        change = each.at.value - each.now
        beyond, within = 1.002 * change, 0.998 * change
        if each.name == "true_savings":
            assert best_of(offers.saving(beyond), found.rule) == each.then
            assert best_of(offers.saving(within), found.rule) == taken
        elif each.name == "care_cost":
            assert best_of(offers.costing(beyond), found.rule) == each.then
            assert best_of(offers.costing(within), found.rule) == taken
        elif each.name == "risk_tolerance":
            for moved, then in ((beyond, each.then), (within, taken)):
                assert best_of(offers.options, replace(found.rule, tolerance=each.now + moved)) == then


def test_a_limit_flips_at_what_the_options_lose() -> None:
    draws = np.random.default_rng(13).normal(size=(4000, 2))
    wild, steady = option("wild", 4e5 + 5e5 * draws), option("steady", 1e5 + 1e5 * draws)
    asked = rule(rule="limits", largest_loss=2e5)
    offers = cast(Offers, SimpleNamespace(options=(wild, steady), people=1000))
    flip = next(_limits(offers, asked, best_of((wild, steady), asked)))
    marks = {each.arrangement: judge(each, asked).limits[0].found.value for each in (wild, steady)}
    assert flip.at.value in marks.values()
    assert flip.then in (None, wild.key)


# The page --------------------

LONG = " ".join("ab" for _ in range(20))[:59] + "x"


@cache
def found_of(name: str) -> Findings:
    tables: dict[str, Any]
    if (ROOT / "scenarios" / name).is_file():
        scenario = read_scenario(ROOT / "scenarios" / name, {"worlds": WORLDS})
    else:
        tables = {
            "losing": {"arrangements": [ENHANCED], "savings": {"true": 0.0}, "cash": {}, "security": {},
                       "decision": {"rule": "limits", "largest_loss": 1e6}},
            "one-sided": {"arrangements": [BASIC_A], "cash": {"cost": 3e5}},
            "wordy": {"arrangements": [{**BASIC_A, "label": LONG}, {**ENHANCED, "label": LONG[::-1]}], "cash": {},
                      "title": " ".join("y" * 60), "security": {}},
        }[name]  # fmt: skip
        title = tables.pop("title", name)
        panel = {"sizes": [5000, 8000, 16000], "price_year": 2024}
        scenario = build_scenario({"title": title, "panel": panel, "worlds": WORLDS, **tables})
    return findings(scenario, simulate(scenario))


PAGES = ("which_tier.toml", "what_to_set_aside.toml", "st_johns.toml", "losing", "one-sided", "wordy")
pages = pytest.mark.parametrize("name", sized(PAGES, PAGES[3:4]))


@pages
def test_the_page_is_short(name: str) -> None:
    words = visible_words(answer_page(found_of(name)))
    assert 120 < len(words) <= MOST_WORDS == 350


@pages
def test_the_page_needs_nothing_beside_it(name: str) -> None:
    html = answer_page(found_of(name))
    assert "default-src 'none'" in html
    for forbidden in ("<script", "javascript:", "http://", "https://", "url(", "@import", "<link", "<img", "onload"):
        assert forbidden not in html.lower()
    assert html.index("<h1>") < html.index("When the money comes")
    assert answer_page(found_of(name)) == html


@pages
def test_the_page_prints_on_one_sheet(name: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium to print with")
    page = tmp_path / "page.html"
    html = answer_page(found_of(name))
    for size in ("a4", "letter"):
        page.write_text(html.replace("@page {", f"@page {{ size: {size};"), encoding="utf-8")
        printed = tmp_path / f"{size}.pdf"
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
        command += [f"--user-data-dir={tmp_path / 'room'}", f"--print-to-pdf={printed}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) == 1


_SCALE = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9}


def figures_on(html: str) -> list[tuple[str, float, float]]:
    """Every amount and percentage that a reader sees, in dollars or fractions, and half of its last digit."""
    body = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|head|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)))
    found = []
    for text, sign, digits, scale in re.findall(r"((−?)\$([\d.,]*\d)([kMB]?))", body):
        plain = digits.replace(",", "")
        last = 10.0 ** -len(plain.partition(".")[2]) * _SCALE[scale]
        found.append((text, (-1 if sign else 1) * float(plain) * _SCALE[scale], last / 2))
    for text, digits in re.findall(r"((\d+(?:\.\d+)?)%)", body):
        found.append((text, float(digits) / 100, 10.0 ** -len(digits.partition(".")[2]) / 200))
    return found


def answers_behind(found: Findings) -> list[Estimate]:
    """Every figure of the studies that a page may tell, with the error to which it is rounded."""
    kept: list[Estimate] = []

    def take(*estimates: Estimate, by: float = 1.0) -> None:
        kept.extend(Estimate(abs(by * each.value), abs(by * each.standard_error)) for each in estimates)

    def sure(*values: float, to: float = 0.0) -> None:
        take(*(Estimate(value, to * value) for value in values))

    average = sum(found.savings) / len(found.savings)
    sure(0.95, 0.064, *found.savings, average, average + 0.08, found.care_cost)
    people, used = found.option.people, found.judged.rule
    sure(used.bearable, used.tolerance, used.revenue or 0.0, to=0.01)
    for each in found.judged.ranked:
        income = mean(each.option.income.mean(axis=1))
        take(each.worth, each.average, income, *(each.option.year(p) for p in (0.05, 0.5, 0.9)))
        take(income, by=1.0 / people)
        take(*(limit.found for limit in each.limits))
        sure(*(limit.allowed for limit in each.limits))
    for flip in found.flips:
        take(flip.at, Estimate(flip.now, 0.0))
        if flip.name == "care_cost":
            take(flip.at, by=12 * people)
        if flip.name == "risk_tolerance":
            sure(*(np.log(20) * value for value in (flip.at.value, flip.now)), to=0.02)
    take(found.needed)
    if found.repayment is not None:
        sure(found.repayment.rule.amount)
        take(found.repayment.enough_worst_year)
    if found.security is not None:
        mix = found.security.cheapest
        sure(found.security.required, found.security.chance, mix.held)
        take(mix.cost, mix.needed)
    if found.cash is not None:
        take(*(found.cash.estimate(metric) for metric in ("mean_low_point", "low_point_p5", "chance_never_back")))
    practice = found.scenario.practice
    sure(*([] if practice is None or practice.bearable_loss is None else [practice.bearable_loss]))
    return [each for each in kept if np.isfinite(each.value)]


def is_told(value: float, half: float, each: Estimate) -> bool:
    """Whether a figure is what an answer rounds to: by its own last digit, or by the first digit of its error."""
    error = each.standard_error
    step = 10.0 ** np.floor(np.log10(error)) / 2 if 0 < error < np.inf else 0.0
    return bool(abs(abs(value) - each.value) <= 1.001 * max(half, step))


@pages
def test_every_figure_on_the_page_is_an_answer(name: str) -> None:
    found = found_of(name)
    known, html = answers_behind(found), answer_page(found)
    for label in (found.scenario.title, *(choice.key for choice in found.scenario.arrangements)):
        html = html.replace(label, "")  # "Global (100%)"
    shown = figures_on(html)
    assert len(shown) >= 8
    for text, value, half in shown:
        assert any(is_told(value, half, each) for each in known), text
    assert not any(is_told(123_456_789.0, 500.0, each) for each in known)


def test_the_verdict_stands_first_in_plain_words() -> None:
    losing, alone = page_of(found_of("losing")), page_of(found_of("one-sided"))
    assert losing.headline == "Do not join ENHANCED."
    assert "breaks your limit: in 1 year of 20 it loses" in losing.reason
    assert "Medicare asks for" in losing.aside
    assert alone.aside.startswith("Nothing for losses: you never owe.")
    assert "July 2025" in alone.timing


def test_the_size_is_the_users_choice_and_the_others_are_told() -> None:
    scenario = read_scenario(ROOT / "scenarios" / "which_tier.toml", {"worlds": 200})
    assert usual_size(scenario) == 1500
    found = findings(scenario, simulate(scenario), 300)
    assert found.judged.people == 300
    assert re.match(r"At other sizes: 1,500 people: .*; 5,000 people: ", page_of(found).sizes)
    with pytest.raises(InputError, match="no such size"):
        findings(scenario, simulate(scenario), 20000)


def test_the_command_writes_the_page_or_says_why_not(tmp_path: Path) -> None:
    scenario = str(ROOT / "scenarios" / "st_johns.toml")
    out = tmp_path / "answer.html"
    done = CliRunner().invoke(main, ["answer", scenario, "--worlds", "200", "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Join, under PGP demonstration.")
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    wrong = CliRunner().invoke(main, ["answer", scenario, "--worlds", "200", "--people", "5", "-o", str(out)])
    assert wrong.exit_code == 2
    assert wrong.output.count("\n") == 1
    assert "allowed: 29,000" in wrong.output
