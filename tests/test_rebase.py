"""LEAD's benchmark for published Shared Savings Program results: by hand, on CMS's rows, against an estimate."""

from __future__ import annotations

import csv
import io
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from simdce.cli import main
from simdce.errors import InputError
from simdce.published.benchmark_parts import BenchmarkParts, read_benchmark_parts
from simdce.published.values import amount
from simdce.rebased.figures import published_estimate, terms
from simdce.rebased.lead import Rebased, rebased
from simdce.rebased.summary import groups, quantiles, waterfall_steps

CMS = Path(os.environ.get("SIMDCE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def published(file: str) -> Path:
    path = CMS / file
    if not path.is_file():
        pytest.skip(f"CMS public-use rows are not in the repository: set SIMDCE_DATA to the folder that holds {file}")
    return path


@cache
def of_2024() -> tuple[BenchmarkParts, ...]:
    return read_benchmark_parts(published("mssp_puf_raw/PY2024.csv"))


@cache
def under(family: str, weights: Any = "by_agreement") -> Rebased:
    return rebased(of_2024(), family, 2027, weights=weights)


# By hand --------------------------------------------------------------------------------------------------------------

ROW = {
    "ACO_ID": "A0001",
    "Agreement_Period_Num": "1",
    "Current_Start_Date": "1/1/2024",
    "Current_Track": "E",
    "N_AB": "10,000",
    "BnchmkMinExp": "6,000,000",
    "EarnSaveLoss": "2,940,000",
    "RegAdj": "210",
    "PriorSavAdj": "100",
    "FinalAdjCat": "Regional Adjustment",
    "HistBnchmk": "12,000",
    "UpdatedBnchmk": "12,600",
    "ABtotBnchmk": "126,000,000",
    "ABtotExp": "120,000,000",
    "N_AB_Year_PY": "10,000",
    "N_AB_Year_ESRD_PY": "*",
    "N_AB_Year_DIS_PY": "1,000",
    "N_AB_Year_AGED_Dual_PY": "1,000",
    "N_AB_Year_AGED_NonDual_PY": "8,000",
}
"""10,000 people, $12,000 updated by 5% to $12,600. A first agreement passes on 35%: 210 are 35% of 600."""

CAPPED = {"Agreement_Period_Num": "2", "RegAdj": "500", "PriorSavAdj": "-", "N_AB_Year_DIS_PY": "990"}
PRIOR = {"RegAdj": "20", "FinalAdjCat": "Prior Savings Adjustment"}
HIGHER = {"Current_Start_Date": "1/1/2022", "RegAdj": "-100", "PriorSavAdj": "-"}
DROPPED = {"RegAdj": "-50", "PriorSavAdj": "-", "FinalAdjCat": "No Adjustment"}
LEVEL = {"RegAdj": "0", "PriorSavAdj": "-", "FinalAdjCat": "No Adjustment"}


def file_of(folder: Path, *rows: dict[str, str], name: str = "PY2024.csv") -> Path:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    path = folder / name
    path.write_text(out.getvalue())
    return path


def one(folder: Path, changed: dict[str, str], family: str = "lead_global", year: int = 2027, **given: Any) -> Rebased:
    return rebased(read_benchmark_parts(file_of(folder, ROW | changed)), family, year, **given)


def steps(found: Rebased) -> dict[str, float]:
    return {step.name: step.all_acos for step in waterfall_steps(found) if step.all_acos}


def test_a_lower_spending_aco(tmp_path: Path) -> None:
    found = one(tmp_path, {})
    # 210 x 1.05 x 10,000 out; 600 x 1.05 x half x 10,000 in; 3% of 126,945,000; 98% of what is left of the savings
    assert steps(found) == pytest.approx(
        {"adjustment_removed": -2_205_000, "regional_efficiency": 3_150_000, "discount": -3_808_350}
    )
    assert found.benchmark[0] == pytest.approx(123_136_650)
    assert found.payment[0] == pytest.approx(0.98 * 3_136_650)
    assert (found.settled[0], found.paid[0], bool(found.lower_spending[0])) == (126e6, 2.94e6, True)


def test_a_regional_difference_beyond_the_cap(tmp_path: Path) -> None:
    found = one(tmp_path, CAPPED)
    # second agreement: 500 are half of 1,000; half x 1.05 = 525, held at 3% of the mix's national cost, which leaves
    # out the ten people with ESRD whom CMS does not show
    national = (990 * 13_103 + 1_000 * 20_722 + 8_000 * 12_438) / 9_990
    capped = 0.03 * national * 10_000
    assert capped == pytest.approx(3_999_939, abs=1)
    unadjusted = 126e6 - 5_250_000 + capped
    assert steps(found) == pytest.approx(
        {
            "adjustment_removed": -5_250_000,
            "regional_efficiency": 5_250_000,
            "regional_cap": -5_250_000 + capped,
            "discount": -0.03 * unadjusted,
        }
    )
    assert found.benchmark[0] == pytest.approx(0.97 * unadjusted)
    # prior savings of 385 x 1.05 = 404.25 are less than 525, but more than what the cap leaves
    found = one(tmp_path, CAPPED | {"PriorSavAdj": "385"})
    assert "regional_efficiency" not in steps(found)
    assert steps(found)["prior_savings"] == pytest.approx(4_042_500)


def test_prior_savings_where_they_are_larger(tmp_path: Path) -> None:
    found = one(tmp_path, PRIOR)
    # 100 x 1.05 against half of 20 / 35% x 1.05 = 30: never both
    assert steps(found) == pytest.approx(
        {"adjustment_removed": -1_050_000, "prior_savings": 1_050_000, "discount": -0.03 * 126e6}
    )
    # held at 5% of 13,332.90 = 666.645
    found = one(tmp_path, PRIOR | {"PriorSavAdj": "700"})
    assert steps(found)["prior_savings"] == pytest.approx(6_666_450)


def test_higher_spending_acos(tmp_path: Path) -> None:
    found = one(tmp_path, HIGHER)
    # what had been taken off, 100 x 1.05, comes back, and nothing is taken: 127,050,000 less 1.75% plus 1.5%
    assert steps(found) == pytest.approx(
        {
            "adjustment_removed": 1_050_000,
            "discount": -0.0175 * 127.05e6,
            "administrative_add_on": 0.015 * 127.05e6,
        }
    )
    assert found.benchmark[0] == pytest.approx(126_732_375)
    assert found.payment[0] == pytest.approx(0.98 * 6_732_375)
    for nothing_made in (DROPPED, LEVEL):
        found = one(tmp_path, nothing_made)
        assert not found.lower_spending[0]
        assert steps(found) == pytest.approx({"discount": -2_205_000, "administrative_add_on": 1_890_000})
    # 2030: 2.5% less 1.5%
    assert one(tmp_path, DROPPED, year=2030).benchmark[0] == pytest.approx(0.99 * 126e6)


def test_professional_has_neither_region_nor_discount(tmp_path: Path) -> None:
    found = one(tmp_path, {}, "lead_professional")
    assert steps(found) == pytest.approx({"adjustment_removed": -2_205_000, "prior_savings": 1_050_000})
    # savings of 4,845,000 are 3.9%: 60% of them, sequestered
    assert found.payment[0] == pytest.approx(0.98 * 0.6 * 4_845_000)


def test_quality_that_is_not_full_loses_its_part_of_the_withhold(tmp_path: Path) -> None:
    found = one(tmp_path, PRIOR, quality_score=0.8)
    assert steps(found)["quality_withhold"] == pytest.approx(-0.03 * 0.2 * 126e6)
    assert found.benchmark[0] == pytest.approx((1 - 0.03 - 0.006) * 126e6)
    with pytest.raises(InputError, match="quality_score"):
        one(tmp_path, PRIOR, quality_score=80.0)


def test_the_weight_of_the_agreement_lies_between_the_extremes(tmp_path: Path) -> None:
    # 210 x 1.05 over a weight of 35% and of 50%, half of it
    for weights, each in (("by_agreement", 315.0), ("lowest", 315.0), ("highest", 220.5)):
        assert steps(one(tmp_path, {}, weights=weights))["regional_efficiency"] == pytest.approx(each * 10_000)


# CMS's rows -----------------------------------------------------------------------------------------------------------


def test_the_adjustment_is_inside_the_historical_benchmark() -> None:
    with published("mssp_puf_raw/PY2024.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    short = {"ESRD": "ESRD", "DIS": "DIS", "AGED_Dual": "AGDU", "AGED_NonDual": "AGND"}

    def numbers(row: dict[str, str], name: str) -> Any:
        return np.array([amount(row[name.format(category)]) or 0.0 for category in short.values()])

    for start in sorted({row["Current_Start_Date"] for row in rows}):
        causes, historical = [], []
        for row in rows:
            people = np.array([amount(row[f"N_AB_Year_{category}_BY3"]) or 0.0 for category in short])
            risk = [numbers(row, f"CMS_HCC_RiskScore_{{}}_BY{year}") for year in (1, 2, 3)]
            if row["Current_Start_Date"] != start or not people.all() or not np.all(risk):
                continue
            cost = [numbers(row, f"Per_Capita_Exp_ALL_{{}}_BY{year}") for year in (1, 2, 3)]
            own = [each * risk[2] / score @ people / people.sum() for each, score in zip(cost, risk, strict=True)]
            made = {"R": "RegAdj", "P": "PriorSavAdj"}.get(row["FinalAdjCat"][0])
            causes.append([*own, amount(row[made]) if made else 0.0])
            historical.append(amount(row["HistBnchmk"]))
        known = np.array(causes, dtype=float)
        slopes, residual = np.linalg.lstsq(known, np.array(historical, dtype=float), rcond=None)[:2]
        variance = residual[0] / (len(known) - known.shape[1])
        error = np.sqrt(variance * np.linalg.inv(known.T @ known)[-1, -1])
        # dollar for dollar were the adjustment inside, not at all were it made later; trend by category is left out
        assert 0.5 < slopes[-1] - 3 * error < 1.25, start


def test_national_cost_is_what_the_rows_spend_at_average_risk() -> None:
    with published("mssp_puf_raw/PY2024.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = (("ESRD", "ESRD"), ("DIS", "DIS"), ("AGED_Dual", "AGDU"), ("AGED_NonDual", "AGND"))
    found = []
    for long, short in names:
        columns = (f"N_AB_Year_{long}_PY", f"Per_Capita_Exp_ALL_{short}_PY", f"CMS_HCC_RiskScore_{short}_PY")
        cells = [[amount(row[column]) for column in columns] for row in rows]
        people, cost, risk = np.array([each for each in cells if None not in each], dtype=float).T
        found.append((people @ cost) / (people @ risk))
    assert found == pytest.approx(terms()["national_per_capita"].at(2024).value, abs=0.6)


def test_every_step_adds_up_to_the_change() -> None:
    for family in ("lead_global", "lead_professional"):
        found = under(family)
        assert found.waterfall.change == pytest.approx(found.benchmark - found.settled, abs=0.01)
        lower, higher, whole = groups(found)
        assert whole.acos == lower.acos + higher.acos == 248
        assert whole.change == pytest.approx(lower.change + higher.change)
        assert sum(step.all_acos for step in waterfall_steps(found)) == pytest.approx(whole.change)
        changes = [change for _, change, _ in quantiles(found)]
        assert changes == sorted(changes)


def standard_error_of_half() -> float:
    """Of the change as a share of benchmarks: a ratio on the 248 rows there are, drawn from the 476 there were."""
    found, estimate = under("lead_global"), published_estimate("lead_global", 2024)
    assert estimate is not None
    count, everybody = len(found.parts), estimate.lower_spending + estimate.higher_spending
    share = found.waterfall.change.sum() / found.settled.sum()
    away = found.waterfall.change - share * found.settled
    return float(np.sqrt(count * away.var(ddof=1) * (1 - count / everybody)) / found.settled.sum())


def test_the_published_estimate_lies_where_half_of_the_acos_and_recalled_weights_leave_it() -> None:
    estimate = published_estimate("lead_global", 2024)
    assert estimate is not None
    lowest, chosen, highest = (
        groups(under("lead_global", weights))[-1].change_share for weights in ("lowest", "by_agreement", "highest")
    )
    assert highest < chosen < lowest < 0  # a smaller weight stands for a larger difference, of which LEAD gives half
    error = standard_error_of_half()
    assert 0.0005 < error < 0.002
    # the estimate is printed to a tenth of a point; the file holds half of the ACOs; the weights are recalled
    assert highest - 2 * error - 0.0005 < estimate.change_share < lowest + 2 * error + 0.0005
    assert chosen == pytest.approx(-0.0256, abs=0.00005)


def test_designations_and_who_gains_are_as_published() -> None:
    estimate = published_estimate("lead_global", 2024)
    assert estimate is not None
    lower, higher, whole = groups(under("lead_global"))
    assert (lower.acos, higher.acos) == (213, 35)
    everybody = estimate.lower_spending + estimate.higher_spending
    share = estimate.higher_spending / everybody
    drawn = np.sqrt(whole.acos * share * (1 - share) * (everybody - whole.acos) / (everybody - 1))  # hypergeometric
    assert abs(higher.acos - whole.acos * share) < 2 * drawn
    # of the amount only the sign: it is the sum of a few negative adjustments, the largest of which are not in the file
    assert lower.change < 0 < higher.change < estimate.higher_spending_change


# Files that cannot be read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"RegAdj": "-"}, "row 2: RegAdj: is blank"),
        ({"RegAdj": "much"}, "row 2: RegAdj: is not a number (got 'much')"),
        ({"PriorSavAdj": "-5"}, "row 2: PriorSavAdj: is negative"),
        ({"FinalAdjCat": "Both"}, "row 2: FinalAdjCat: is none of regional"),
        ({"FinalAdjCat": "Prior Savings Adjustment", "PriorSavAdj": ""}, "row 2: FinalAdjCat: says so"),
        ({"Agreement_Period_Num": "0"}, "row 2: Agreement_Period_Num: is less than 1"),
        ({"Agreement_Period_Num": "1.5"}, "row 2: Agreement_Period_Num: is not a whole number"),
        ({"HistBnchmk": "0"}, "row 2: HistBnchmk: is less than 1"),
        ({"UpdatedBnchmk": "12,700"}, "row 2: UpdatedBnchmk: times person-years is not the benchmark"),
        (
            dict.fromkeys([name for name in ROW if name.startswith("N_AB_Year_") and name != "N_AB_Year_PY"], "*"),
            "blank",
        ),
        ({"Current_Start_Date": "1/1/2022"}, "row 2: the rules of mssp_basic_e have no prior savings adjustment"),
        ({"Current_Track": "2"}, "row 2: the rules of mssp_track_2 have no regional adjustment"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, changed: dict[str, str], told: str) -> None:
    with pytest.raises(InputError) as raised:
        one(tmp_path, changed)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


# The command ----------------------------------------------------------------------------------------------------------


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["rebase", *(str(each) for each in arguments)])


def refused(*arguments: Any) -> str:
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert done.output.startswith("simdce: ")
    return done.output


def two_rows(folder: Path) -> Path:
    return file_of(folder, ROW, ROW | HIGHER | {"ACO_ID": "A0002"})


def test_files_without_the_columns(tmp_path: Path) -> None:
    for name in ROW:
        if name.startswith(("RegAdj", "PriorSavAdj", "FinalAdjCat", "HistBnchmk", "N_AB_Year", "Agreement_P")):
            path = file_of(tmp_path, {key: value for key, value in ROW.items() if key != name})
            assert "has no column for" in refused(path)
            assert name in refused(path)
    assert "from 2024" in refused(published("mssp_results_2013_2024.csv"))
    assert "from 2024" in refused(published("mssp_puf_raw/PY2022.csv"))
    assert "from 2024" in refused(published("reach_results_2021_2023.csv"))


def test_what_the_command_does_not_know(tmp_path: Path) -> None:
    path = two_rows(tmp_path)
    assert "did you mean 'lead_global'" in refused(path, "--under", "lead_globl")
    assert "has no rules for this year (got 2024); allowed: 2027 to 2036" in refused(path, "--year", 2024)
    assert "quality_score" in refused(path, "--quality-score", 2)
    assert "stands already in PY2024.csv, row 2" in refused(path, path)
    other = file_of(tmp_path, ROW, name="PY2025.csv")
    assert "PY2025.csv: row 2: national_per_capita: no value for this year (got 2025)" in refused(other)


def test_json(tmp_path: Path) -> None:
    document = json.loads(run(two_rows(tmp_path), "--json").output)
    assert (document["under"], document["rules_of"], document["performance_years"]) == ("lead_global", 2027, [2024])
    lower, higher, whole = document["groups"]
    assert [group["acos"] for group in document["groups"]] == [1, 1, 2]
    assert lower["change"] == pytest.approx(123_136_650 - 126e6)
    assert higher["change"] == pytest.approx(732_375)
    assert whole["change_share"] == pytest.approx((123_136_650 + 126_732_375) / 252e6 - 1)
    assert sum(step["all_acos"] for step in document["waterfall"]) == pytest.approx(whole["change"])
    assert document["published_estimate"]["change_share"] == -0.023
    assert (
        json.loads(run(two_rows(tmp_path), "--json", "--under", "lead_professional").output)["published_estimate"]
        is None
    )
    alone = json.loads(run(file_of(tmp_path, ROW), "--json").output)
    assert alone["groups"][1]["change_share"] is None


def test_tables_and_rows(tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    done = run(two_rows(tmp_path), "--rows", out)
    assert done.exit_code == 0
    told = " ".join(done.output.split())
    assert "2 ACOs of 2024 under lead_global, rules of 2027" in told
    assert "Benchmarks change by −$2.13M, −0.85% of those settled; 1 of 2 rise." in told
    assert "Published: −$3.20B, −2.3%" in told
    assert "regional weight of the rules" in told
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["designation"] for row in rows] == ["lower_spending", "higher_spending"]
    assert [row["arrangement"] for row in rows] == ["lead_global_lower_spending", "lead_global_higher_spending"]
    assert (rows[0]["benchmark"], rows[0]["discount"]) == ("123136650.00", "-3808350.00")
    for row in rows:
        kept = list(row)[list(row).index("benchmark_settled") : list(row).index("benchmark")]
        assert sum(float(row[name]) for name in kept) == pytest.approx(float(row["benchmark"]))


def test_rows_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    assert "is a folder where a file belongs" in refused(two_rows(tmp_path), "--rows", tmp_path)
    out = tmp_path / "rows.csv"
    refused(two_rows(tmp_path), tmp_path / "none.csv", "--rows", out)
    assert not out.exists()
