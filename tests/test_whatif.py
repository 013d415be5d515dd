"""The what-if page in a real browser: its settlement is Python's, its law the exact one, and nobody is shut out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from random_contracts import drawn_choice, drawn_results, outcome_of
from scipy.special import ndtr

from simdce import arrangements
from simdce.cli import main
from simdce.errors import InputError
from simdce.exact import ExactModel
from simdce.population import slots_by_category
from simdce.scenario import Scenario, build_scenario, read_scenario
from simdce.whatif import what_if_page
from simdce.whatif.contracts import SETTLED, year_terms

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "simdce" / "whatif"
SCENARIOS = ("new_aco_basic_or_enhanced", "fifteen_thousand", "how_large", "practice_in_a_dce", "lead_or_mssp_2027")
REFUSED = ("st_johns", "dartmouth_hitchcock")
MOST_BYTES = 300_000
CONTRACTS, BATCH = 10_000, 500
SCRIPT = "<script>window.intruded = 1</script> & </script> $1"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@cache
def scenario(name: str) -> Scenario:
    return read_scenario(ROOT / "scenarios" / f"{name}.toml")


@cache
def page_of(name: str) -> str:
    return what_if_page(scenario(name))


def carried(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


# Without a browser ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFUSED)
def test_a_scenario_without_any_contract_for_the_page_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"arrangements: no contract .* carried into the next"):
        page_of(name)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_page_is_small_and_needs_nothing(name: str) -> None:
    page = page_of(name)
    assert len(page.encode()) <= MOST_BYTES
    assert not re.search(r"""\b(src|href|action)\s*=|url\(|@import|https?://(?!www\.w3\.org/2000/svg)""", page)
    assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", page)


def test_the_policy_allows_the_pages_own_script_and_style_alone() -> None:
    page = page_of("new_aco_basic_or_enhanced")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    for rule, tag in (("script-src", "script"), ("style-src", "style")):
        inline = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert inline
        digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert rules == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}


def test_equal_scenarios_give_equal_pages() -> None:
    assert what_if_page(scenario("new_aco_basic_or_enhanced")) == page_of("new_aco_basic_or_enhanced")


def test_the_settlement_of_the_page_holds_no_number_of_a_rule() -> None:
    code = re.sub(r"//.*", "", (ROOM / "settle.js").read_text(encoding="utf-8"))
    assert set(re.findall(r"(?<![\w.])\d[\d.]*", code)) <= {"0", "1"}


def test_a_contract_with_a_memory_is_left_out_with_its_reason() -> None:
    page = page_of("fifteen_thousand")
    assert "PGP demonstration: losses of one year are carried into the next" in page
    assert "PGP demonstration" not in [contract["name"] for contract in carried(page)["contracts"]]


def test_tiers_are_told_to_be_elsewhere() -> None:
    assert "The tiers that a practice may sign: they turn on" in page_of("which_tier")


def test_the_command_writes_the_page_whole_or_says_why_not(tmp_path: Path) -> None:
    source = ROOT / "scenarios" / "new_aco_basic_or_enhanced.toml"
    out = tmp_path / "page.html"
    done = CliRunner().invoke(main, ["what-if", str(source), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert out.read_text(encoding="utf-8") == page_of(source.stem)
    copied = tmp_path / "own.toml"
    copied.write_bytes(source.read_bytes())
    for wrong, told in (
        ([str(copied), "-o", str(copied)], "would replace the file that it is made of"),
        ([str(source), "-o", str(tmp_path / "no" / "page.html")], "cannot be written"),
        ([str(ROOT / "scenarios" / "st_johns.toml"), "-o", str(tmp_path / "none.html")], "carried into the next"),
    ):
        done = CliRunner().invoke(main, ["what-if", *wrong])
        assert done.exit_code == 2
        assert told in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.toml", "page.html"]


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


class Visit:
    """A page open in the browser, with everything that it asked for, complained of, or threw."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.address = path.as_uri()
        self.context.route(re.compile(".*"), self._only_the_file)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.address)
        assert self.page.evaluate("document.documentElement.dataset.ready") == "yes"

    def _only_the_file(self, route: Any) -> None:
        if route.request.url == self.address:
            route.continue_()
        else:
            route.abort()

    def closed(self) -> None:
        self.context.close()
        assert self.requests == [self.address]
        assert self.complaints == []


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    opened: list[Visit] = []

    def open_page(page: str, **context: Any) -> Any:
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        opened.append(Visit(browser, path, **context))
        return opened[-1].page

    yield open_page
    for each in opened:
        each.closed()


def test_the_page_settles_ten_thousand_random_contracts_as_python_does(visit: Any) -> None:
    page = visit(page_of("new_aco_basic_or_enhanced"))
    random = Random("what-if")
    known = [name for name in arrangements.names() if arrangements.load(name).mechanism in SETTLED]
    paid = np.zeros(2)
    for _ in range(CONTRACTS // BATCH):
        drawn = [settled_at_random(random, random.choice(known)) for _ in range(BATCH)]
        asked = [each[:2] for each in drawn]
        found = np.array(page.evaluate(SETTLE, asked))
        wanted = np.array([each[2] for each in drawn])
        paid += (wanted > 0).sum(axis=0)
        wrong = np.flatnonzero(~(np.abs(found - wanted) <= 0.01).all(axis=1))
        assert not [(asked[number], found[number], wanted[number]) for number in wrong[:3]]
    assert (paid > CONTRACTS / 10).all()


SETTLE = "years => years.map(([contract, year]) => settle(contract, year)).map(({ earned, owed }) => [earned, owed])"


def settled_at_random(random: Random, name: str) -> tuple[dict[str, Any], dict[str, Any], list[float]]:
    """A contract and one of its years as the page takes them, with what Python earns and owes."""
    from decimal_settlement import Contract

    choice = drawn_choice(random, name)
    rules = arrangements.load(name)
    year = random.randrange(len(choice.years))
    results = drawn_results(random, Contract.of(name, choice.years, choice.elections), 1)
    settlement = rules.settle(outcome_of(results), choice.years, choice.elections)
    at = results[0][year]
    contract = {"mechanism": rules.mechanism, "terms": year_terms(rules.resolve(choice.years, choice.elections), year)}
    panel = {
        "benchmark": float(at.benchmark),
        "expenditure": float(at.expenditure),
        "people": float(at.people),
        "revenue": None if at.revenue is None else float(at.revenue),
    }
    json.dumps(contract, allow_nan=False)
    return contract, panel, [float(settlement.earned[0, year]), float(settlement.owed[0, year])]


ASKED = (0.05, 0.50, 0.95)
ANSWER = """([contract, size, saved, scores]) => {
  const each = data.contracts[contract];
  const found = lawOf(contract, each.terms, size, saved, each.quality ? each.quality.start : null);
  const { paid, owing, nothing } = found.chances;
  return { paid, owing, nothing, mean: found.mean, benchmark: found.benchmark, years: scores.map(found.at) };
}"""
SHOWN = "() => { const { mean, chances } = update(); return [mean, chances.paid, chances.owing]; }"
CARRIED_SIZES, TYPED_SIZES = (300, 5_000, 20_000), (1_234, 6_400, 43_000)
NEAR_A_GATE = 2e-4
"""Savings rates; nearer than that a percentile of the payment may stand on either side of the jump."""


@pytest.mark.parametrize(("name", "places"), [("new_aco_basic_or_enhanced", (0, 2, 4)), ("practice_in_a_dce", (0, 1))])
def test_the_page_answers_as_the_exact_law_does(visit: Any, name: str, places: tuple[int, ...]) -> None:
    page, written = visit(page_of(name)), scenario(name)
    compared = 0
    for saved in (-0.01, 0.005, 0.027, 0.08):
        model = ExactModel(written.model_copy(update={"savings": written.savings.model_copy(update={"true": saved})}))
        for size in (*CARRIED_SIZES, *TYPED_SIZES):
            is_carried = size in CARRIED_SIZES
            for place in places:
                found = page.evaluate(ANSWER, [place, size, saved, [-1.6448536269514722, 0.0, 1.6448536269514722]])
                exact = model.payment(written.arrangements[place].key, size)
                dollars = exact.expected_benchmark
                assert found["benchmark"] == pytest.approx(dollars, rel=1e-8 if is_carried else 1e-3)
                off = 1e-4 if is_carried else 5e-4
                assert found["paid"] == pytest.approx(exact.chance_paid, abs=off)
                assert found["owing"] == pytest.approx(exact.chance_owing, abs=off)
                assert found["paid"] + found["owing"] + found["nothing"] == pytest.approx(1.0, abs=1e-12)
                assert found["mean"] == pytest.approx(exact.mean_dollars, abs=(5e-6 if is_carried else 2e-4) * dollars)
                rates = exact.law.quantile(ASKED)
                for rate, year in zip(rates, found["years"], strict=True):
                    beside = exact.settled.at(np.array([1 - rate - NEAR_A_GATE, 1 - rate, 1 - rate + NEAR_A_GATE]))
                    if np.ptp(beside) > 2 * NEAR_A_GATE:
                        continue
                    compared += 1
                    floor = (2e-6 if is_carried else 5e-5) * dollars
                    assert year == pytest.approx(beside[1] * dollars, rel=5e-4 if is_carried else 5e-3, abs=floor)
    assert compared > 50 * len(places)


@pytest.mark.parametrize(("name", "place"), [("new_aco_basic_or_enhanced", 4), ("practice_in_a_dce", 0)])
def test_quality_moves_the_answer_as_an_election_does(visit: Any, name: str, place: int) -> None:
    page, written = visit(page_of(name)), scenario(name)
    choice = written.arrangements[place]
    elections = choice.elections.model_copy(update={"quality_score": 0.4})
    others = list(written.arrangements)
    others[place] = choice.model_copy(update={"elections": elections})
    exact = ExactModel(written.model_copy(update={"arrangements": tuple(others)})).payment(choice.key, 5_000)
    page.select_option("#contract", str(place))
    before = page.inner_text("#headline")
    page.evaluate("() => { chosen.size = 5000; scoreChanged(40); }")
    found = page.evaluate(SHOWN)
    assert page.inner_text("#headline") != before
    assert found[0] == pytest.approx(exact.mean_dollars, abs=3e-5 * exact.expected_benchmark)
    assert found[2] == pytest.approx(exact.chance_owing, abs=3e-4)


def test_categories_round_to_whole_people_as_in_python(visit: Any) -> None:
    page, written = visit(page_of("new_aco_basic_or_enhanced")), scenario("new_aco_basic_or_enhanced")
    sizes = tuple(range(300, 6_000, 7))
    found = page.evaluate("sizes => sizes.map(size => slots(size, data.shares))", sizes)
    assert (np.array(found) == slots_by_category(sizes, written.mix)).all()


def test_the_normal_law_of_the_page(visit: Any) -> None:
    page = visit(page_of("new_aco_basic_or_enhanced"))
    scores = np.linspace(-8.0, 8.0, 161)
    found = page.evaluate("scores => scores.map(chanceBelow)", scores.tolist())
    assert np.allclose(found, ndtr(scores), rtol=1e-12, atol=0.0)


VISIBLE = "document.querySelectorAll('main input, main select, main button, main summary')"


def test_every_control_is_reached_and_changed_from_the_keyboard(visit: Any) -> None:
    page = visit(page_of("practice_in_a_dce"))
    page.evaluate("document.getElementById('more').open = true")
    wanted = page.evaluate(f"[...{VISIBLE}].map((each, k) => each.dataset.number = String(k))")
    reached = []
    for _ in range(3 * len(wanted)):
        page.keyboard.press("Tab")
        at = page.evaluate("[document.activeElement.dataset.number, document.activeElement.type]")
        if at[0] is None or at[0] in reached:
            continue
        reached.append(at[0])
        if at[1] != "range":
            continue
        shown = "[document.activeElement.getAttribute('aria-valuetext'), document.activeElement.labels[0].textContent]"
        before = page.evaluate(shown)
        page.keyboard.press("ArrowLeft")
        after = page.evaluate(shown)
        page.keyboard.press("ArrowRight")
        if before[0] == after[0]:
            page.keyboard.press("ArrowRight")
            after = page.evaluate(shown)
        assert after[0] != before[0], before
        assert before[1]
    assert sorted(reached, key=int) == wanted
    page.focus("#contract")
    page.keyboard.press("ArrowDown")
    assert "Professional" in page.inner_text("#headline")
    page.focus("#size")
    page.keyboard.press("Control+A")
    page.keyboard.type("777")
    page.keyboard.press("Tab")
    assert page.input_value("#size") == "777"
    assert "your changes" in page.inner_text("#against")
    page.focus("#reset")
    page.keyboard.press("Enter")
    assert page.input_value("#size") == "20000"
    assert "the scenario’s own settings" in page.inner_text("#against")


def test_a_slider_moves_what_it_names(visit: Any) -> None:
    page = visit(page_of("new_aco_basic_or_enhanced"))
    page.select_option("#contract", "4")

    def moved(label: str, value: float) -> list[float]:
        page.get_by_label(label, exact=True).fill(str(value))
        found: list[float] = page.evaluate(SHOWN)
        return found

    mean, paid, owing = moved("Your share of savings", 75)
    assert moved("Your share of savings", 60)[0] < mean
    assert moved("Gate", 0)[1:] > [paid, owing]
    assert moved("Gate", 6)[1:] < [paid, owing]
    assert moved("Your share of losses", 0)[2] == 0
    assert moved("What you truly save", 6)[1] > moved("What you truly save", 1)[1]


def test_a_reader_of_the_screen_is_told_and_labels_are_not_code(visit: Any) -> None:
    written = build_scenario({
        "title": SCRIPT,
        "panel": {"sizes": [5_000]},
        "arrangements": [{"name": "mssp_basic_e", "label": SCRIPT}, {"name": "next_generation_a"}],
    })  # fmt: skip
    page = visit(what_if_page(written))
    assert page.evaluate("window.intruded") is None
    assert page.inner_text("h1") == SCRIPT
    assert SCRIPT in page.inner_text("#headline")
    page.get_by_role("status").filter(has_text="On average").wait_for(state="attached")
    for figure in ("years", "rates"):
        assert re.search(r"paid \d+%, owing", page.get_attribute(f"#{figure}", "aria-label"))
    page.select_option("#contract", "1")
    assert "Cap on savings and losses" in page.inner_text("#terms")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_axe_finds_nothing(visit: Any, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra 'browser' is not installed")
    page = visit(page_of("practice_in_a_dce"), color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = axe.Axe().run(page).response
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []
    assert len(found["passes"]) > 20
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_nothing_runs_off_the_side(visit: Any, width: int) -> None:
    """320 is a small telephone; 640 is a screen of 1280 at 200% zoom."""
    page = visit(page_of("practice_in_a_dce"), viewport={"width": width, "height": 600})
    for contract in ("0", "1"):
        page.select_option("#contract", contract)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
