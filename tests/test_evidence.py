"""Published results recomputed: rows as promised, figures by another way, verdicts that a wrong figure turns."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from functools import cache
from math import comb, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import INTERPRETED
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import quad

from simdce import evidence
from simdce.cli import main
from simdce.errors import InputError
from simdce.evidence import TABLES, real_change, validate
from simdce.evidence.chance import chance, chance_scenario, gate
from simdce.evidence.group_practices import _scenario
from simdce.evidence.real_change import RESULTS, Changes, changes, fit, with_errors
from simdce.evidence.row import PUBLISHED, Cell, Computed, Row
from simdce.evidence.spending import _two_years
from simdce.evidence.tables import cells
from simdce.published.row import Figures
from simdce.scenario import build_scenario, read_scenario
from simdce.settlements import settle
from simdce.slot_law.moments import slot_moments
from simdce.slots import slot_laws
from simdce.sourced import Sourced
from simdce.studies.payment import Lived
from simdce.worlds import PanelYears, simulate

CMS = Path(os.environ.get("SIMDCE_DATA", Path(__file__).parents[2] / "shared" / "data"))
ROOM = Path(evidence.__file__).parent
SCENARIOS = Path(__file__).parents[1] / "scenarios"

KEYS = {"table", "cell", "published", "computed", "standard_error", "within", "note"}

compiled = pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["validate", *(str(each) for each in arguments)], env={"SIMDCE_DATA": ""})


@cache
def rows(table: str) -> dict[str, Row]:
    return {row.cell.name: row for row in validate([table])}


# What the tables say --------------------


@pytest.mark.parametrize("table", TABLES)
def test_every_figure_has_unit_source_years_and_confidence(table: str) -> None:
    found = cells(table)
    assert found
    assert len({cell.name for cell in found}) == len(found)
    for cell in found:
        assert cell.about.source
        assert cell.about.unit
        assert cell.about.first_year is not None
        assert cell.half_width >= 0.0


@pytest.mark.parametrize("table", TABLES)
def test_nothing_recalled_is_called_published(table: str) -> None:
    for cell in cells(table):
        assert cell.about.confidence not in ("recalled", "uncertain"), cell.name
        record = Row(cell, Computed(0.0)).record()
        assert (record["published"] is None) == (cell.about.confidence not in PUBLISHED)
        assert record["reference"] == cell.figure


def test_every_table_file_is_told_and_every_group_computed() -> None:
    assert {path.stem for path in ROOM.glob("*.toml")} == set(TABLES)
    for table in TABLES:
        assert set(evidence._groups(table, None)) >= {cell.group for cell in cells(table)}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('{ cell = "one", half_width = 0.0 }', "'figure' or 'at_least'"),
        ('{ cell = "one", figure = 1.0, at_least = 1.0, half_width = 0.0 }', "'figure' or 'at_least'"),
        ('{ cell = "one", figure = 1.0 }', "'half_width'"),
        ('{ cell = "one", figure = 1.0, half_width = 0.0, reading = "sure" }', "unknown confidence"),
    ],
)
def test_a_cell_without_its_figure_or_rounding_is_refused(tmp_path: Path, written: str, complaint: str) -> None:
    text = f'[group]\nunit = "people"\nsource = "here"\nconfidence = "quoted"\nvalue = [{written}]\n'
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(InputError, match=complaint):
        cells("mine", tmp_path)


# Verdicts --------------------


def row(computed: Computed, *, at_least: bool = False, confidence: Any = "quoted", reading: str = "") -> Row:
    about = Sourced([], "fraction", "here", confidence, 2012, 2012, "of the group")
    return Row(Cell("table", "group", "cell", 0.24, 0.005, at_least, reading, {}, about, "of the cell"), computed)


def test_a_bound_counts_once_and_an_error_twice() -> None:
    assert row(Computed(0.2449)).within is True
    assert row(Computed(0.2451)).within is False
    for kind, times in (("bound", 1.0), ("standard error", 2.0), ("spread of outcomes", 2.0)):
        for sign in (-1.0, 1.0):
            inside = Computed(0.24 + sign * (0.005 + times * 0.0099), 0.01, kind)  # type: ignore[arg-type]
            beyond = Computed(0.24 + sign * (0.005 + times * 0.0101), 0.01, kind)  # type: ignore[arg-type]
            assert row(inside).within is True
            assert row(beyond).within is False


def test_at_least_has_one_side_and_nothing_computed_no_verdict() -> None:
    assert row(Computed(0.9), at_least=True).within is True
    assert row(Computed(0.2349), at_least=True).within is False
    assert row(Computed(None, note="skipped")).within is None


def test_notes_and_confidences_are_told_together() -> None:
    found = row(Computed(0.24, note="computed"), reading="recalled")
    assert found.note == "computed; of the cell; of the group"
    assert found.confidence == "quoted; reading recalled"
    assert row(Computed(0.24), reading="quoted").confidence == "quoted"
    assert row(Computed(0.24), confidence="derived").record()["published"] is None


@pytest.mark.parametrize(
    ("table", "name", "old", "new"),
    [
        ("worked_examples", "Axene: no minimum savings rate", "figure = 281250", "figure = 281252"),
        (
            "delia_2012",
            "rewarded, 5,000 people, first year",
            'first year", figure = 0.24',
            'first year", figure = 0.25',
        ),
        ("buckhead_2018", "5: owed, cost $9,800", "figure = -95", "figure = -105"),
        ("size_statements", "Caravan 2018: 100,000 people, 90%", '90%", figure = 0.01', '90%", figure = 0.02'),
    ],
)
def test_a_tampered_figure_turns_its_verdict(tmp_path: Path, table: str, name: str, old: str, new: str) -> None:
    honest = rows(table)[name]
    assert honest.within is True
    text = (ROOM / f"{table}.toml").read_text()
    assert old in text
    (tmp_path / f"{table}.toml").write_text(text.replace(old, new, 1))
    (tampered,) = (cell for cell in cells(table, tmp_path) if cell.name == name)
    assert Row(tampered, evidence._groups(table, None)[tampered.group](tampered)).within is False


# Figures by another way --------------------


@cache
def simulated_rates() -> NDArray[np.float64]:
    """Savings rates of 5,000 who save nothing, against the Track 1 benchmark; (world, performance year)."""
    scenario = chance_scenario(people=5000, worlds=5000, seed=77)
    settled, dollars = Lived(scenario, simulate(scenario), 5000).settled("mssp_track_1", shocks=())
    return np.asarray(settled.gross_savings / dollars)


@compiled
@pytest.mark.parametrize("year", [1, 3])
def test_chances_of_delia_by_simulation(year: int) -> None:
    found, name = simulated_rates()[:, year - 1], {1: "first", 3: "third"}[year]
    table = rows("delia_2012")
    events = {
        f"rewarded, 5,000 people, {name} year": found >= 0.02,
        f"penalised, 5,000 people, {name} year": found <= -0.02,
        f"denied, 5,000 people that saved 7%, {name} year": 1.0 - (1.0 - found) * 0.93 < 0.039,
    }
    for cell, event in events.items():
        value = table[cell].computed.value
        assert value is not None
        assert abs(event.mean() - value) < 4.0 * sqrt(value * (1.0 - value) / len(found)), cell


@compiled
def test_minimum_savings_rates_are_quantiles_of_simulated_chance() -> None:
    table = rows("minimum_savings_rate")
    for suffix, found in (("", simulated_rates()[:, 0]), (", mean of three years", simulated_rates().ravel())):
        value = table[f"5,000 people at 90%{suffix}"].computed.value
        assert value is not None
        share = (found >= value).reshape(len(simulated_rates()), -1).mean(axis=1)
        assert abs(share.mean() - 0.10) < 4.0 * share.std() / sqrt(len(share))


def test_expected_savings_by_integration() -> None:
    found = chance(5000, (1, 3))
    value, error = found.expected_savings(0.02, 0.03)
    low = gate(0.02, 0.03)
    whole = [
        quad(lambda s, law=law: (1.0 - (1.0 - s) * 0.97) * float(law.density(s)), low, 0.3, limit=200)[0]
        for law in found.laws
    ]
    assert value == pytest.approx(np.mean(whole), rel=1e-5)
    assert 0.0 < error < 1e-3 * value


def test_buckheads_normal_law_by_integration() -> None:
    sd = 200.0 / -stats.norm.ppf(0.327)
    law, table = stats.norm(0.0, sd), rows("buckhead_2018")
    expected = {
        "1: paid, all of it, two-sided": quad(lambda x: x * law.pdf(x), 0.0, 9 * sd)[0],
        "1: owed, all of it, two-sided": quad(lambda x: x * law.pdf(x), -9 * sd, 0.0)[0],
        "3: half of it, one-sided, gate 2%": 0.5 * quad(lambda x: x * law.pdf(x), 200.0, 9 * sd)[0],
        "5: paid, cost $9,800": quad(lambda x: (x + 200.0) * law.pdf(x), -200.0, 9 * sd)[0],
        "5: owed, cost $9,800": quad(lambda x: (x + 200.0) * law.pdf(x), -9 * sd, -200.0)[0],
    }
    for name, dollars in expected.items():
        assert table[name].computed.value == pytest.approx(dollars, rel=1e-7), name
        assert table[name].within is True


def test_buckheads_people_have_the_normal_laws_spread() -> None:
    people = int(rows("buckhead_2018")["5: chance of a loss, simulated people's law"].note.split()[0].replace(",", ""))
    sd = 0.02 / -stats.norm.ppf(0.327)
    assert chance(people).laws[0].sd == pytest.approx(sd, rel=1e-3)
    paid, owed = (
        rows("buckhead_2018")[f"5: {side}, simulated people's law"].computed.value or 0.0 for side in ("paid", "owed")
    )
    mean = 1.0 - (1.0 - chance(people).laws[0].mean) * 0.98
    assert paid + owed == pytest.approx(10_000 * mean, abs=0.01)


@compiled
def test_friedbergs_price_by_simulation() -> None:
    scenario = chance_scenario(truncated=False, people=500, worlds=10_000, seed=500)
    settled, benchmark = Lived(scenario, simulate(scenario), 500).settled("mssp_track_1", shocks=())
    paid = 0.5 * np.maximum(settled.gross_savings / benchmark, 0.0)[:, 0]
    computed = rows("friedberg_2013")["500 members, chance alone"].computed
    assert computed.value is not None
    assert abs(paid.mean() - computed.value) < 4.0 * paid.std() / sqrt(len(paid)) + 1e-4


def test_worked_examples_are_arithmetic() -> None:
    table = rows("worked_examples")
    assert table["Axene: no minimum savings rate"].computed.value == pytest.approx(0.5 * 4.5 * 125_000)
    assert table["Axene: minimum savings rate 1%"].computed.value == 0.0
    assert table["2011 proposal: 5,000 people at $8,000"].computed.value == pytest.approx(400_000)
    assert all(each.within for each in table.values())


def test_who_stays_two_years_is_who_neither_dies_nor_leaves() -> None:
    for law in slot_laws(chance_scenario()).values():
        stay, mean, square = _two_years(law)
        moments = slot_moments(law)
        assert stay == pytest.approx((1.0 - moments.mortality) * (1.0 - moments.leave), rel=1e-9)
        assert moments.mean < mean < 2.0 * moments.mean  # those who will die cost more, and are not among them at first
        assert square > mean**2


def single_people(category: str, worlds: int) -> PanelYears:
    """Two years of single slots of a category."""
    scenario = build_scenario(
        {
            "title": "single people",
            "seed": 31,
            "panel": {"sizes": [100], "price_year": 2019, "mix": {category: 1.0}},
            "years": {"baseline": 1, "performance": 1},
            "benchmark": {"weights": [1.0]},
            "arrangements": [{"name": "mssp_track_1"}],
        }
    )
    one = scenario.panel.model_copy(update={"sizes": (1,)})
    return simulate(scenario.model_copy(update={"worlds": worlds, "panel": one}))


@compiled
def test_two_year_variation_and_top_shares_by_simulated_people() -> None:
    worlds = 100_000
    variance = 0.0
    first_years, shares = [], []
    staying = {}
    for category, share in chance_scenario().mix.items():
        people = single_people(category, worlds)
        place = people.categories.index(category)
        dollars = people.dollars[:, 0, place].astype(float)
        stays = (people.deaths[:, 0, place, 0] + people.departures[:, 0, place, 0]) == 0
        staying[category] = (share * stays.mean(), dollars[stays].sum(axis=1))
        if category.startswith("aged"):
            first_years.append(dollars[:, 0])
            shares.append(np.full(worlds, share / worlds))
    total = sum(weight for weight, _ in staying.values())
    mean = sum(weight / total * both.mean() for weight, both in staying.values())
    square = sum(weight / total * (both**2).mean() for weight, both in staying.values())
    for weight, both in staying.values():
        influence = both**2 / (2.0 * mean**2) - square / mean**3 * both
        variance += (weight / total) ** 2 * influence.var() / len(both)
    found = sqrt(square / mean**2 - 1.0)
    value = rows("concentration")["two-year variation, all fee-for-service"].computed.value
    assert value is not None
    assert abs(found - value) < 4.0 * sqrt(variance) / found
    cost, weight = np.concatenate(first_years), np.concatenate(shares)
    order = np.argsort(-cost)
    people_share = np.cumsum(weight[order]) / weight.sum()
    dollar_share = np.cumsum((weight * cost)[order]) / (weight @ cost)
    for top in (0.01, 0.05, 0.5):
        value = rows("concentration")[f"top {100 * top:g}%, 65+"].computed.value
        assert np.interp(top, people_share, dollar_share) == pytest.approx(value, abs=0.006)


@compiled
def test_the_demonstrations_groups_against_its_scenario_files() -> None:
    table = rows("group_practices")
    for file, name, pattern in (
        ("st_johns.toml", "St. John's, 29,000 people", [False, False, True, True]),
        ("dartmouth_hitchcock.toml", "Dartmouth-Hitchcock, 32,000 people", [False, True, True, True]),
    ):
        scenario = read_scenario(SCENARIOS / file, {"worlds": 1000, "seed": 4})
        paid = settle(scenario, simulate(scenario), "PGP demonstration").earned[:, :4] > 0
        found = table[name]
        assert found.computed.value is not None
        error = found.computed.error * sqrt(1.0 / 1000 + 1.0 / 2000)
        assert abs(paid.sum(axis=1).mean() - found.computed.value) < 4.0 * error
        exactly = float(found.note.split("just those years: ")[1].split("%")[0]) / 100.0
        share = float((paid == pattern).all(axis=1).mean())
        assert abs(share - exactly) < 4.0 * sqrt(exactly * (1.0 - exactly) * (1.0 / 1000 + 1.0 / 2000)) + 0.0005


def test_the_demonstration_is_set_up_as_in_its_scenario_files() -> None:
    for file, turnover, true_savings in (
        ("st_johns.toml", 0.30, (0.005, 0.010, 0.020, 0.030)),
        ("dartmouth_hitchcock.toml", None, 0.02),
    ):
        written = read_scenario(SCENARIOS / file)
        ours = _scenario(written.panel.sizes, turnover, true_savings)
        for name in ("panel", "truncation", "shocks", "savings", "turnover", "benchmark"):
            assert getattr(ours, name) == getattr(written, name), name
        years = ours.years.model_copy(update={"performance": written.years.performance})
        assert years == written.years
        assert ours.arrangements[0].name == written.arrangements[0].name


@compiled
def test_bonus_by_chance_alone_against_a_scenario_file() -> None:
    changed = {
        "worlds": 1000,
        "seed": 9,
        "panel": {"sizes": [22_000], "price_year": 2014},
        "arrangements": [{"name": "pgp_demonstration"}],
        "questions": {},
    }
    scenario = read_scenario(SCENARIOS / "dartmouth_hitchcock.toml", changed)
    settled, benchmark = Lived(scenario, simulate(scenario), 22_000).settled("pgp_demonstration", shocks=())
    shares = settled.earned.mean(axis=1) / (0.02 * benchmark.mean())
    computed = rows("group_practices")["five years, all groups, chance alone"].computed
    assert computed.value is not None
    assert abs(shares.mean() - computed.value) < 4.0 * np.hypot(shares.std() / sqrt(1000), computed.error)


@compiled
def test_chances_of_groups_paid_are_binomial() -> None:
    ever = rows("group_practices")["ever paid in five years"]
    assert ever.computed.value is not None
    one = ever.computed.value / 10.0
    assert ever.computed.error == pytest.approx(sqrt(10.0 * one * (1.0 - one)))
    told = float(ever.note.split("just 7 of 10: ")[1].split("%")[0]) / 100.0
    assert told == pytest.approx(comb(10, 7) * one**7 * (1.0 - one) ** 3, abs=0.0005)


# Real change --------------------


def test_a_known_noise_is_found_again_with_its_error() -> None:
    rng = np.random.default_rng(8)
    sizes = rng.uniform(5_000, 60_000, (6_000, 2))
    inverse = (1.0 / sizes).sum(axis=1)
    moved = rng.normal(size=6_000) * np.sqrt(2.0 * 0.01**2 + 2.2**2 * inverse)
    found = with_errors(Changes(moved, inverse, np.arange(6_000)))
    for part, truth, largest in ((found.floor, 0.01, 0.0012), (found.falling, 2.2, 0.12)):
        assert abs(part.value - truth) < 4.0 * part.standard_error
        assert 0.0 < part.standard_error < largest
    assert found.pairs == 6_000


def aco(name: str, year: int, rate: float, people: float = 10_000, start: int | None = None) -> Figures:
    return Figures(name, year, "mssp_track_1", 1e8, 1e8 * (1.0 - rate), people, agreement_start=start)


def test_only_successive_years_of_one_agreement_and_alike_panels_are_paired() -> None:
    found = changes(
        [
            aco("kept", 2016, 0.01, start=2016),
            aco("kept", 2017, 0.03, 11_000, start=2016),
            aco("also", 2016, 0.02, start=2016),
            aco("also", 2017, 0.02, start=2016),
            aco("renewed", 2016, 0.01, start=2014),
            aco("renewed", 2017, 0.02, start=2017),
            aco("grown", 2016, 0.01, start=2016),
            aco("grown", 2017, 0.02, 13_000, start=2016),
            aco("small", 2016, 0.01, 2_500, start=2016),
            aco("small", 2017, 0.02, 2_500, start=2016),
            aco("gap", 2016, 0.01, start=2016),
            aco("gap", 2018, 0.02, start=2016),
            aco("early", 2013, 0.01),
            aco("early", 2014, 0.05),
            aco("undated", 2015, 0.01),
            aco("undated", 2016, 0.02),
        ],
        largest_change=0.25,
        fewest=3000,
    )
    assert sorted(found.change) == pytest.approx([-0.01, 0.0, 0.01])  # less the mean of the second year: 2014, 2017
    assert sorted(found.inverse) == pytest.approx([1e-4 + 1 / 11_000, 2e-4, 2e-4])


def test_files_that_are_absent_are_told(tmp_path: Path) -> None:
    (cell, *_) = cells("real_change")
    for folder, told in ((None, "SIMDCE_DATA"), (tmp_path, RESULTS)):
        found = Row(cell, real_change.groups(folder)[cell.group](cell))
        assert found.within is None
        assert found.record()["computed"] is None
        assert found.note.startswith("skipped: ")
        assert told in found.note


def test_the_real_file_gives_the_stated_noise() -> None:
    if not (CMS / RESULTS).is_file():
        pytest.skip(
            f"CMS public-use rows are not in the repository: set SIMDCE_DATA to the folder that holds {RESULTS}"
        )
    cell = next(cell for cell in cells("real_change") if cell.group == "noise")
    found = real_change.groups(CMS)["noise"](cell)
    assert found.value == pytest.approx(2.135, abs=0.005)
    assert found.error == pytest.approx(0.13, abs=0.03)
    assert "1,436 pairs" in found.note


def test_the_fit_balances_what_it_explains() -> None:
    """At the optimum the squared changes over their fitted variances have mean one."""
    rng = np.random.default_rng(3)
    inverse = rng.uniform(2e-5, 4e-4, 3_000)
    moved = rng.standard_t(6, 3_000) * np.sqrt(2e-4 + 4.0 * inverse)
    c, cv = fit(Changes(moved, inverse, np.arange(3_000)))
    weighed = moved**2 / (2.0 * c**2 + cv**2 * inverse)
    assert weighed.mean() == pytest.approx(1.0, abs=1e-3)


# The command --------------------


def test_json_has_the_promised_rows() -> None:
    done = run("--json", "--table", "worked_examples", "--table", "run_out")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert [document[name] for name in ("within", "outside", "not_computed")] == [5, 0, 4]
    assert {each["table"] for each in document["rows"]} == {"worked_examples", "run_out"}
    for each in document["rows"]:
        assert each.keys() >= KEYS
        assert each["within"] in (True, False, None)
        assert isinstance(each["note"], str)
        for name in ("computed", "standard_error"):
            assert each[name] is None or math.isfinite(each[name])
        assert (each["computed"] is None) == (each["within"] is None) == (each["table"] == "run_out")
    axene = document["rows"][0]
    assert (axene["published"], axene["computed"], axene["within"]) == (281250, pytest.approx(281250), True)
    assert (axene["confidence"], axene["years"]) == ("quoted", "2024")


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("real_change", "group_practices")])
def test_every_exact_row_is_plain_json(table: str) -> None:
    for each in rows(table).values():
        assert json.loads(json.dumps(each.record(), allow_nan=False)) == each.record()
        assert type(each.computed.value) in (float, type(None)), each.cell.name
        assert type(each.computed.error) is float


def test_misses_are_told_and_are_no_failure() -> None:
    done = run("--table", "concentration")
    assert done.exit_code == 0
    assert "outside" in done.output
    assert "11 rows: 1 within, 10 outside, 0 not computed." in done.output
    assert "EClinicalMedicine 2021" in done.output
    assert all(each.note for each in rows("concentration").values() if not each.within)


def test_what_was_not_published_is_not_headed_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Row(replace(cells("real_change")[0]), Computed(None, note="skipped"))
    monkeypatch.setattr(evidence, "validate", lambda *_: [found])
    done = run()
    assert "not published" in done.output
    assert "skipped" in done.output


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run("--table", "delia_2021")
    assert done.exit_code == 2
    assert "did you mean 'delia_2012'?" in done.output
    done = run("--table", "real_change", "--data", tmp_path / "none")
    assert done.exit_code == 2
    assert "is not a folder" in done.output
    assert len(done.output.strip().splitlines()) == 1
