"""Files of every year under the headings CMS gave them, in its formats, and files with damage in them.

Payments of the rows made here are worked out by hand, in the comment beside each. Rows of the tidy results file,
written as the file of their year prints them, have to get the verdicts that they get in the tidy file.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simdce.cli import main
from simdce.published.reading import Publication, read
from simdce.published.row import PublishedRow
from simdce.published.verdict import judge

CMS = Path(os.environ.get("SIMDCE_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Headings, in their order, of the columns that say what was settled and a few between them ----------------------------

RESULTS_2013 = (
    "ACO Name (LBN or DBA, if applicable) ;States Where Beneficiaries Reside ;Agreement Start Date;Track;"
    "Participate in Advance Payment Model ;Total Assigned Beneficiaries;Total Benchmark Expenditures;"
    "Total Expenditures;"
    "Total Benchmark Expenditures Minus Total Assigned Beneficiary Expenditures;"
    "Total Benchmark Expenditures Minus Total Assigned Beneficiary Expenditures as % of Total Benchmark;"
    '"Generated Savings/Losses1,2";"Earned Shared Savings Payments/Owe Losses3,4";Successfully Reported Quality5;ACO-1'
)
PUF_2013 = (
    "ACO Identifier;ACO Name;Start Date;Track 2 ACO;Advance pay status;Interim payment election;"
    "Advanced payment amount;Quality Score;Quality Performance Sharing Rate;Final sharing rate;Minimum Loss Rate (%);"
    "Minimum Savings Rate (%);Total benchmark expenditures ($);Total savings/losses ($);Shared Savings ($);"
    "Shared Losses ($);Total number of assigned beneficiaries;Total assigned beneficiary person years;"
    "Total number of ESRD assigned beneficiary person years;Total performance year spending per assigned beneficiary;"
    "Total expenditures per assigned ESRD beneficiary"
)
SSP_2013 = (
    "ACO_Num;ACO_NAME;Start_Date;Track2;Adv_Pay;Int_Pmt;Adv_Pay_Amt;QualScore;QualPerfShare;FinalShareRate;MinLossPerc;"
    "MinSavPerc;ABtotBnchmk;ABtotExp;BnchmkMinExp;EarnShrSavings;OweLosses;N_AB;N_AB_Year"
)
PUF_2015 = (
    "ACO_Num;ACO_Name;ACO_State;Start_Date;Track1;Track2;Adv_Pay;N_AB;Sav_rate;MinSavPerc;BnchmkMinExp;GenSaveLoss;"
    "EarnSaveLoss;QualScore;UpdatedBnchmk;HistBnchmk;ABtotBnchmk;ABtotExp;Adv_Pay_Amt;Adv_Pay_Recoup;QualPerfShare;"
    "FinalShareRate;Per_Capita_Exp_TOTAL_PY"
)
PUF_2017 = (
    "ACO_Num;ACO_Name;Agree_Type;Agreement_Period_Num;Initial_Start_Date;Initial_Track_1;Initial_Track_2;"
    "Initial_Track_3;Current_Start_Date;Current_Track_1;Current_Track_2;Current_Track_3;Adv_Pay;AIM;N_AB;Sav_rate;"
    "MinSavPerc;BnchmkMinExp;GenSaveLoss;DisAdj;EarnSaveLoss;Met_QPS;QualScore;Prior_Sav_Adj;RegTrndUpdt;PosRegAdj;"
    "UpdatedBnchmk;HistBnchmk;ABtotBnchmk;ABtotExp;Adv_Pay_Amt;Adv_Pay_Recoup;QualPerfShare;FinalShareRate;"
    "Per_Capita_Exp_TOTAL_PY;N_AB_Year_PY"
)
FLAGS = (
    "Current_Track_1;Current_Track_2;Current_Track_3;Current_Track_1_Plus;Current_BASIC_A;Current_BASIC_B;"
    "Current_BASIC_C;Current_BASIC_D;Current_BASIC_E;Current_ENHANCED"
)
PUF_2019 = (
    f"ACO_ID;ACO_Name;ACO_State;Agree_Type;Participation_Six_Months;Agreement_Period_Num;Initial_Start_Date;"
    f"{FLAGS.replace('Current', 'Initial')};Current_Start_Date;{FLAGS};Risk_Model;Adv_Pay;AIM;SNF_Waiver;N_AB;Sav_rate;"
    "MinSavPerc;BnchmkMinExp;GenSaveLoss;DisAdj;EarnSaveLoss;DisAffQual;Met_QPS;QualScore;RecvdMean;Prior_Sav_Adj;"
    "RegTrndUpdt;PosRegAdj;UpdatedBnchmk;HistBnchmk;ABtotBnchmk;ABtotExp;Adv_Pay_Amt;Adv_Pay_Recoup;QualPerfShare;"
    "FinalShareRate;RevLossLimit;Rev_Exp_Cat;Per_Capita_Exp_TOTAL_PY;N_AB_Year_PY"
)
PUF_2021 = (
    f"ACO_ID;ACO_Name;ACO_State;Agree_Type;Agreement_Period_Num;Initial_Start_Date;Current_Start_Date;{FLAGS};"
    "Risk_Model;Assign_Type;Adv_Pay;AIM;SNF_Waiver;N_AB;Sav_Rate;MinSavPerc;BnchmkMinExp;GenSaveLoss;DisAdj;"
    "EarnSaveLoss;DisAffQual;Met_QPS;Report_WI;Report_eCQM;Report_CQM;Report_Inc;QualScore;Recvd30p;PosRegAdj;"
    "UpdatedBnchmk;HistBnchmk;ABtotBnchmk;ABtotExp;Adv_Pay_Amt;Adv_Pay_Recoup;MaxShareRate;FinalShareRate;"
    "RevLossLimit;Rev_Exp_Cat;Per_Capita_Exp_TOTAL_PY;N_AB_Year_PY"
)
PUF_2023 = (
    "ACO_ID;ACO_Name;Agree_Type;Agreement_Period_Num;Current_Start_Date;Current_Track;Risk_Model;Assign_Type;SNF_Waiver;"
    "N_AB;Sav_rate;MinSavPerc;BnchmkMinExp;GenSaveLoss;DisAdj;Impact_Mid_Year_Termination;EarnSaveLoss;DisAffQual;"
    "Met_QPS;Met_AltQPS;Met_30pctl;Met_Incentive;Met_FirstYear;Report_WI;Report_eCQM_CQM;Report_Inc;QualScore;Recvd30p;"
    "PosRegAdj;UpdatedBnchmk;HistBnchmk;ABtotBnchmk;ABtotExp;FinalShareRate;FinalLossRate;Rev_Exp_Cat;"
    "Per_Capita_Exp_TOTAL_PY;N_AB_Year_PY"
)
REACH = (
    "ACO_ID;ACO_NAME;ACO_TYPE;FIRST_PART_YEAR;PERF_YEAR;RISK_ARRANGEMENT;STOP_LOSS_ELECTION;DISCOUNT;UNADJ_BENCHMARK;"
    "FINAL_BENCHMARK;SAV_RATE;TOT_COST_CARE_NET;TOT_COST_CARE;GROSS_SAVINGS;SHARED_SAVINGS;SHARED_SAVINGS_SEQ;"
    "ALIGNED_BENEFICIARIES;QUAL_SCR"
)


def names(headings: str) -> list[str]:
    return [heading.strip('"') for heading in headings.split(";")]


def text(headings: str | Sequence[str], *rows: dict[str, str] | Sequence[str], mark: str = "") -> str:
    """A file of these headings; a row is cells in order, or cells by heading, blank where none is named."""
    header = names(headings) if isinstance(headings, str) else list(headings)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        if isinstance(row, dict):
            assert set(row) <= set(header), set(row) - set(header)
        writer.writerow([row.get(name, "") for name in header] if isinstance(row, dict) else row)
    return mark + out.getvalue()


def publication(folder: Path, name: str, written: str | bytes) -> Publication:
    path = folder / name
    path.write_bytes(written if isinstance(written, bytes) else written.encode())
    return read(path)


def verdicts(rows: Sequence[PublishedRow]) -> list[str]:
    return [judge(row).verdict for row in rows]


def all_reproduced(found: Publication, count: int) -> None:
    """Every row is there and reproduced, and would not be with another payment."""
    assert found.problems == ()
    assert verdicts(found.rows) == ["reproduced"] * count
    wrong = [PublishedRow(row.figures, row.payment - 1e5, row.file, row.line) for row in found.rows]
    assert verdicts(wrong) == ["unexplained"] * count


# Rows worked out by hand, year by year --------------------------------------------------------------------------------

ROWS_2013 = (
    # saver: 0.98 x 0.5 x 10,000,000
    (
        "A00001",
        "0",
        "1",
        "0.5",
        "0.5",
        "",
        "0.025%",
        "$100000000.00",
        "$90000000.00",
        "$10000000.00",
        "$4900000.00",
        "",
    ),
    # inside the band: 1% is less than 2.5%
    ("A00002", "0", "1", "0.5", "0.5", "", "0.025%", "$100000000.00", "$99000000.00", "$1000000.00", "$0.00", ""),
    # quality not reported: no share
    ("A00003", "0", "0", "0.5", "0", "", "0.025%", "$100000000.00", "$90000000.00", "$10000000.00", "$0.00", ""),
    # Track 2, owes: (1 - 0.6) x 10,000,000, within 5% of the benchmark
    (
        "A00004",
        "1",
        "1",
        "0.6",
        "0.6",
        "-0.02%",
        "0.02%",
        "$100000000.00",
        "$110000000.00",
        "$-10000000.00",
        "$0.00",
        "-4000000",
    ),
)


def of_2013(cells: Sequence[str]) -> list[str]:
    """The cells of a row of 2013 with total expenditures between benchmark and difference, as the file has them."""
    aco, track_2, score, largest, final, least, minimum, *dollars = cells
    return [
        aco,
        "One, of its name",
        "07/01/2012",
        track_2,
        "0",
        "",
        "",
        score,
        largest,
        final,
        least,
        minimum,
        *dollars,
        "20000",
        "19000",
        "150",
        "$81000.00",
    ]


def test_2013_as_published_with_its_heading_missing(tmp_path: Path) -> None:
    rows = [[*of_2013(row), "$82000.00"] for row in ROWS_2013]
    found = publication(tmp_path, "2013_PUF.csv", text(PUF_2013, *rows, mark="\ufeff"))
    all_reproduced(found, 4)
    assert "from column 14 on headings were moved" in found.notes[0]
    assert "stated in 4 of 4 rows" in found.notes[0]
    assert [row.figures.arrangement for row in found.rows] == ["mssp_track_1"] * 3 + ["mssp_track_2"]
    assert [row.figures.assigned_beneficiaries for row in found.rows] == [20000.0] * 4
    assert found.rows[0].figures.minimum_savings_rate is not None
    assert found.rows[0].figures.minimum_savings_rate.value == 0.025


@pytest.mark.parametrize("damage", ["", "-", "lost", "$5.00"])
def test_2013_is_mended_with_a_damaged_row_among_its_rows(tmp_path: Path, damage: str) -> None:
    rows = [[*of_2013((f"A{number:05}", *row[1:])), ""] for number, row in enumerate(ROWS_2013 * 5)]
    rows[7][14] = damage  # benchmark less expenditure, of the Track 2 row
    found = publication(tmp_path, "PY2013.csv", text(PUF_2013, *rows))
    if damage in ("", "-"):  # said by the two others
        all_reproduced(found, 20)
        return
    (problem,) = found.problems
    assert str(problem).startswith("PY2013.csv: row 9: Total savings/losses ($): is not")
    assert damage in str(problem)
    assert verdicts(found.rows) == ["reproduced"] * 19


def test_2013_with_short_names_and_two_columns_for_a_payment(tmp_path: Path) -> None:
    rows = [of_2013(row)[:-2] for row in ROWS_2013]
    all_reproduced(publication(tmp_path, "Final.ACO.SSP.PUF.Y2013.csv", text(SSP_2013, *rows)), 4)


def test_2013_results_in_words_with_footnotes(tmp_path: Path) -> None:
    def row(aco: str, track: str, spent: str, less: str, paid: str, reported: str = "Yes ") -> list[str]:
        return [
            aco,
            "Nevada",
            "01/01/2013",
            track,
            "No ",
            "20,000",
            "$100000000",
            spent,
            less,
            "10%",
            "",
            paid,
            reported,
            "9",
        ]

    rows = [
        row("One ACO", "Track1 ", "$90000000", "$10000000", "$4900000"),
        row("Two ACO", "Track1 ", "$99000000", "$1000000", ""),
        row("Three ACO", "Track1 ", "$90000000", "$10000000", " $-   ", "No*"),
        row("Four ACO", "Track2 ", "$110000000", "($10,000,000)", "($4,000,000)"),
    ]
    found = publication(tmp_path, "results 2013.csv", text(RESULTS_2013, *rows))
    all_reproduced(found, 4)
    assert [row.figures.quality_met for row in found.rows] == [True, True, False, True]


def test_2015_scores_in_bare_percent_and_minimum_rates_as_fractions(tmp_path: Path) -> None:
    row = {"Start_Date": "01/01/2014", "Track1": "1", "Track2": "0", "N_AB": "20000", "ABtotBnchmk": "100000000"}
    saver = {"ABtotExp": "90000000", "BnchmkMinExp": "10000000"}
    score = {"MinSavPerc": "0.025", "QualScore": "90", "FinalShareRate": "45", "QualPerfShare": "50"}
    rows = [
        # 0.98 x 0.5 x 0.9 x 10,000,000
        row | saver | score | {"ACO_Num": "A00001", "EarnSaveLoss": "4410000"},
        row | score | {"ACO_Num": "A00002", "ABtotExp": "99000000", "BnchmkMinExp": "1000000", "EarnSaveLoss": "0"},
        # Track 2 in its second year: (1 - 0.6 x 0.95) x 10,000,000, within 7.5% of the benchmark
        row
        | score
        | {
            "ACO_Num": "A00003",
            "Track1": "0",
            "Track2": "1",
            "ABtotExp": "110000000",
            "MinSavPerc": "0.02",
            "BnchmkMinExp": "-10000000",
            "EarnSaveLoss": "-4300000",
            "QualScore": "95",
            "FinalShareRate": "57",
        },
    ]
    all_reproduced(publication(tmp_path, "PY2015.csv", text(PUF_2015, *rows)), 3)


def test_2017_track_3_and_a_disaster_adjustment(tmp_path: Path) -> None:
    row = {
        "Current_Start_Date": "1/1/16 00:00",
        "Initial_Start_Date": "7/1/12 00:00",
        "Initial_Track_1": "1",
        "Initial_Track_2": "0",
        "Initial_Track_3": "0",
        "Current_Track_1": "0",
        "Current_Track_2": "0",
        "Current_Track_3": "1",
        "N_AB": "20000",
        "MinSavPerc": "0.0200",
        "Met_QPS": "1",
        "QualScore": "0.9",
        "FinalShareRate": "0.675",
        "ABtotBnchmk": "100000000",
    }
    rows = [
        # 0.98 x 0.75 x 0.9 x 10,000,000
        row | {"ACO_Num": "A00001", "ABtotExp": "90000000", "BnchmkMinExp": "10000000", "EarnSaveLoss": "6615000"},
        row | {"ACO_Num": "A00002", "ABtotExp": "101000000", "BnchmkMinExp": "-1000000", "EarnSaveLoss": "0"},
        # a loss rate of 1 - 0.675, but 40% at least, of 10,000,000, less what is forgiven
        row
        | {
            "ACO_Num": "A00003",
            "ABtotExp": "110000000",
            "BnchmkMinExp": "-10000000",
            "DisAdj": "-5000",
            "EarnSaveLoss": "-3995000",
        },
    ]
    found = publication(tmp_path, "ACO.SSP.PUF.Y2017.csv", text(PUF_2017, *rows))
    all_reproduced(found, 3)
    assert {row.figures.agreement_start for row in found.rows} == {2016}


def flagged(track: str) -> dict[str, str]:
    return {name: str(int(name == f"Current_{track}")) for name in FLAGS.split(";")}


def test_2019_has_a_row_for_either_half_of_the_year(tmp_path: Path) -> None:
    both = {
        "ACO_ID": "A0001",
        "Participation_Six_Months": "1",
        "N_AB": "20000",
        "DisAdj": "",
        "Met_QPS": "1",
        "QualScore": "96",
        "Rev_Exp_Cat": "Low Revenue",
    } | {f"Initial_{k[8:]}": "0" for k in FLAGS.split(";")}
    # 0.5 x 0.96 x 5,000,000, no sequestration
    first = (
        both
        | flagged("Track_1")
        | {
            "Current_Start_Date": "01/01/2016",
            "MinSavPerc": "0.025",
            "FinalShareRate": "0.48",
            "BnchmkMinExp": "5000000",
            "ABtotBnchmk": "50000000",
            "ABtotExp": "45000000",
            "EarnSaveLoss": "2400000",
        }
    )
    # 0.75 x 0.96 x 5,000,000
    second = (
        both
        | flagged("ENHANCED")
        | {
            "Current_Start_Date": "07/01/2019",
            "MinSavPerc": "2.00%",
            "FinalShareRate": "72%",
            "BnchmkMinExp": "5,000,000",
            "ABtotBnchmk": "50,000,000",
            "ABtotExp": "45,000,000",
            "EarnSaveLoss": "3,600,000",
        }
    )
    # 30% of 2,500,000, less half of a year's adjustment of 10,000
    owes = (
        second
        | flagged("Track_1_Plus")
        | {
            "ACO_ID": "A0002",
            "Current_Start_Date": "01/01/2018",
            "BnchmkMinExp": "-2,500,000",
            "ABtotExp": "52,500,000",
            "DisAdj": "-10,000",
            "EarnSaveLoss": "-745,000",
            "N_AB_Year_PY": "10,000",
            "Per_Capita_Exp_TOTAL_PY": "10,500",
            "FinalShareRate": "48%",
        }
    )
    inside = (
        second
        | flagged("BASIC_B")
        | {"ACO_ID": "A0003", "BnchmkMinExp": "-1,000,000", "ABtotExp": "51,000,000", "EarnSaveLoss": "0"}
    )
    halves = [publication(tmp_path, "2019.csv", text(PUF_2019, first))]
    halves += [publication(tmp_path, "2019A.csv", text(PUF_2019, second, owes, inside))]
    all_reproduced(halves[0], 1)
    all_reproduced(halves[1], 3)
    done = run(tmp_path / "2019.csv", tmp_path / "2019A.csv", "--json")
    assert (done.exit_code, json.loads(done.stdout)["reproduced"]) == (0, 4)
    whole = publication(
        tmp_path, "both 2019.csv", text(PUF_2019, first, second | {"MinSavPerc": "0.02", "FinalShareRate": ".72"})
    )
    all_reproduced(whole, 2)


def test_2020_and_2021_basic_levels_and_forgiven_losses(tmp_path: Path) -> None:
    row = {
        "Current_Start_Date": "07/01/2019",
        "N_AB": "20,000",
        "MinSavPerc": "2.00%",
        "Met_QPS": "1",
        "QualScore": "90.00%",
        "ABtotBnchmk": "100,000,000",
        "Rev_Exp_Cat": "High Revenue",
    }
    saver = {"ABtotExp": "90,000,000", "BnchmkMinExp": "10,000,000"}
    rows = [
        # 0.98 x 0.5 x 10,000,000: all or nothing
        row | flagged("BASIC_E") | saver | {"ACO_ID": "A0001", "FinalShareRate": "50.00%", "EarnSaveLoss": "4,900,000"},
        # 0.98 x 0.75 x 10,000,000
        row
        | flagged("ENHANCED")
        | saver
        | {"ACO_ID": "A0002", "FinalShareRate": "75.00%", "EarnSaveLoss": "7,350,000"},
        row
        | flagged("BASIC_B")
        | {
            "ACO_ID": "A0003",
            "FinalShareRate": "40.00%",
            "MinSavPerc": "2.50%",
            "ABtotExp": "99,000,000",
            "BnchmkMinExp": "1,000,000",
            "EarnSaveLoss": "0",
        },
        # all of the emergency's year is forgiven
        row
        | flagged("BASIC_E")
        | {
            "ACO_ID": "A0004",
            "FinalShareRate": "50.00%",
            "ABtotExp": "110,000,000",
            "BnchmkMinExp": "-10,000,000",
            "DisAdj": "-3,000,000",
            "EarnSaveLoss": "0",
        },
    ]
    all_reproduced(publication(tmp_path, "Performance_Year_Results_2021.csv", text(PUF_2021, *rows)), 4)
    # the year before: rates follow the score, 0.5 x 0.9 and 0.75 x 0.9 of 10,000,000, and no sequestration
    before = [
        each | {"EarnSaveLoss": paid} for each, paid in zip(rows, ("4,500,000", "6,750,000", "0", "0"), strict=True)
    ]
    final = [each | {"FinalShareRate": rate} for each, rate in zip(before, ("45%", "67.5%", "36%", "45%"), strict=True)]
    all_reproduced(publication(tmp_path, "Performance_Year_Results_2020.csv", text(PUF_2021, *final)), 4)


def test_2023_losses_and_both_quality_standards(tmp_path: Path) -> None:
    row = {
        "Current_Start_Date": "01/01/2022",
        "Current_Track": "EN",
        "N_AB": "20000",
        "MinSavPerc": "1.00%",
        "Met_QPS": "1",
        "Met_AltQPS": "-",
        "QualScore": "80.00%",
        "ABtotBnchmk": "100000000",
        "Rev_Exp_Cat": "High Revenue",
        "FinalShareRate": "75.00%",
        "FinalLossRate": "40.00%",
        "DisAdj": "0",
    }
    saver = {"ABtotExp": "90000000", "BnchmkMinExp": "10000000"}
    rows = [
        row | saver | {"ACO_ID": "A0001", "EarnSaveLoss": "7350000"},
        # the alternative standard only: 0.98 x 0.75 x 0.8 x 10,000,000
        row
        | saver
        | {"ACO_ID": "A0002", "Met_QPS": "0", "Met_AltQPS": "1", "FinalShareRate": "60.00%", "EarnSaveLoss": "5880000"},
        row | {"ACO_ID": "A0003", "ABtotExp": "99500000", "BnchmkMinExp": "500000", "EarnSaveLoss": "0"},
        # 40% of 10,000,000, five months of twelve forgiven
        row
        | {
            "ACO_ID": "A0004",
            "ABtotExp": "110000000",
            "BnchmkMinExp": "-10000000",
            "DisAdj": "-1666667",
            "EarnSaveLoss": "-2333333",
        },
    ]
    all_reproduced(publication(tmp_path, "PY 2023 ACO Results PUF.csv", text(PUF_2023, *rows)), 4)


def test_reach_in_capitals_with_aligned_beneficiaries(tmp_path: Path) -> None:
    row = {"ACO_ID": "D0001", "PERF_YEAR": "2021", "TOT_COST_CARE_NET": "95000000", "ALIGNED_BENEFICIARIES": "*"}
    rows = [
        # all of 5% of 100,000,000, less 2%; and half of it
        row | {"RISK_ARRANGEMENT": "GLOBAL", "GROSS_SAVINGS": "5000000", "SHARED_SAVINGS_SEQ": "4900000"},
        row
        | {
            "ACO_ID": "D0002",
            "RISK_ARRANGEMENT": "PROFESSIONAL",
            "GROSS_SAVINGS": "5000000",
            "SHARED_SAVINGS_SEQ": "2450000",
        },
        row
        | {
            "ACO_ID": "D0003",
            "RISK_ARRANGEMENT": "Global",
            "TOT_COST_CARE_NET": "105000000",
            "GROSS_SAVINGS": "-5000000",
            "SHARED_SAVINGS_SEQ": "-5000000",
        },
    ]
    all_reproduced(publication(tmp_path, "PY1_PUF.csv", text(REACH, *rows)), 3)
    counted = publication(tmp_path, "PY2_PUF.csv", text(REACH, rows[0] | {"ALIGNED_BENEFICIARIES": "12,345"}))
    assert counted.rows[0].figures.assigned_beneficiaries == 12345.0
    older = [
        name.replace("ACO_ID", "dce_id").replace("RISK_ARRANGEMENT", "risk_arrangmt").lower() for name in names(REACH)
    ]
    again = publication(
        tmp_path, "gpdc.csv", text(older, *[[row.get(name, "") for name in names(REACH)] for row in rows])
    )
    all_reproduced(again, 3)
    assert run(tmp_path / "gpdc.csv", "--rows", tmp_path / "rows.csv").exit_code == 0
    assert [
        row["assigned_beneficiaries"] for row in csv.DictReader((tmp_path / "rows.csv").read_text().splitlines())
    ] == [""] * 3


# Rows of the tidy file as the file of their year prints them ----------------------------------------------------------


def whole(value: str) -> str:
    return "" if not value else f"{float(value):.0f}"


def grouped(value: str) -> str:
    return "" if not value else f"{float(value):,.0f}"


def percent(value: str, decimals: int) -> str:
    return "" if not value else f"{100.0 * float(value):.{decimals}f}%"


def by_flag(row: dict[str, str]) -> dict[str, str]:
    """One column a track with a 1 in the one that the tidy row names."""
    long = {"T1": "Track_1", "T2": "Track_2", "T3": "Track_3", "T1+": "Track_1_Plus", "EN": "ENHANCED"}
    return flagged(long.get(row["track"], f"BASIC_{row['track']}"))


def year_2013(row: dict[str, str]) -> list[str]:
    track_2, paid = row["track"] == "T2", float(row["earned_savings_loss"])
    return [
        row["aco_id"],
        "Name, its",
        "07/01/2012",
        str(int(track_2)),
        "0",
        "",
        "",
        row["quality_score"],
        row["maximum_sharing_rate"],
        row["final_sharing_rate"],
        "-0.02%" if track_2 else "",
        f"{row['minimum_savings_rate']}%",
        *(f"${float(row[name]):.2f}" for name in ("benchmark", "expenditure")),
        f"${float(row['benchmark_minus_expenditure']):.2f}",
        f"${max(paid, 0.0):.2f}",
        f"{min(paid, 0.0):.2f}" if track_2 else "",
        row["assigned_beneficiaries"],
        row["person_years"],
        "150",
        "$800.00",
    ]


def common(row: dict[str, str]) -> dict[str, str]:
    return {
        "N_AB": row["assigned_beneficiaries"],
        "ABtotBnchmk": whole(row["benchmark"]),
        "ABtotExp": whole(row["expenditure"]),
        "BnchmkMinExp": whole(row["benchmark_minus_expenditure"]),
        "EarnSaveLoss": whole(row["earned_savings_loss"]),
        "MinSavPerc": row["minimum_savings_rate"],
        "FinalShareRate": row["final_sharing_rate"],
        "QualScore": row["quality_score"],
        "Per_Capita_Exp_TOTAL_PY": row["per_capita_expenditure"],
    }


def year_2015(row: dict[str, str]) -> dict[str, str]:
    return common(row) | {
        "ACO_Num": row["aco_id"],
        "Track1": str(int(row["track"] == "T1")),
        "Track2": str(int(row["track"] == "T2")),
        "Start_Date": "",
        "QualScore": percent(row["quality_score"], 2)[:-1],
        "FinalShareRate": percent(row["final_sharing_rate"], 2)[:-1],
    }


def year_2017(row: dict[str, str]) -> dict[str, str]:
    tracks = {name: cell for name, cell in by_flag(row).items() if name in names(PUF_2017)}
    return (
        common(row)
        | tracks
        | {
            "ACO_Num": row["aco_id"],
            "Current_Start_Date": row["agreement_start_date"],
            "DisAdj": row["disaster_adjustment"],
            "Met_QPS": row["met_quality_standard"],
            "Initial_Track_1": "1",
            "N_AB_Year_PY": row["person_years"],
        }
    )


def year_2019(row: dict[str, str]) -> dict[str, str]:
    score = {"QualScore": percent(row["quality_score"], 2)[:-1]}
    return (
        common(row)
        | by_flag(row)
        | score
        | {
            "ACO_ID": row["aco_id"],
            "Current_Start_Date": row["agreement_start_date"],
            "Initial_ENHANCED": "0",
            "Met_QPS": row["met_quality_standard"],
            "Rev_Exp_Cat": row["revenue_category"],
            "DisAdj": row["disaster_adjustment"] if row["disaster_adjustment"] != "0" else "",
            "N_AB_Year_PY": row["person_years"],
        }
    )


def year_2021(row: dict[str, str]) -> dict[str, str]:
    dollars = ("ABtotBnchmk", "ABtotExp", "BnchmkMinExp", "EarnSaveLoss", "N_AB", "Per_Capita_Exp_TOTAL_PY")
    rates = {
        "MinSavPerc": percent(row["minimum_savings_rate"], 2),
        "QualScore": percent(row["quality_score"], 2),
        "FinalShareRate": percent(row["final_sharing_rate"], 2),
    }
    adjustment = float(row["disaster_adjustment"])
    return (
        common(row)
        | by_flag(row)
        | {name: grouped(common(row)[name]) for name in dollars}
        | rates
        | {
            "ACO_ID": row["aco_id"],
            "Current_Start_Date": row["agreement_start_date"],
            "Met_QPS": row["met_quality_standard"],
            "Rev_Exp_Cat": row["revenue_category"],
            "DisAdj": f"{-adjustment:,.0f}" if adjustment else "",
            "N_AB_Year_PY": grouped(row["person_years"]),
        }
    )


def year_2023(row: dict[str, str]) -> dict[str, str]:
    kept = {name: cell for name, cell in year_2021(row).items() if name in names(PUF_2023)}
    met = row["met_quality_standard"]
    return (
        kept
        | {name: common(row)[name] for name in ("ABtotBnchmk", "ABtotExp", "BnchmkMinExp", "EarnSaveLoss")}
        | {
            "Current_Track": row["track"],
            "Met_AltQPS": "-" if met == "1" else str(int(float(row["final_sharing_rate"]) > 0)),
            "FinalLossRate": percent(row["final_loss_rate"], 2) or "-",
        }
    )


AS_PRINTED = {
    2013: (PUF_2013, year_2013),
    2015: (PUF_2015, year_2015),
    2017: (PUF_2017, year_2017),
    2019: (PUF_2019, year_2019),
    2020: (PUF_2021, year_2019),
    2021: (PUF_2021, year_2021),
    2023: (PUF_2023, year_2023),
}


@pytest.mark.parametrize("year", AS_PRINTED)
def test_tidy_rows_as_the_file_of_their_year_prints_them(tmp_path: Path, year: int) -> None:
    path = CMS / "mssp_results_2013_2024.csv"
    if not path.is_file():
        pytest.skip(
            f"CMS public-use rows are not in the repository: set SIMDCE_DATA to the folder that holds {path.name}"
        )
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    tidy = [row for row in csv.DictReader(lines) if row["performance_year"] == str(year)]
    (tmp_path / "tidy.csv").write_text(text(list(tidy[0]), *tidy))
    headings, printed = AS_PRINTED[year]
    rows: list[Any] = [printed(row) for row in tidy]
    if isinstance(rows[0], dict):
        rows = [{name: cell for name, cell in row.items() if name in names(headings)} for row in rows]
    found = publication(tmp_path, f"PY{year}.csv", text(headings, *rows))
    expected = read(tmp_path / "tidy.csv").rows
    assert found.problems == ()
    assert [(row.figures.aco, row.figures.arrangement) for row in found.rows] == [
        (row.figures.aco, row.figures.arrangement) for row in expected
    ]
    assert verdicts(found.rows) == verdicts(expected)


# Files that a spreadsheet or a download left marks in -----------------------------------------------------------------

ROW_2023 = {
    "ACO_ID": "A0001",
    "Current_Start_Date": "01/01/2022",
    "Current_Track": "B",
    "N_AB": "20000",
    "MinSavPerc": "2.50%",
    "Met_QPS": "1",
    "Met_AltQPS": "-",
    "QualScore": "80.00%",
    "ABtotBnchmk": "100000000",
    "ABtotExp": "90000000",
    "BnchmkMinExp": "10000000",
    "FinalShareRate": "40.00%",
    "FinalLossRate": "-",
    "DisAdj": "-",
    "Rev_Exp_Cat": "Low Revenue",
    "EarnSaveLoss": "3920000",
}
"""BASIC B: 0.98 x 0.4 x 10,000,000."""


def many(count: int) -> list[dict[str, str]]:
    return [ROW_2023 | {"ACO_ID": f"A{number:04}"} for number in range(count)]


def test_blank_columns_notes_below_the_table_and_broken_headings(tmp_path: Path) -> None:
    plain = text(PUF_2023, *many(3))
    header, *rows = plain.splitlines()
    forms = {
        "columns": "\n".join([f"{header},,,", *(f"{row},,," for row in rows)]),
        "cells": "\n".join([header, *(f"{row},," for row in rows)]),
        "notes": plain + '\n"1 - Savings, from the first dollar to the last."\n* Suppressed: ten people or fewer\n',
        "padded": plain + "Note: all figures are for the calendar year" + "," * header.count(",") + "\n",
        "broken": plain.replace("BnchmkMinExp", '"Bnchmk\nMinExp"'),
        "windows": plain.replace("A0000,", "A0000,Clínica").encode("cp1252"),
        "tabs": plain.replace("ABtotExp", " ABTOTEXP "),
    }
    for form, written in forms.items():
        found = publication(tmp_path, f"{form} 2023.csv", written)
        all_reproduced(found, 3)
        assert [note.rpartition(": ")[2] for note in found.notes] == {
            "notes": ["2 lines below the table are notes, not rows"],
            "padded": ["1 lines below the table are notes, not rows"],
        }.get(form, [])


@pytest.mark.parametrize("mark", ["*", "**", "#", "^", "~", "/", "-", "N/A", "Not Applicable"])
def test_suppressed_cells_say_nothing(tmp_path: Path, mark: str) -> None:
    row = ROW_2023 | dict.fromkeys(("Met_AltQPS", "FinalLossRate", "DisAdj", "N_AB_Year_PY", "BnchmkMinExp"), mark)
    all_reproduced(publication(tmp_path, "PY2023.csv", text(PUF_2023, row)), 1)


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("PY_Financial_and_Quality_Results_2024_revised 2026_07_17.csv", 2024),
        ("Performance_Year_Financial_and_Quality_Results_PUF_2023_01_01.csv", 2023),
        ("PY 2024 ACO Results PUF_Rerun_20250925.csv", 2024),
        ("2024A.csv", 2024),
    ],
)
def test_the_year_in_a_name_is_not_that_of_a_revision(tmp_path: Path, name: str, year: int) -> None:
    assert publication(tmp_path, name, text(PUF_2023, ROW_2023)).rows[0].figures.year == year


# Damage: one message a row or file, the rest is reported --------------------------------------------------------------


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["replay", *(str(each) for each in arguments)])


DAMAGED = {
    "a number": ("10000000", "1000000O", "row 200: BnchmkMinExp: is not a number (got '1000000O')"),
    "a rate": ("80.00%", "800%", "row 200: QualScore: is not a rate (got '800%')"),
    "no sign": ("80.00%", "80.00", "row 200: QualScore: has no percent sign"),
    "a track": (",B,", ",Q,", "row 200: Current_Track: no such track (got 'Q')"),
    "an open quote": (",B,", ',"B,', "row 200: is not CSV"),
    "a stray quote": (",B,", ',"B"x,', "row 200: is not CSV"),
    "cut short": (",3920000,", "\r\n", "row 200: 16 cells under 38 headings"),
    "a payment": (",3920000,", ",,", "row 200: EarnSaveLoss: is blank"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_one_damaged_row_costs_itself(tmp_path: Path, damage: str) -> None:
    old, new, told = DAMAGED[damage]
    lines = text(PUF_2023, *many(400)).splitlines(keepends=True)
    assert old in lines[199]
    lines[199] = lines[199].replace(old, new, 1) if damage != "cut short" else lines[199].partition(old)[0] + new
    path = tmp_path / "PY2023.csv"
    path.write_bytes("".join(lines).encode())
    done = run(path, "--json", "--rows", tmp_path / "rows.csv")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["rows"], document["reproduced"]) == (2, 399, 399)
    assert done.stderr.startswith(f"simdce: PY2023.csv: {told}")
    assert done.stderr.count("\n") == 1
    (problem,) = document["problems"]
    assert f"simdce: {problem['message']}\n" == done.stderr
    assert problem["where"] == "PY2023.csv: row 200"
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 400
    assert "399" in run(path).stdout


def test_a_quote_that_closes_in_the_next_row_costs_one_row(tmp_path: Path) -> None:
    lines = text(PUF_2023, *many(400)).splitlines(keepends=True)
    lines[199], lines[200] = lines[199].replace(",B,", ',"B,'), lines[200].replace(",B,", ',B",')
    found = publication(tmp_path, "PY2023.csv", "".join(lines))
    assert [str(problem) for problem in found.problems] == [
        "PY2023.csv: row 200: is not CSV: a quote opens here that closes in another row"
    ]
    assert verdicts(found.rows) == ["reproduced"] * 399


def test_one_broken_file_costs_itself(tmp_path: Path) -> None:
    for name, year in (("one", 2022), ("three", 2024)):
        (tmp_path / f"{name} {year}.csv").write_text(text(PUF_2023, *many(2)))
    broken = tmp_path / "PY2023.csv.gz"
    broken.write_bytes(gzip.compress(text(PUF_2023, *many(400)).encode())[:300])
    done = run(tmp_path / "one 2022.csv", broken, tmp_path / "three 2024.csv", "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["rows"], len(document["by_year"])) == (2, 4, 2)
    assert done.stderr.count("\n") == 1
    assert "PY2023.csv.gz: cannot be read: Compressed file ended" in done.stderr
    alone = run(broken)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert json.loads(run(broken, "--json").stdout)["rows"] == 0


def test_a_file_of_damaged_rows_is_told_in_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "PY2023.csv"
    path.write_text(text(PUF_2023, *(row | {"Current_Track": "Q"} for row in many(150))))
    done = run(path)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 101)
    assert done.stderr.endswith("and 50 more; --json lists all\n")
    assert len(json.loads(run(path, "--json").stdout)["problems"]) == 150


def test_the_same_row_again_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "PY2023.csv"
    path.write_text(text(PUF_2023, *many(3), many(1)[0]))
    done = run(path, "--json")
    assert (done.exit_code, json.loads(done.stdout)["rows"]) == (2, 3)
    assert "PY2023.csv: row 5: performance year 2023 stands already in PY2023.csv, row 2 (got 'A0000')" in done.stderr


def test_a_shift_that_no_heading_tells_is_not_read_as_savings(tmp_path: Path) -> None:
    """Without expenditures in its header, a row whose difference is most of its benchmark is not what it seems."""
    headings = [name for name in names(PUF_2023) if name != "ABtotExp"]
    row = {name: cell for name, cell in ROW_2023.items() if name != "ABtotExp"}
    all_reproduced(publication(tmp_path, "2023.csv", text(headings, row)), 1)
    found = publication(tmp_path, "2023.csv", text(headings, row | {"BnchmkMinExp": "90000000"}))
    assert "row 2: BnchmkMinExp: is half of the benchmark or more" in str(found.problems[0])
