"""The commands ``arrangements`` and ``settle``: what they print, what they refuse, and that they stay light."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from simdce.arrangements import load, names
from simdce.cli.arrangements import command as arrangements
from simdce.cli.settle import command as settle
from simdce.errors import InputError

ONE_YEAR = ["--year", "2024", "--benchmark", "100M", "--beneficiaries", "12,000"]


def printed(command: click.Command, *words: str) -> str:
    result = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def refusal(command: click.Command, *words: str) -> str:
    with pytest.raises(InputError) as error:
        CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert "\n" not in str(error.value)
    return str(error.value)


def settled(*words: str) -> Any:
    return json.loads(printed(settle, *words, "--json"))


def test_the_list_names_every_arrangement() -> None:
    text = printed(arrangements)
    assert all(name in text for name in names())
    assert "8% of revenue or 4% of benchmark" in text


def test_the_list_as_json() -> None:
    listed = {each["name"]: each for each in json.loads(printed(arrangements, "--json"))}
    assert set(listed) == set(names())
    enhanced = listed["mssp_enhanced"]
    assert (enhanced["risk"], enhanced["max_share"], enhanced["savings_cap"]) == ("two-sided", "75%", "20%")
    assert (enhanced["loss_rate"], enhanced["loss_limit"]) == ("40% to 75%", "15% of benchmark")
    assert listed["pgp_demonstration"]["lowest_confidence"] == "recalled"


@pytest.mark.parametrize("name", names())
def test_one_arrangement_shows_every_number_with_its_source(name: str) -> None:
    text = " ".join(printed(arrangements, name).split())
    numbers = json.loads(printed(arrangements, name, "--json"))["numbers"]
    assert len(numbers) == sum(1 for _ in load(name).numbers())
    for each in numbers:
        assert each["name"] in text
        assert each["confidence"] in text
        assert each["unit"]
        assert each["source"]


def test_an_unknown_arrangement_is_answered_with_the_nearest() -> None:
    assert "did you mean 'mssp_enhanced'" in refusal(arrangements, "mssp_enhancd")


def test_a_settlement_is_told_step_by_step() -> None:
    text = printed(settle, "mssp_basic_e", *ONE_YEAR, "--expenditure", "$95,000,000.00")
    assert "42 CFR 425.605" in text
    assert text.index("1. savings") < text.index(". earned ") < text.index(". payment ")
    assert "$2,450,000.00" in text
    assert "minimum_savings_rate 0.02 (default)" in " ".join(text.split())


def test_a_loss_has_its_minus_sign_before_the_dollar() -> None:
    text = printed(settle, "mssp_basic_e", *ONE_YEAR, "--expenditure", "105M", "--revenue", "12M")
    assert "-$960,000.00" in text


def test_numbers_neither_verified_nor_quoted_are_listed() -> None:
    told = settled("pgp_demonstration", *ONE_YEAR, "--expenditure", "95M")["neither_verified_nor_quoted"]
    assert {each["name"] for each in told} >= {"savings_threshold", "withhold", "performance_payment_limit"}
    assert all(each["source"] and each["confidence"] in ("derived", "recalled", "uncertain") for each in told)


def test_several_years_carry_what_is_withheld() -> None:
    result = settled(
        "mssp_2011_track_2",
        *("--year", "2012-2014", "--benchmark", "$100,000,000", "--expenditure", "95M; 93M; 104M"),
        *("--beneficiaries", "8000"),
    )
    assert result["earned"] == pytest.approx([3e6, 4.2e6, 0])
    assert result["owed"] == pytest.approx([0, 0, 1.6e6])
    assert result["cash"] == pytest.approx([2.25e6, 3.15e6, 0.2e6])


@pytest.mark.parametrize(
    ("written", "amount"),
    [("100000000", 1e8), ("$100,000,000", 1e8), ("100,000,000.00", 1e8), ("100M", 1e8), ("$0.1B", 1e8), (".1b", 1e8)],
)
def test_dollars_as_people_write_them(written: str, amount: float) -> None:
    words = ["--year", "2024", "--benchmark", written, "--expenditure", "0", "--beneficiaries", "12k"]
    assert settled("mssp_enhanced", *words)["gross_savings"] == [amount]


@pytest.mark.parametrize(
    ("written", "amounts"),
    [
        ("100, 200", [100, 200]),
        ("1,000; 2,000", [1000, 2000]),
        ("$1,000, $2,000", [1000, 2000]),
        ("1500,2500", [1500, 2500]),
    ],
)
def test_lists_of_amounts(written: str, amounts: list[float]) -> None:
    words = ["--year", "2023,2024", "--benchmark", written, "--expenditure", "0", "--beneficiaries", "12000"]
    assert settled("reach_global", *words)["gross_savings"] == amounts


@pytest.mark.parametrize("written", ["nan", "inf", "-5", "(1,234)", "1e9", "12,34", "ten", "", "0x10", "1,000,00"])
def test_amounts_that_are_none(written: str) -> None:
    words = ["--year", "2024", f"--benchmark={written}", "--expenditure", "0", "--beneficiaries", "12000"]
    assert "--benchmark" in refusal(settle, "mssp_enhanced", *words)


def test_an_ambiguous_list_is_asked_about() -> None:
    words = ["--year", "2023,2024", "--benchmark", "100,200", "--expenditure", "0", "--beneficiaries", "12000"]
    assert "ambiguous" in refusal(settle, "mssp_enhanced", *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mssp_enhancd"], "did you mean 'mssp_enhanced'"),
        (["mssp_enhanced", "--quality-score", "75"], "did you mean '75%'"),
        (["mssp_enhanced", "--quality-score", "nan"], "not a fraction"),
        (["mssp_enhanced", "--quality-score", "0.7;0.8"], "2 values for 1"),
        (["mssp_enhanced", "--quality-standard", "mett"], "did you mean 'met'"),
        (["mssp_enhanced", "--msr", "1.2%"], "does not offer this choice"),
        (["mssp_enhanced", "--low-revenue"], "does not offer this election"),
        (["mssp_enhanced", "--agreement-start", "2025"], "starts after"),
        (["mssp_enhanced", "--agreement-start", "soon"], "not a year"),
        (["mssp_enhanced", "--set", "max_sharing_rat=0.6"], "did you mean 'max_sharing_rate'"),
        (["mssp_enhanced", "--set", "max_sharing_rate=60"], "0 to 1"),
        (["mssp_enhanced", "--set", "max_sharing_rate"], "NUMBER=VALUE"),
        (["reach_global", "--quality-score", "0.9"], "acts on the benchmark"),
        (["reach_global", "--set", "discount=0.1"], "acts on the benchmark"),
        (["mssp_enhanced", "--set", "share_of_revenue=0.1"], "acts on the repayment"),
    ],
)
def test_bad_elections_are_refused_in_one_line(words: list[str], message: str) -> None:
    assert message in refusal(settle, *words, *ONE_YEAR, "--expenditure", "95M")


def test_elections_and_overrides_reach_the_settlement() -> None:
    words = [*ONE_YEAR, "--expenditure", "99M", "--msr", "1.5%"]
    assert settled("mssp_enhanced", *words)["earned"] == [0]
    words = [*ONE_YEAR, "--expenditure", "98.5M", "--msr", "1.5%", "--set", "max_sharing_rate=60%"]
    assert settled("mssp_enhanced", *words)["earned"] == pytest.approx([0.6 * 1.5e6 * 0.98])
    words = ["--year", "2016", *ONE_YEAR[2:], "--expenditure", "70M", "--gross-cap", "15%"]
    assert settled("next_generation_a", *words)["earned"] == pytest.approx([0.8 * 15e6 * 0.98])
    words = [*ONE_YEAR, "--expenditure", "99M", "--low-revenue"]
    assert settled("mssp_basic_a", *words)["earned"] == pytest.approx([0.2 * 1e6 * 0.98])
    words = [*ONE_YEAR, "--expenditure", "105M", "--relief", "0.25", "--quality-score", "80%"]
    assert settled("mssp_enhanced", *words)["owed"] == pytest.approx([0.4 * 5e6 * 0.75])
    words = ["--year", "2023", *ONE_YEAR[2:], "--expenditure", "105M", "--emergency-relief"]
    assert settled("mssp_enhanced", *words)["owed"] == pytest.approx([0.4 * 5e6 * 7 / 12])


@pytest.mark.parametrize("words", [["arrangements"], ["settle", "mssp_enhanced", *ONE_YEAR, "--expenditure", "95M"]])
def test_the_commands_import_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        f"from simdce.cli.{words[0]} import command\n"
        f"command({words[1:]!r}, standalone_mode=False)\n"
        "heavy = {'numba', 'pandas', 'scipy', 'matplotlib', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        f"assert {words[0]!r} == 'settle' or 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
