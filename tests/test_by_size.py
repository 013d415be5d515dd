"""Is it 15,000? The exact curves, what they say, the ten groups, the figure and the command."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import INTERPRETED, sized

import simdce
from simdce import plots
from simdce.cli import main
from simdce.exact import ExactModel
from simdce.plots.viability import SEED_SIZE
from simdce.settlements import SAVINGS_KNOWN, settle
from simdce.studies import pgp_groups
from simdce.studies.by_size import ChancesBySize, anecdote, chances_by_size, panel_sizes, sentences
from simdce.worlds import simulate

FILE = Path(__file__).parents[1] / "scenarios" / "fifteen_thousand.toml"
FEW = (3_750, 5_000, 7_500, 15_000, 30_000, 60_000, 1_000_000)


@pytest.fixture(scope="module")
def found() -> dict[str, ChancesBySize]:
    return {each.arrangement: each for each in chances_by_size(simdce.read_scenario(FILE), sizes=FEW)}


def test_curves_are_the_exact_law_of_a_scenario_that_saves_so(found: dict[str, ChancesBySize]) -> None:
    model = ExactModel(simdce.read_scenario(FILE, {"savings": {"true": 0.01}}))
    for key, curves in found.items():
        row = curves.savings.index(0.01)
        for at in (1, 4):
            for shocks, chances in ((SAVINGS_KNOWN, curves.with_shocks), ((), curves.without)):
                law = model.payment(key, FEW[at], 0, shocks)
                assert chances[0, row, at] == pytest.approx(law.chance_paid, abs=1e-8)
                assert chances[1, row, at] == pytest.approx(law.chance_owing, abs=1e-8)


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
def test_curves_agree_with_the_simulator(found: dict[str, ChancesBySize]) -> None:
    scenario = simdce.read_scenario(FILE, {"worlds": 6_000, "panel": {"sizes": [5_000, 30_000], "price_year": 2024}})
    panels = simulate(scenario)
    for key in ("PGP demonstration", "Track 1", "BASIC E, gate 2%"):
        curves = found[key]
        for size in (5_000, 30_000):
            for shocks, chances in ((SAVINGS_KNOWN, curves.with_shocks), ((), curves.without)):
                net = settle(scenario, panels, key, size, true_savings=0.0, shocks=shocks).net[:, 0]
                for row, events in enumerate((net > 0, net < 0)):
                    chance = chances[row, 0, FEW.index(size)]
                    error = np.sqrt(chance * (1 - chance) / len(net)) + 1 / len(net)
                    assert abs(events.mean() - chance) < 4 * error, (key, size, shocks)


def test_more_savings_never_lower_a_reward_or_raise_a_penalty(found: dict[str, ChancesBySize]) -> None:
    for curves in found.values():
        for chances in (curves.with_shocks, curves.without):
            assert (np.diff(chances[0], axis=0) > -1e-9).all()
            assert (np.diff(chances[1], axis=0) < 1e-9).all()


def test_sizes_hold_the_claim_and_the_steps_of_the_rules() -> None:
    sizes = panel_sizes()
    assert sizes[0] == 300
    assert sizes[-1] == 1_000_000
    assert {7_500, SEED_SIZE, 30_000, 4_999, 5_000, 59_999, 60_000} <= set(sizes)
    assert pgp_groups.remarked_size() == SEED_SIZE


# What it says --------------------


def percents(text: str) -> list[int]:
    return [int(each) for each in re.findall(r"(\d+)%", text)]


def test_sentences_say_what_the_curves_say(found: dict[str, ChancesBySize]) -> None:
    for curves in found.values():
        first, second = sentences(curves, "it")
        at = [FEW.index(size) for size in (7_500, 15_000, 30_000)]
        nothing, saved = (100 * curves.with_shocks[0, row, at] for row in (0, -1))
        assert first.startswith("15,000 people is no cliff")
        assert percents(first) == [*(round(x) for x in nothing), 3, *(round(x) for x in saved)]
        points = [int(each) for each in re.findall(r"by (\d+)", second)]
        assert points == [
            round(saved[1] - nothing[1]),
            round(max(abs(nothing[2] - nothing[1]), abs(saved[2] - saved[1]))),
        ]
        assert points[0] > 4 * points[1]  # what the heading of the second sentence claims


def test_a_cliff_would_be_called_one(found: dict[str, ChancesBySize]) -> None:
    curves = found["PGP demonstration"]
    steep = curves.with_shocks.copy()
    steep[0, :, FEW.index(15_000) :] += 0.3
    assert sentences(replace(curves, with_shocks=steep))[0].startswith("15,000 people is a cliff")


def test_the_groups_are_those_that_cms_paid() -> None:
    groups = pgp_groups.groups()
    assert len(groups) == 10
    assert sum(group.years_paid > 0 for group in groups) == 7  # "seven ever paid"
    by_year = np.array([group.dollars for group in groups]).sum(axis=0)
    published = pgp_groups.terms()["published_payments"].at().value
    np.testing.assert_allclose(by_year, published, atol=100)
    assert [int((np.array([g.dollars[year] for g in groups]) > 0).sum()) for year in range(4)] == [2, 4, 5, 5]
    assert sum(group.years_paid for group in groups) == 2 + 4 + 5 + 5 + 4
    assert pgp_groups.mean_people_of_the_others() * 8 == 220_000 - 32_000 - 29_000


def test_the_anecdote_is_held_against_the_law(found: dict[str, ChancesBySize]) -> None:
    curves = found["PGP demonstration"]
    text = anecdote(curves)
    assert "22,000 people" in text
    assert percents(text)[0] == 40
    matching = float(re.findall(r"true savings of ([\d.]+)%", text)[0]) / 100
    low, high = (curves.paid(saved, 22_000) for saved in (0.01, 0.02))
    assert low < 0.40 < high
    assert matching == pytest.approx(0.01 + 0.01 * (0.40 - low) / (high - low), abs=6e-4)


def test_what_the_law_leaves_out_is_told_or_left_out(found: dict[str, ChancesBySize]) -> None:
    scenario = simdce.read_scenario(FILE)
    complete = chances_by_size(scenario, sizes=(15_000,), savings=(0.0,), complete=True)
    assert [each.arrangement for each in complete] == [key for key, each in found.items() if not each.left_out]


# Figure and command --------------------


def test_figure_has_a_column_an_arrangement_and_ten_groups(found: dict[str, ChancesBySize]) -> None:
    figure = plots.chances_by_panel_size(list(found.values()))
    assert len(figure.axes) == 2 * len(found)
    circles = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in circles) == 10
    assert {texts.get_text() for texts in figure.axes[1].texts} >= {"never owes"}
    one_sided = plots.chances_by_panel_size([found["PGP demonstration"]])
    assert len(one_sided.axes) == 1
    with pytest.raises(ValueError, match="one or more"):
        plots.chances_by_panel_size([])


def written(tmp_path: Path) -> str:
    path = tmp_path / "scenario.toml"
    path.write_text(
        'title = "[b]curve"\n[panel]\nsizes = [5000]\n[years]\nperformance = 1\n'
        '[[arrangements]]\nname = "pgp_demonstration"\n[benchmark]\nrisk_adjustment = false\n',
        encoding="utf-8",
    )
    return str(path)


def test_command_gives_sentences_curves_and_a_figure(tmp_path: Path) -> None:
    scenario, drawing = written(tmp_path), tmp_path / "curve.svg"
    done = CliRunner().invoke(main, ["law", scenario, "--curve", "--figure", str(drawing)])
    assert done.exit_code == 0, done.output
    assert "[b]curve" in done.output
    assert "is no cliff" in done.output
    assert "ten groups" in done.output
    assert drawing.read_text(encoding="utf-8").startswith("<svg")
    done = CliRunner().invoke(main, ["law", scenario, "--curve", "--json"])
    found = json.loads(done.output)
    assert len(found["groups"]) == 10
    (law,) = found["laws"]
    assert {len(curve["chances"]) for curve in law["curves"]} == {len(law["panel_sizes"])}
    assert len(law["curves"]) == 2 * 2 * 4
    assert found["sentences"]["pgp_demonstration"][0] in done.output.replace("\\n", " ")


@pytest.mark.parametrize("wrong", [["--figure", "x.svg"], ["--curve", "--size", "5000"]])
def test_command_refuses_what_does_not_go_together(tmp_path: Path, wrong: list[str]) -> None:
    assert CliRunner().invoke(main, ["law", written(tmp_path), *wrong]).exit_code == 2


@pytest.mark.skipif(INTERPRETED, reason="needs a run")
def test_report_of_several_sizes_shows_the_exact_figure(tmp_path: Path) -> None:
    overrides = {"worlds": sized(200, 100), "panel": {"sizes": [5_000, 15_000], "price_year": 2024}}
    page = tmp_path / "report.html"
    simdce.write_report(simdce.answer(simdce.read_scenario(FILE, overrides)), page)
    text = page.read_text(encoding="utf-8")
    assert "is no cliff" in text
    assert "Reward and penalty from 300 to 1,000,000 people" in text
    assert "ten groups" in text
