"""A published row becomes a scenario: its factor by hand and against CMS's, its law, and what happened beside it."""

from __future__ import annotations

import csv
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from simdce import build_scenario, simulate
from simdce.arrangements import load
from simdce.cli import main
from simdce.errors import InputError
from simdce.from_published import imported
from simdce.from_published.own_history import own_history, saved_by_all
from simdce.published.columns import PERIODS
from simdce.published.history import histories
from simdce.published.reading import read
from simdce.published.values import amount
from simdce.report import report_page
from simdce.run import answer
from simdce.scenario import Scenario
from simdce.settlements import experience, outcome_of
from tests.conftest import scenario_of, sized

CMS = Path(os.environ.get("SIMDCE_DATA", Path(__file__).parents[2] / "shared" / "data"))
RAW = (2016, 2018, 2022, 2024)
CATEGORIES = {"esrd": "ESRD", "disabled": "DIS", "aged_dual": "AGDU", "aged_non_dual": "AGND"}
LONG = {"ESRD": "ESRD", "DIS": "DIS", "AGDU": "AGED_Dual", "AGND": "AGED_NonDual"}


def published(file: str) -> Path:
    path = CMS / file
    if not path.is_file():
        pytest.skip(f"CMS public-use rows are not in the repository: set SIMDCE_DATA to the folder that holds {file}")
    return path


def raw(year: int) -> Path:
    return published(f"mssp_puf_raw/PY{year}.csv")


def lines(year: int) -> list[dict[str, str]]:
    """The rows of a raw file by heading, read without the package."""
    with raw(year).open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return [{key.strip(): cell for key, cell in row.items()} for row in csv.DictReader(file)]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


# A file by hand -------------------------------------------------------------------------------------------------------


def row(aco: str, **changes: object) -> dict[str, object]:
    """A row of a file of 2024 whose people cost the same in every year, at a risk of 1, and whose benchmark is that."""
    found: dict[str, object] = {
        "ACO_ID": aco,
        "ACO_Name": f"The {aco} group",
        "Agreement_Period_Num": 1,
        "Current_Start_Date": "1/1/2023",
        "Current_Track": "E",
        "N_AB": 10_000,
        "MinSavPerc": 2,
        "BnchmkMinExp": "1,000,000",
        "EarnSaveLoss": 0,
        "Met_QPS": 1,
        "QualScore": 80.5,
        "HistBnchmk": 10_000,
        "UpdatedBnchmk": 10_500,
        "ABtotBnchmk": 105_000_000,
        "ABtotExp": "$104,000,000",
        "FinalShareRate": 50,
        "Rev_Exp_Cat": "Low Revenue",
        "N_AB_Year_PY": 10_000,
    }
    for short, dollars, people in (
        ("ESRD", 10_000, 100),
        ("DIS", 10_000, 900),
        ("AGDU", 10_000, 1_000),
        ("AGND", 10_000, 8_000),
    ):
        for period in PERIODS:
            found[f"Per_Capita_Exp_ALL_{short}_{period}"] = dollars
            found[f"CMS_HCC_RiskScore_{short}_{period}"] = 1.0
        for period in PERIODS[-2:]:
            found[f"N_AB_Year_{LONG[short]}_{period}"] = people
    return {**found, **changes}


def written(folder: Path, *rows: dict[str, object], name: str = "PY2024.csv") -> Path:
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def factor(path: Path, aco: str = "A1") -> float:
    everybody = histories(read(path))
    (own,) = [each for each in everybody if each.row.figures.aco == aco]
    return own_history(own, everybody).benchmark_to_own


def by_period(short: str, what: str, *values: object) -> dict[str, object]:
    heading = {"cost": "Per_Capita_Exp_ALL", "risk": "CMS_HCC_RiskScore"}[what]
    return {f"{heading}_{short}_{period}": value for period, value in zip(PERIODS, values, strict=False)}


def test_the_factor_is_the_historical_benchmark_over_the_weighted_history(tmp_path: Path) -> None:
    assert factor(written(tmp_path, row("A1"))) == pytest.approx(1.0)
    assert factor(written(tmp_path, row("A1", HistBnchmk=10_300))) == pytest.approx(1.03)
    # 10/30/60%: costs of 5,000, 10,000 and 10,000 for four fifths; a big peer says that nothing grows
    dear = row("A1", **by_period("AGND", "cost", 5_000, 10_000, 10_000))
    peer = {key: value * 10**6 if key.startswith("N_AB_Year_") else value for key, value in row("A2").items()}  # type: ignore[operator]
    assert factor(written(tmp_path, dear, peer)) == pytest.approx(10_000 / (10_000 - 0.8 * 0.1 * 5_000), rel=1e-6)
    # a second agreement weighs the years alike
    second = {**dear, "Agreement_Period_Num": 2}
    assert factor(written(tmp_path, second, peer)) == pytest.approx(10_000 / (10_000 - 0.8 / 3 * 5_000), rel=1e-6)
    # alone in its file it grew as it grew: history tells only the last baseline year
    assert factor(written(tmp_path, dear)) == pytest.approx(1.0)


def test_history_is_brought_to_the_risk_of_the_last_baseline_year(tmp_path: Path) -> None:
    sicker = by_period("AGND", "risk", 0.5, 1.0, 1.25) | by_period("AGND", "cost", 5_000, 10_000, 12_500)
    own = row("A1", HistBnchmk=12_000, **sicker)  # 12,500 for four fifths of the people in each year
    peer = {key: value * 10**6 if key.startswith("N_AB_Year_") else value for key, value in row("A2").items()}  # type: ignore[operator]
    assert factor(written(tmp_path, own, peer)) == pytest.approx(1.0)


def test_growth_is_that_of_agreements_of_the_same_start(tmp_path: Path) -> None:
    grows = by_period("AGND", "cost", 8_000, 9_000, 10_000)
    flat = row("A1")
    peer = {key: value * 10**6 if key.startswith("N_AB_Year_") else value for key, value in row("A2").items()}  # type: ignore[operator]
    same, other = {**peer, **grows}, {**peer, **grows, "Current_Start_Date": "7/1/2019"}
    weighted = 0.1 * 10 / 8 + 0.3 * 10 / 9 + 0.6
    assert factor(written(tmp_path, flat, same)) == pytest.approx(1 / (0.2 + 0.8 * weighted), rel=1e-5)
    assert factor(written(tmp_path, flat, other)) == pytest.approx(1.0)


def test_masked_figures_are_filled_and_said(tmp_path: Path) -> None:
    masked = dict.fromkeys([*by_period("ESRD", "cost", *"1234"), *by_period("ESRD", "risk", *"1234")], "*")
    masked |= {"N_AB_Year_ESRD_BY3": "*", "N_AB_Year_ESRD_PY": "*", "N_AB_Year_AGED_Dual_PY": "*"}
    path = written(tmp_path, row("A1", **masked), row("A2"))
    text = imported([path], "A1", 2024)
    assert "taken from those ACOs' average: esrd BY1, esrd BY2, esrd BY3." in text
    mix = tomllib.loads(text)["panel"]["mix"]
    left = 10_000 - 900 - 8_000  # split as in the last baseline year, 5.5 to 1,000
    assert mix["esrd"] == pytest.approx(left * 5.5 / 1_005.5 / 10_000, rel=1e-3)
    assert mix["aged_dual"] == pytest.approx(left * 1_000 / 1_005.5 / 10_000, rel=1e-5)


def test_what_all_saved_is_the_savings_with_which_each_law_has_the_rate_that_happened(tmp_path: Path) -> None:
    path = written(tmp_path, row("A1", HistBnchmk=10_300), row("A2"))
    saved, count = saved_by_all(histories(read(path)))
    assert count == 2
    assert saved == pytest.approx((2 - (1.03 + 1.0) * 104 / 105) / 2)
    assert f"saved {100 * saved:.2f}% of cost" in imported([path], "A1", 2024)


def test_the_scenario_holds_the_published_numbers(tmp_path: Path) -> None:
    scenario = tomllib.loads(imported([written(tmp_path, row("A1", HistBnchmk=10_200))], "a1", 2024))
    assert scenario["title"] == "The A1 group (A1), 2024"
    assert scenario["panel"]["sizes"] == [10_000]
    assert scenario["years"] == {"first_performance_year": 2024, "performance": 2, "baseline": 3, "gap": 1}
    assert scenario["benchmark"] == {"to_own_history": 1.02, "regional_weight": 0.0}
    assert scenario["savings"] == {"true": 0.0}
    (arrangement,) = scenario["arrangements"]
    assert arrangement["name"] == "mssp_basic_e"
    elected = arrangement["elections"]
    assert (elected["agreement_start"], elected["agreement_number"]) == (2023, 1)
    assert (elected["minimum_savings_rate"], elected["quality_score"]) == (0.02, 0.805)
    assert elected["low_revenue"] is True
    (observed,) = scenario["observed"]
    assert (observed["benchmark"], observed["expenditure"], observed["payment"]) == (105e6, 104e6, 0.0)


def test_true_savings_are_the_users_to_pick(tmp_path: Path) -> None:
    path = written(tmp_path, row("A1"))
    found = run("import-aco", path, "--aco", "A1", "--year", 2024, "--true-savings", 0.02)
    assert found.exit_code == 0
    assert tomllib.loads(found.output)["savings"] == {"true": 0.02}


def test_a_name_cannot_break_out_of_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, row("A1", ACO_Name='"A\\B"\nworlds = 5\n# \x1b[31m'))
    scenario = tomllib.loads(imported([path], "A1", 2024))
    assert scenario["worlds"] == 10_000
    build_scenario(scenario)


def test_the_year_after_stands_beside_it_only_in_the_same_agreement(tmp_path: Path) -> None:
    now = written(tmp_path, row("A1"))
    later = row("A1", ABtotBnchmk=110_000_000, ABtotExp=109_000_000, Current_Track="EN")
    text = imported([now, written(tmp_path, later, name="PY2025.csv")], "A1", 2024)
    scenario = tomllib.loads(text)
    assert [each["year"] for each in scenario["observed"]] == [2024, 2025]
    assert "The payment of 2025 is by another track: mssp_enhanced." in text
    renewed = {**later, "Current_Start_Date": "1/1/2025"}
    scenario = tomllib.loads(imported([now, written(tmp_path, renewed, name="PY2025.csv")], "A1", 2024))
    assert scenario["years"]["performance"] == 1
    assert [each["year"] for each in scenario["observed"]] == [2024]
    ends = written(tmp_path, row("A1", Current_Start_Date="1/1/2020"))
    assert tomllib.loads(imported([ends], "A1", 2024))["years"]["performance"] == 1


@pytest.mark.parametrize(
    ("changes", "aco", "year", "told"),
    [
        ({}, "A9999", 2024, "no row of this ACO"),
        ({}, "A2", 2024, "did you mean 'A1'"),
        ({}, "A1", 2022, "no row of A1 for this year (got 2022); allowed: 2024; did you mean '2024'?"),
        ({"HistBnchmk": "-"}, "A1", 2024, "row 2: the row does not give the historical benchmark"),
        ({"N_AB_Year_PY": ""}, "A1", 2024, "the row does not give the person years"),
        ({"Agreement_Period_Num": "*"}, "A1", 2024, "the row does not give the agreement number"),
        ({"Per_Capita_Exp_ALL_DIS_BY2": "lots"}, "A1", 2024, "Per_Capita_Exp_ALL_DIS_BY2: is not a number"),
        ({"CMS_HCC_RiskScore_DIS_BY2": "-1"}, "A1", 2024, "CMS_HCC_RiskScore_DIS_BY2: is negative"),
        (by_period("DIS", "cost", "*", "*", "*", "*"), "A1", 2024, "no ACO with this agreement start shows"),
        ({"N_AB": 3}, "A1", 2024, "panel.sizes"),
        ({"ABtotBnchmk": 0, "BnchmkMinExp": "-104,000,000"}, "A1", 2024, "observed[1].benchmark"),
    ],
)
def test_bad_input_is_told_in_one_line(
    tmp_path: Path, changes: dict[str, object], aco: str, year: int, told: str
) -> None:
    path, output = written(tmp_path, row("A1", **changes)), tmp_path / "scenario.toml"
    found = run("import-aco", path, "--aco", aco, "--year", year, "--output", output)
    assert found.exit_code == 2, found.output
    assert told in found.output
    assert found.output.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize("column", ["Agreement_Period_Num", "UpdatedBnchmk", "N_AB_Year_ESRD_BY3"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    found = run("import-aco", written(tmp_path, {k: v for k, v in row("A1").items() if k != column}), "--aco", "A1",
                "--year", 2024)  # fmt: skip
    assert found.exit_code == 2
    assert "has no column for" in found.output
    assert column in found.output


@pytest.mark.parametrize("content", ["", " \n\n", "garbage", "a,b\n1,2\n", "\0\1\2"])
def test_files_of_nothing_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "PY2024.csv"
    path.write_text(content)
    found = run("import-aco", path, "--aco", "A1", "--year", 2024)
    assert found.exit_code == 2
    assert found.output.startswith("simdce: PY2024.csv")
    assert found.output.count("\n") == 1


def test_an_id_or_name_full_of_control_characters_is_text(tmp_path: Path) -> None:
    odd = row("A1", ACO_ID="A\x1b1\x7f", ACO_Name='The "A1"\x07 [savings] # group')
    scenario = tomllib.loads(imported([written(tmp_path, odd)], "A\x1b1\x7f", 2024))
    assert scenario["title"] == 'The "A1" [savings] # group (A 1), 2024'
    assert scenario["savings"] == {"true": 0.0}


def test_a_row_that_cannot_be_read_is_named_where_the_aco_is_missed(tmp_path: Path) -> None:
    path = written(tmp_path, row("A1", QualScore=-5), row("A2"))
    with pytest.raises(InputError, match=r"one of 1 that cannot: PY2024\.csv: row 2: QualScore"):
        imported([path], "A1", 2024)


# The law --------------------------------------------------------------------------------------------------------------


def test_the_mean_gap_is_what_the_factor_says() -> None:
    """Expected benchmark over expected expenditure is the factor: people cost the same in every year."""
    benchmark = {"to_own_history": 1.05, "regional_weight": 0.0, "weights": [0.1, 0.3, 0.6]}
    scenario = scenario_of(
        worlds=sized(4_000, 100), sizes=(sized(1_000, 100),), benchmark=benchmark, shocks={"preset": "none"},
        savings={"true": 0.0}, years={"first_performance_year": 2024, "performance": 2, "gap": 1},
    )  # fmt: skip
    panels = simulate(scenario)
    rule = load("mssp_basic_e").in_force(scenario.years.performance_years, scenario.arrangements[0].elections)
    lived = experience(scenario, panels, panels.panel_sizes[0], truncated=True)
    outcome = outcome_of(lived, scenario, rule)
    for year in range(2):
        gap = outcome.benchmark[:, year] - 1.05 * outcome.expenditure[:, year]  # mean 0 if the law holds
        assert abs(gap.mean()) < 4 * gap.std(ddof=1) / np.sqrt(len(gap))
        assert abs(gap.mean()) < 0.01 * outcome.benchmark[:, year].mean()


def happened(*observed: dict[str, Any], **tables: Any) -> Scenario:
    return scenario_of(
        worlds=300, sizes=(500,), years={"first_performance_year": 2022, "performance": 2}, observed=list(observed),
        **tables,
    )  # fmt: skip


OBSERVED = {"year": 2023, "benchmark": 1e7, "expenditure": 9.9e6, "payment": 1234567.0, "source": "a file"}


def test_what_happened_has_its_place_in_the_law() -> None:
    found = answer(happened(OBSERVED))
    (comparison,) = found.observed
    scenario = found.scenario
    rule = load("mssp_basic_e").in_force(scenario.years.performance_years, scenario.arrangements[0].elections)
    outcome = outcome_of(experience(scenario, found.panels, 500, truncated=True), scenario, rule)
    rates = 1.0 - outcome.expenditure[:, 1] / outcome.benchmark[:, 1]
    below = int((rates <= 0.01).sum())
    assert 0 < below < 300
    assert comparison.performance_year == "PY2"
    assert comparison.at_or_below.value == pytest.approx(below / 300)
    assert comparison.at_or_below.standard_error == pytest.approx(
        np.sqrt(below / 300 * (1 - below / 300) / 300), rel=0.01
    )
    assert comparison.percentiles[2].value == pytest.approx(np.sort(rates)[149])
    assert "In 2023 the measured savings rate was 1.00%." in comparison.sentence
    assert "within what chance gives" in comparison.sentence


@pytest.mark.parametrize(("expenditure", "told"), [(1.9e7, "so low a rate in less"), (0.5e7, "so high a rate in less")])
def test_a_year_far_out_is_called_rare(expenditure: float, told: str) -> None:
    (comparison,) = answer(happened({**OBSERVED, "expenditure": expenditure})).observed
    assert told in comparison.sentence


def test_the_page_shows_what_happened_and_only_then() -> None:
    page = report_page(answer(happened(OBSERVED)))
    assert "What happened, beside the law" in page
    assert "$1.23M" in page
    assert "2023: 1.0%" in page  # in the figure
    assert "Triangles on the axis" in page
    quiet = report_page(answer(happened()))
    assert "What happened" not in quiet
    assert "a benchmark that is right" in quiet
    assert "when true savings are 3% and the benchmark is right:" in quiet
    sure = report_page(answer(happened(shocks={"preset": "none"}, savings={"true": 0.02})))
    assert "when true savings are 3%:" in sure
    assert "True savings assumed: 2.0%</span>" in sure
    lifted = report_page(answer(happened(OBSERVED, benchmark={"to_own_history": 1.02, "weights": [0.1, 0.3, 0.6]})))
    assert "the published benchmark" in lifted
    assert "benchmark to own history" in lifted  # the register
    assert "Triangles on the axis" not in quiet


@pytest.mark.parametrize(
    ("observed", "told"),
    [
        ([{**OBSERVED, "year": 2025}], "observed[1].year: not a performance year of this scenario (got 2025)"),
        ([OBSERVED, OBSERVED], "observed[2].year: observed twice"),
        ([{**OBSERVED, "benchmark": 0}], "observed[1].benchmark"),
        ([{**OBSERVED, "payment": float("nan")}], "observed[1].payment"),
        ([{**OBSERVED, "savings": 1.0}], "observed[1].savings"),
        ([{"year": 2022, "benchmark": 1e6}], "observed[1].expenditure"),
    ],
)
def test_what_happened_is_read_strictly(observed: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        happened(*observed)


# CMS's own rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", RAW)
def test_a_real_aco_of_every_year_is_imported_checked_and_run(tmp_path: Path, year: int) -> None:
    own = lines(year)[0]
    aco = own.get("ACO_ID") or own["ACO_Num"]
    path = tmp_path / "aco.toml"
    assert run("import-aco", raw(year), "--aco", aco, "--year", year, "--output", path).exit_code == 0
    text = path.read_text()
    scenario = tomllib.loads(text)
    assert scenario["panel"]["sizes"] == [amount(own["N_AB"])]
    (observed,) = scenario["observed"]
    for name, heading in (("benchmark", "ABtotBnchmk"), ("expenditure", "ABtotExp"), ("payment", "EarnSaveLoss")):
        assert observed[name] == amount(own[heading])
    for category, short in CATEGORIES.items():
        (printed,) = [line.split()[2:] for line in text.splitlines() if re.match(rf"# {category} .*\d\.\d{{3}} ", line)]
        costs = [own[f"Per_Capita_Exp_ALL_{short}_{period}"] for period in PERIODS]
        risks = [own[f"CMS_HCC_RiskScore_{short}_{period}"] for period in PERIODS]
        years = [own[f"N_AB_Year_{LONG[short]}_{period}"] for period in PERIODS[-2:]]
        for shown, cell in zip(printed, [*costs, *risks, *years], strict=True):
            assert amount(shown) == amount(cell)
    assert run("check", path).exit_code == 0
    found = run("run", path, "--worlds", 300, "--json", "--out", tmp_path / "out")
    assert found.exit_code == 0
    (compared,) = json.loads(found.output)["observed"]
    assert compared["savings_rate"] == pytest.approx(1 - observed["expenditure"] / observed["benchmark"])
    assert 0 <= compared["chance_at_or_below"]["value"] <= 1
    assert compared["chance_at_or_below"]["standard_error"] > 0


@pytest.mark.parametrize(("year", "acos"), [(2016, 145), (2018, 155)])
def test_history_gives_the_benchmark_of_first_agreements_again(year: int, acos: int) -> None:
    """Until mid-2019 a first agreement had no regional adjustment: the benchmark is the history, and nothing else."""
    everybody = histories(read(raw(year)))
    first = [own_history(each, everybody).benchmark_to_own for each in everybody if each.agreement_number == 1]
    assert len(first) == acos
    assert np.all(np.abs(np.array(first) - 1.0) < 0.0055)


def test_the_factor_follows_the_adjustments_that_cms_published() -> None:
    """2024 prints the adjustment in dollars; for agreements of that year it explains all but the baseline trend."""
    everybody, own = histories(read(raw(2024))), lines(2024)
    factors, published_factors = [], []
    for each, line in zip(everybody, own, strict=True):
        if each.row.figures.agreement_start == 2024:
            heading = {"R": "RegAdj", "P": "PriorSavAdj"}.get(line["FinalAdjCat"][:1])
            adjustment = (amount(line[heading]) or 0.0) if heading else 0.0
            assert each.historical_benchmark is not None
            factors.append(own_history(each, everybody).benchmark_to_own)
            published_factors.append(each.historical_benchmark / (each.historical_benchmark - adjustment))
    ratio = np.array(factors) / np.array(published_factors)
    assert len(ratio) == 71
    assert np.corrcoef(factors, published_factors)[0, 1] > 0.94
    assert ratio.mean() == pytest.approx(1.0097, abs=5e-4)
    assert ratio.std() < 0.008


def test_every_row_makes_a_scenario() -> None:
    for year, acos in zip(RAW, (228, 284, 253, 248), strict=True):
        everybody = histories(read(raw(year)))
        found = [own_history(each, everybody) for each in everybody]
        assert len(found) == acos
        assert all(0.95 < each.benchmark_to_own < 1.15 for each in found)


def test_old_files_lack_a_column() -> None:
    found = run("import-aco", raw(2014), "--aco", lines(2014)[0]["ACO_Num"], "--year", 2014)
    assert found.exit_code == 2
    assert "PY2014.csv: has no column for agreement number" in found.output


def test_the_year_after_is_found_in_another_file() -> None:
    tidy = published("mssp_results_2013_2024.csv")
    scenario = tomllib.loads(imported([raw(2022), tidy], "A1026", 2022))
    assert [each["year"] for each in scenario["observed"]] == [2022, 2023]
    assert scenario["years"]["performance"] == 2
