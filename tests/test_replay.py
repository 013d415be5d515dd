"""Results as CMS publishes them: read strictly, recomputed without a look at the payment, judged by bounds.

Counts over CMS's own rows are pinned: a change of any is a change of a rule, and must say so.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import os
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simdce.arrangements import names
from simdce.cli import main
from simdce.errors import InputError
from simdce.published.columns import arrangement_of
from simdce.published.reading import read
from simdce.published.recomputation import NOT_IN_THIS_VERSION, REVENUE_LIMIT, recompute
from simdce.published.row import Figures, PublishedRate, PublishedRow
from simdce.published.values import PublishedRates, amount
from simdce.published.verdict import VERDICTS, Judged, counts, judge

CMS = Path(os.environ.get("SIMDCE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def published(file: str) -> Path:
    path = CMS / file
    if not path.is_file():
        pytest.skip(f"CMS public-use rows are not in the repository: set SIMDCE_DATA to the folder that holds {file}")
    return path


@cache
def judged(path: Path) -> list[Judged]:
    return [judge(row) for row in read(path).rows]


def found(rows: Sequence[Judged]) -> tuple[int, ...]:
    counted = counts(rows)
    return tuple(counted[verdict] for verdict in VERDICTS)


# CMS's own rows: reproduced, within published rounding, not recomputable, unexplained ---------------------------------

LATER_TRACKS = ("mssp_track_3", "mssp_track_1_plus")
TIDY = {
    2013: (119, 0, 0, 0),
    2014: (152, 26, 0, 0),
    2015: (210, 0, 0, 0),
    2016: (219, 0, 0, 0),
    2017: (236, 0, 0, 0),
    2018: (245, 0, 0, 0),
    2019: (213, 0, 0, 0),
    2020: (267, 0, 0, 0),
    2021: (243, 0, 0, 0),
    2022: (253, 0, 0, 0),
    2023: (241, 0, 2, 0),
    2024: (247, 0, 0, 1),
}
TIDY_LATER_TRACKS = {
    2016: (9, 0, 0, 0),
    2017: (15, 0, 0, 0),
    2018: (39, 0, 0, 0),
    2019: (33, 0, 1, 0),
    2020: (10, 0, 0, 0),
    2021: (10, 0, 0, 0),
}
RAW = {
    2014: ((178, 0, 0, 0), 0),
    2016: ((219, 0, 0, 0), 9),
    2018: ((245, 0, 0, 0), 39),
    2022: ((253, 0, 0, 0), 0),
    2024: ((248, 0, 0, 0), 0),
}
REACH = {2021: (34, 0, 0, 0), 2022: (51, 0, 0, 1), 2023: (59, 0, 0, 0)}


def test_tidy_shared_savings_rows() -> None:
    rows = judged(published("mssp_results_2013_2024.csv"))
    assert len(rows) == 2791
    for year, pinned in TIDY.items():
        of_year = [each for each in rows if each.row.figures.year == year]
        later = [each for each in of_year if each.row.figures.arrangement in LATER_TRACKS]
        assert found([each for each in of_year if each not in later]) == pinned, year
        expected = TIDY_LATER_TRACKS.get(year, (0, 0, 0, 0))
        if not set(LATER_TRACKS) <= set(names()):
            assert all(each.reason.startswith(NOT_IN_THIS_VERSION) for each in later)
            expected = (0, 0, sum(expected), 0)
        assert found(later) == expected, year
    # the tidy file does not say whether CMS restored the benchmark of A5309; the raw one does, and explains the row
    assert [each.row.figures.aco for each in rows if each.verdict == "unexplained"] == ["A5309"]
    limited = {each.row.figures.aco for each in rows if each.reason == REVENUE_LIMIT}
    assert limited - {"A2392"} == {"A1241", "A5293"}
    settled = [each for each in rows if each.verdict in ("reproduced", "within_published_rounding")]
    paid = Counter((each.row.payment > 0) - (each.row.payment < 0) for each in settled)
    assert paid == {1: 1351, -1: 40, 0: 1396}


def test_minimum_savings_rates_of_all_shared_savings_rows() -> None:
    """To a hundredth of a point, as some years print them; a rate that an ACO elected is one of those offered."""
    rows = judged(published("mssp_results_2013_2024.csv"))
    printed = [each.row.figures.minimum_savings_rate for each in rows]
    found = [each.recomputation.minimum_savings_rate for each in rows]
    assert all(rate and abs(own - rate.value) <= 0.00011 for rate, own in zip(printed, found, strict=True))


def test_reach_rows() -> None:
    rows = judged(published("reach_results_2021_2023.csv"))
    assert {year: found([each for each in rows if each.row.figures.year == year]) for year in REACH} == REACH
    # shared savings, and was paid nothing: the reason was not found
    assert [each.row.figures.aco for each in rows if each.verdict == "unexplained"] == ["D0128"]
    # every other to the dollar: nothing in these files is rounded
    assert sum(abs(each.recomputation.amount - each.row.payment) <= 1.0 for each in rows) == len(rows) - 1 == 144


@pytest.mark.parametrize("year", RAW)
def test_raw_files_give_the_verdicts_of_the_tidy_one(year: int) -> None:
    raw = judged(published(f"mssp_puf_raw/PY{year}.csv"))
    pinned, later = RAW[year]
    if set(LATER_TRACKS) <= set(names()):
        assert found(raw) == (pinned[0] + later, *pinned[1:])
    else:
        assert found(raw) == (pinned[0], pinned[1], later, pinned[3])
    tidy = [each for each in judged(published("mssp_results_2013_2024.csv")) if each.row.figures.year == year]

    def by_dollars(rows: list[Judged]) -> dict[tuple[float, float], Judged]:
        # identifiers changed in 2018, dollars did not
        return {(each.row.figures.benchmark, each.row.figures.expenditure): each for each in rows}

    one, other = by_dollars(raw), by_dollars(tidy)
    assert one.keys() == other.keys()
    assert len(one) == len(raw) == len(tidy)
    differing = Counter((other[key].verdict, one[key].verdict) for key in one if other[key].verdict != one[key].verdict)
    # what the tidy file leaves out: six of eight decimals of a score of 2014, the guardrail of 2024
    assert differing == {
        2014: {("within_published_rounding", "reproduced"): 26},
        2024: {("unexplained", "reproduced"): 1},
    }.get(year, {})


def test_every_wrong_payment_is_unexplained_and_moves_no_recomputed_amount() -> None:
    assert not {field.name for field in dataclasses.fields(Figures)} & {"payment", "earned", "published"}
    for right in judged(published("mssp_results_2013_2024.csv")):
        # two in a hundred more, either way: beyond both ends of what the coarsest score, of two decimals, leaves open
        away = 1.02 * right.row.payment + (1000.0 if right.row.payment > 0 else -1000.0)
        wrong = judge(dataclasses.replace(right.row, payment=away))
        assert repr(right.recomputation) == repr(wrong.recomputation)  # NaN is not itself
        # between nothing and the recomputed loss, revenue that nobody publishes may explain any amount
        assert wrong.verdict == ("not_recomputable" if right.verdict == "not_recomputable" else "unexplained")


def test_no_rule_names_an_entity() -> None:
    import re

    import simdce.published

    for path in Path(simdce.published.__path__[0]).glob("*.py"):
        assert not re.search(r"\b[AD]\d{4,5}\b", path.read_text(encoding="utf-8")), path.name


# Files made here ------------------------------------------------------------------------------------------------------

LEVEL_B = {
    "ACO_ID": "A0001",
    "ACO_Name": "First, of its name",
    "Current_Start_Date": "01/01/2020",
    "Current_Track": "B",
    "N_AB": "20,000",
    "MinSavPerc": "2.50%",
    "BnchmkMinExp": "$10,000,000",
    "DisAdj": "-",
    "EarnSaveLoss": "$3,920,000",
    "Met_QPS": "1",
    "QualScore": "85.00%",
    "ABtotBnchmk": "$100,000,000",
    "ABtotExp": "$90,000,000",
    "FinalShareRate": "40.00%",
    "Rev_Exp_Cat": "Low Revenue",
}
"""One BASIC B row of 2022 as CMS prints it: 40% of ten million, less 2%."""


def text_of(*rows: dict[str, str]) -> str:
    import io

    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def file_of(folder: Path, *rows: dict[str, str], name: str = "PY2022.csv") -> Path:
    path = folder / name
    path.write_bytes(text_of(*rows).encode())
    return path


def complaint(path: Path) -> str:
    """What is said of a file that is refused, or of the one row that is left out."""
    try:
        (problem,) = read(path).problems
    except InputError as refused:
        problem = refused
    assert "\n" not in str(problem)
    return str(problem)


def test_a_row_as_cms_prints_it(tmp_path: Path) -> None:
    (row,) = read(file_of(tmp_path, LEVEL_B)).rows
    assert row == PublishedRow(
        Figures(
            aco="A0001",
            year=2022,
            arrangement="mssp_basic_b",
            benchmark=1e8,
            expenditure=9e7,
            assigned_beneficiaries=20000,
            agreement_start=2020,
            minimum_savings_rate=PublishedRate(0.025, 0.00005),
            final_sharing_rate=PublishedRate(0.4, 0.00005),
            quality_score=PublishedRate(0.85, 0.00005),
            quality_met=True,
            low_revenue=True,
        ),
        payment=3_920_000,
        file="PY2022.csv",
        line=2,
    )
    assert judge(row).verdict == "reproduced"


def test_forms_of_the_same_file_read_alike(tmp_path: Path) -> None:
    plain = read(file_of(tmp_path, LEVEL_B)).rows
    text = text_of(LEVEL_B)
    heading, _, body = text.partition("\r\n")
    forms = {
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "gz": gzip.compress(text.encode()),
        "upper": f"{heading.upper()}\r\n{body}".encode(),
        "lower": f"{heading.lower()}\r\n{body}".encode(),
        "unix": text.replace("\r\n", "\n").encode(),
        "blank lines": f"{heading}\r\n\r\n{body}\r\n,,,,,,,,,,,,,,\r\n".encode(),
        "spaces": text.replace("$", " $ ").encode(),
        "no signs": text.replace("$", "").replace("%", "").encode(),
        "windows": text.replace("First", "Fírst").encode("cp1252"),
    }
    for form, content in forms.items():
        path = tmp_path / f"{form} PY2022.csv"
        path.write_bytes(content)
        (row,) = read(path).rows
        assert row.figures == plain[0].figures, form
        assert row.payment == plain[0].payment, form


@pytest.mark.parametrize("blank", ["", " ", "-", "--", "N/A", "*"])
def test_blanks_say_nothing_where_nothing_needs_to_be_said(tmp_path: Path, blank: str) -> None:
    empty = dict.fromkeys(("Current_Start_Date", "MinSavPerc", "DisAdj", "Met_QPS", "QualScore", "Rev_Exp_Cat"), blank)
    (row,) = read(file_of(tmp_path, LEVEL_B | empty)).rows
    assert row.figures.quality_score is None
    assert row.figures.low_revenue is None
    assert row.figures.disaster_adjustment == 0.0
    assert judge(row).verdict == "reproduced"
    assert "row 2: EarnSaveLoss: is blank" in complaint(file_of(tmp_path, LEVEL_B | {"EarnSaveLoss": blank}))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"EarnSaveLoss": "three"}, "row 2: EarnSaveLoss: is not a number (got 'three')"),
        ({"ABtotBnchmk": "$1,00,000"}, "row 2: ABtotBnchmk: is not a number"),
        ({"ABtotBnchmk": "-5", "BnchmkMinExp": "-90000005"}, "row 2: ABtotBnchmk: is negative"),
        ({"BnchmkMinExp": "9"}, "row 2: BnchmkMinExp: is not benchmark less expenditure"),
        ({"Current_Track": "Z"}, "row 2: Current_Track: no such track"),
        ({"Current_Track": "Global"}, "row 2: Current_Track: no such track"),
        ({"Current_Start_Date": "soon"}, "row 2: Current_Start_Date: is not a date"),
        ({"Current_Start_Date": "01/01/2024"}, "is after the performance year 2022"),
        ({"Met_QPS": "2"}, "row 2: Met_QPS: is neither 1 nor 0"),
        ({"Rev_Exp_Cat": "Some"}, "row 2: Rev_Exp_Cat: is neither low nor high revenue"),
        ({"QualScore": "nan"}, "row 2: QualScore: is not a rate"),
        ({"QualScore": "850%"}, "row 2: QualScore: is not a rate"),
        ({"ACO_ID": ""}, "row 2: ACO_ID: is blank"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(tmp_path: Path, changed: dict[str, str], told: str) -> None:
    assert told in complaint(file_of(tmp_path, LEVEL_B | changed))


def test_percent_signs_are_all_or_none(tmp_path: Path) -> None:
    second = LEVEL_B | {"ACO_ID": "A0002", "QualScore": "0.85"}
    assert "row 3: QualScore: has no percent sign" in complaint(file_of(tmp_path, LEVEL_B, second))
    third = LEVEL_B | {"ACO_ID": "A0003", "QualScore": "0.85%"}
    assert "row 3: QualScore: is a fraction, others" in complaint(
        file_of(tmp_path, LEVEL_B, third, LEVEL_B | {"ACO_ID": "A"})
    )


def test_short_and_long_rows(tmp_path: Path) -> None:
    text = text_of(LEVEL_B, LEVEL_B | {"ACO_ID": "A0002"})
    path = tmp_path / "PY2022.csv"
    path.write_text(text.rstrip().rpartition(",")[0])
    assert "PY2022.csv: row 3: 14 cells under 15 headings" in complaint(path)
    path.write_text(text.rstrip() + ",1")
    assert "PY2022.csv: row 3: 16 cells under 15 headings" in complaint(path)


def test_duplicates(tmp_path: Path) -> None:
    path = tmp_path / "PY2022.csv"
    path.write_text(text_of(LEVEL_B).replace("ACO_Name", "n_ab"))
    assert "two columns have this heading (got 'N_AB')" in complaint(path)
    assert "row 3: performance year 2022 stands already in PY2022.csv, row 2" in complaint(
        file_of(tmp_path, LEVEL_B, LEVEL_B)
    )


def test_files_that_are_no_results(tmp_path: Path) -> None:
    path = tmp_path / "PY2022.csv"
    for content, told in (
        (b"", "PY2022.csv: is empty"),
        (b"\n \n", "PY2022.csv: is empty"),
        (b"name,amount\na,1\n", "is not a results file"),
        (b"PK\x03\x04rest", "is a zip or a workbook"),
        (b"a\0b", "is not a text file"),
        (b'a,"b', "is not CSV"),
        (b"\x1f\x8bnothing", "cannot be read"),
        (text_of(LEVEL_B).splitlines()[0].encode(), "has a header and no rows"),
        (text_of(LEVEL_B).replace("EarnSaveLoss", "Earnings").encode(), "has no column for payment"),
    ):
        path.write_bytes(content)
        assert told in complaint(path)
    assert "cannot be read: No such file" in complaint(tmp_path / "none.csv")
    assert "cannot be read" in complaint(tmp_path)
    assert "performance year stands neither" in complaint(file_of(tmp_path, LEVEL_B, name="results.csv"))
    assert "performance year stands neither" in complaint(file_of(tmp_path, LEVEL_B, name="2022 and 2023.csv"))
    assert "row 2: year: is not a performance year" in complaint(file_of(tmp_path, LEVEL_B | {"year": "1999"}))
    assert read(file_of(tmp_path, LEVEL_B | {"year": "2023"}, name="of 2025.csv")).rows[0].figures.year == 2023


WORDY = {
    "ACO Name (LBN or DBA, if applicable)": "One",
    "Track": "Track 1",
    "Total Assigned Beneficiaries": "20,000",
    "Total Benchmark Expenditures": "$100,000,000",
    "Total Expenditures": "$90,000,000",
    "Total Benchmark Expenditures Minus Total Assigned Beneficiary Expenditures": "$10,000,000",
    "Earned Shared Savings Payments/Owe Losses": "$4,900,000",
    "Successfully Reported Quality": "Yes",
    "Note": "",
}


@pytest.mark.parametrize("blank_at_the_end", [False, True])
def test_the_header_of_2013_is_mended_and_says_so(tmp_path: Path, blank_at_the_end: bool) -> None:
    whole = read(file_of(tmp_path, WORDY, name="whole 2013.csv"))
    assert whole.notes == ()
    heading, _, body = text_of(WORDY).partition("\r\n")
    heading = heading.replace("Total Expenditures,", "") + ("," if blank_at_the_end else "")
    path = tmp_path / "PY2013.csv"
    path.write_text(f"{heading}\r\n{body}")
    mended = read(path)
    assert [row.figures for row in mended.rows] == [row.figures for row in whole.rows]
    assert "from column 5 on headings were moved one to the right" in mended.notes[0]
    assert judge(mended.rows[0]).verdict == "reproduced"
    done = run(path)
    assert "heading of total expenditures is missing" in " ".join(done.output.split())


def test_a_header_that_no_one_place_explains_is_refused(tmp_path: Path) -> None:
    heading, _, body = text_of(WORDY).partition("\r\n")
    path = tmp_path / "PY2013.csv"
    path.write_text(f"{heading.replace('Total Expenditures,', '')}\r\n{body.replace('90,000,000', '91,000,000')}")
    assert "no one place for a missing heading" in complaint(path)


def test_tracks_by_name_and_by_flag(tmp_path: Path) -> None:
    written = {
        "T1": "track_1",
        "Track 1+": "track_1_plus",
        "3": "track_3",
        "BASIC Level E": "basic_e",
        "en": "enhanced",
    }
    assert {name: arrangement_of(name) for name in written} == {k: f"mssp_{v}" for k, v in written.items()}
    assert arrangement_of("Initial_Track_1") is None
    flags = {"Initial_Track_2": "1", "Current_Track_1": "0", "Current_Track_2": "1", "Current_Track_1_Plus": "0"}
    flagged = {key: value for key, value in LEVEL_B.items() if key != "Current_Track"} | flags
    assert read(file_of(tmp_path, flagged)).rows[0].figures.arrangement == "mssp_track_2"
    assert "one track must be marked 1" in complaint(file_of(tmp_path, flagged | {"Current_Track_1": "1"}))


@pytest.mark.parametrize(
    ("cell", "number"),
    [("$1,234.5", 1234.5), ("-$5", -5), ("$-5", -5), ("(1,000)", -1000), ("−2", -2), (".5", 0.5), ("1.2E+3", 1200)],
)
def test_amounts(cell: str, number: float) -> None:
    assert amount(cell) == number


@pytest.mark.parametrize("cell", ["", "1,2", "--5", "1 2", "inf", "nan", "1_000", "0x1"])
def test_what_is_no_amount(cell: str) -> None:
    assert amount(cell) is None


@pytest.mark.parametrize(
    ("quantity", "cells", "first", "half_unit"),
    [
        ("quality_score", ["1", "0"], 1.0, 0.0),  # whether quality was reported
        ("quality_score", ["0.9", "1"], 0.9, 0.005),
        ("quality_score", ["0.8934", "1", ""], 0.8934, 0.00005),
        ("quality_score", ["85%", "90%"], 0.85, 0.005),
        ("quality_score", ["85.25", "-"], 0.8525, 0.00005),
        ("quality_score", ["8.5e-1", "P4R"], 0.85, 0.005),
        ("minimum_savings_rate", ["0.5", "0", "1"], 0.005, 0.0005),  # no minimum savings rate is 50%
        ("minimum_savings_rate", ["0.023373146%", "0.02%"], 0.023373146, 5e-10),  # fractions with a percent sign: 2013
        ("minimum_savings_rate", ["2.00%", "0.00%", "0.50%"], 0.02, 0.00005),
        ("final_sharing_rate", ["0.49", "85.0", "0.4", "0.5"], 0.49, 0.005),  # one damaged cell does not turn a column
    ],
)
def test_how_a_column_prints_rates(quantity: str, cells: list[str], first: float, half_unit: float) -> None:
    column = PublishedRates.of(quantity, cells)
    assert column.at(cells[0]) == PublishedRate(first, pytest.approx(half_unit))
    assert column.at("P4R") == PublishedRate(1.0)
    assert column.at("-") is None


# Verdicts -------------------------------------------------------------------------------------------------------------

TRACK_1 = Figures("one", 2015, "mssp_track_1", 1e8, 9e7, 20000.0, quality_met=True)


def verdict(figures: Figures, payment: float) -> str:
    return judge(PublishedRow(figures, payment, "file", 2)).verdict


def test_rounding_is_bounded_at_both_ends() -> None:
    rounded = dataclasses.replace(TRACK_1, quality_score=PublishedRate(0.87, 0.005))
    low, high = (1e7 * 0.5 * score * 0.98 for score in (0.865, 0.875))
    again = recompute(rounded)
    assert (again.amount, again.low, again.high) == pytest.approx((1e7 * 0.5 * 0.87 * 0.98, low, high))
    assert verdict(rounded, again.amount) == "reproduced"
    assert verdict(rounded, low) == verdict(rounded, high) == "within_published_rounding"
    assert verdict(rounded, low - 2) == verdict(rounded, high + 2) == "unexplained"
    # the final rate, rounded as well, leaves only what both are printed from
    narrower = dataclasses.replace(rounded, final_sharing_rate=PublishedRate(0.43, 0.005))
    assert recompute(narrower).low == pytest.approx(low)
    assert recompute(narrower).high == pytest.approx(again.amount)
    assert verdict(narrower, high) == "unexplained"


def test_a_loss_rate_that_falls_with_the_score_is_bounded_too() -> None:
    score = PublishedRate(0.6, 0.005)
    owes = Figures("one", 2024, "mssp_enhanced", 1e8, 1.1e8, 20000.0, quality_met=True, quality_score=score)
    found = recompute(owes)
    # 1 - 0.75 x score of ten million, at both ends of the score
    assert (found.low, found.amount, found.high) == pytest.approx((-5_537_500.0, -5_500_000.0, -5_462_500.0))
    shares = recompute(dataclasses.replace(owes, expenditure=9e7))
    assert shares.low == shares.high == pytest.approx(7_350_000.0)


def test_a_loss_that_revenue_may_limit_is_not_recomputable_only_below_the_recomputed_one() -> None:
    level_e = Figures("one", 2024, "mssp_basic_e", 1e8, 1.05e8, 20000.0)
    assert verdict(level_e, -1.5e6) == "reproduced"
    assert verdict(level_e, -1.0e6) == "not_recomputable"
    assert verdict(level_e, -2.0e6) == "unexplained"
    assert verdict(level_e, 0.0) == "unexplained"
    enhanced = dataclasses.replace(level_e, arrangement="mssp_enhanced", quality_score=PublishedRate(0.8))
    assert verdict(enhanced, -1.0e6) == "unexplained"


def test_disaster_adjustments_are_dollars_and_the_emergency_needs_none() -> None:
    level_e = Figures("one", 2023, "mssp_basic_e", 1e8, 1.05e8, 20000.0, disaster_adjustment=625_000)
    assert recompute(level_e).amount == pytest.approx(-1.5e6 + 625_000)
    assert recompute(dataclasses.replace(level_e, disaster_adjustment=0.0)).amount == pytest.approx(-1.5e6 * 7 / 12)
    assert recompute(dataclasses.replace(level_e, year=2022)).amount == 0.0


def test_half_years_of_2019_take_half_of_the_adjustment(tmp_path: Path) -> None:
    row = LEVEL_B | {
        "Current_Track": "ENHANCED",
        "ABtotExp": "$110,000,000",
        "BnchmkMinExp": "-10,000,000",
        "DisAdj": "-4000",
        "Current_Start_Date": "7/1/2019",
        "N_AB_Year_PY": "20000",
    }
    for each, adjustment in (("11000", 2000.0), ("5500", 4000.0)):
        path = file_of(tmp_path, row | {"Per_Capita_Exp_TOTAL_PY": each}, name="PY2019.csv")
        assert read(path).rows[0].figures.disaster_adjustment == adjustment


def test_a_restored_benchmark_shares_no_savings_and_bears_losses() -> None:
    level_e = Figures("one", 2024, "mssp_basic_e", 1e8, 9.5e7, 20000.0, guardrail=True)
    assert recompute(level_e).amount == 0.0
    assert recompute(dataclasses.replace(level_e, expenditure=1.05e8)).amount == pytest.approx(-1.5e6)
    assert recompute(dataclasses.replace(level_e, guardrail=False)).amount == pytest.approx(2.45e6)


def test_an_arrangement_that_is_not_there_is_not_recomputable() -> None:
    again = judge(PublishedRow(dataclasses.replace(TRACK_1, arrangement="mssp_track_9"), 0.0, "file", 2))
    assert (again.verdict, again.reason) == ("not_recomputable", f"{NOT_IN_THIS_VERSION}: mssp_track_9")


# The command ----------------------------------------------------------------------------------------------------------


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["replay", *(str(each) for each in arguments)])


def two_rows(folder: Path) -> Path:
    return file_of(folder, LEVEL_B, LEVEL_B | {"ACO_ID": "A0002", "EarnSaveLoss": "0"})


def test_json(tmp_path: Path) -> None:
    document = json.loads(run(two_rows(tmp_path), "--json").output)
    expected = {"rows": 2, "reproduced": 1, "within_published_rounding": 0, "not_recomputable": 0, "unexplained": 1}
    assert {key: document[key] for key in expected} == expected
    assert document["by_year"] == [{"year": 2022, **expected}]
    assert document["notes"] == []
    assert document["not_reproduced"] == [
        {
            "aco": "A0002",
            "year": 2022,
            "arrangement": "mssp_basic_b",
            "published": 0.0,
            "recomputed": pytest.approx(3_920_000),
            "verdict": "unexplained",
            "reason": "differs by 3,920,000 dollars",
        }
    ]


def test_tables_and_rows(tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    done = run(two_rows(tmp_path), "--rows", out)
    assert done.exit_code == 0
    assert "A0002" in done.output
    assert "$3,920,000" in done.output
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["verdict"] for row in rows] == ["reproduced", "unexplained"]
    assert [row["row"] for row in rows] == ["2", "3"]
    assert rows[0]["published_final_sharing_rate"] == rows[0]["recomputed_final_sharing_rate"] == "0.4"
    assert rows[0]["recomputed"] == "3920000.00"


def test_rows_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    done = run(two_rows(tmp_path), "--rows", tmp_path)
    assert done.exit_code == 2
    assert "is a folder where a file belongs" in done.output
    out = tmp_path / "rows.csv"
    assert run(tmp_path / "none.csv", "--rows", out).exit_code == 2
    assert not out.exists()


def test_several_files_and_the_same_file_twice(tmp_path: Path) -> None:
    first, second = two_rows(tmp_path), file_of(tmp_path, LEVEL_B, name="PY2023.csv")
    assert [each["year"] for each in json.loads(run(first, second, "--json").output)["by_year"]] == [2022, 2023]
    done = run(first, first)
    assert done.exit_code == 2
    assert "stands already in PY2022.csv, row 2" in done.output
    assert run().exit_code == 2
