"""Scenarios: the good validate; the bad get one line with file, key, value, what is allowed and what was meant."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simdce import arrangements, calibration
from simdce.assumptions import ONLY_REPORTED, assumptions, cautions
from simdce.cli import main
from simdce.errors import InputError, nearest_name, shown
from simdce.scenario import MOST_BYTES, Scenario, build_scenario, read_scenario, schema
from simdce.slots import slot_laws

SHIPPED = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))
GOOD: dict[str, Any] = {"title": "t", "panel": {"sizes": [5000]}, "arrangements": [{"name": "mssp_enhanced"}]}
FULL: dict[str, Any] = {
    **GOOD,
    "description": "every table",
    "worlds": 200,
    "seed": 7,
    "panel": {
        "sizes": [1000, 5000],
        "price_year": 2019,
        "mix": {"disabled": 0.2, "aged_dual": 0.1, "aged_non_dual": 0.7},
    },
    "years": {"first_performance_year": 2024, "performance": 2, "baseline": 3, "gap": 1},
    "cost": {
        "level": 1.1,
        "disabled": {"law": "gamma", "mean": 9000.0, "cv": 2.0, "zero_share": 0.1},
        "aged_dual": {"law": "mixture", "weights": [0.6, 0.3], "means": [3000.0, 30000.0], "log_sds": [1.2, 0.6]},
        "aged_non_dual": {"law": "lognormal", "mean": 10000.0, "cv": 2.2},
        "catastrophic": {"frequency_multiplier": 1.5, "pareto_index": 3.3},
    },
    "persistence": {"lag_1_correlation": 0.4, "class_kept": 0.8},
    "turnover": {
        "annual": 0.3,
        "causes": {"provider_left": 0.1},
        "mortality": {"aged_dual": 0.09},
        "decedent_cost_multiple": 3.0,
        "joiner_cost_multiple": 1.05,
    },
    "truncation": {"dollars": {"disabled": 1e5, "aged_dual": 1e5, "aged_non_dual": 1e5}},
    "savings": {"true": [0.01, 0.02]},
    "shocks": {"preset": "none", "annual_sd": 0.01},
    "benchmark": {"weights": [0.2, 0.3, 0.5], "annual_trend": 0.04, "regional_weight": 0.3, "discount": 0.01},
    "arrangements": [
        {
            "name": "mssp_enhanced",
            "label": "E",
            "elections": {"minimum_savings_rate": 0.02, "quality_score": [0.8, 0.9]},
        },
        {"name": "reach_global", "elections": {"overrides": {"discount": [0.02, 0.03]}}},
    ],
    "questions": {
        "viability": [{"outcome": "owing", "true_savings": 0.0, "at_most": 0.1, "over": "agreement"}],
        "repayment": {"confidences": [0.9, 0.99]},
        "comparison": {"against": "reach_global"},
    },
}


def with_value(path: str, value: Any, good: dict[str, Any] = GOOD) -> dict[str, Any]:
    """A good scenario with one value replaced; ``path`` as in a message, such as arrangements[1].name."""
    changed = copy.deepcopy(good)
    parts = [int(part) - 1 if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    here: Any = changed
    for part in parts[:-1]:
        here = here[part] if isinstance(part, int) else here.setdefault(part, {})
    here[parts[-1]] = value
    return changed


def complaint(written: dict[str, Any], where: str = "my.toml") -> str:
    with pytest.raises(InputError) as caught:
        build_scenario(written, where)
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert text.startswith(f"{where}: ")
    assert not re.search(r"Input|pydantic|constrained|tuple|dict\[|literal|function-", text), text
    return text.removeprefix(f"{where}: ")


def of_choice(**elections: Any) -> list[dict[str, Any]]:
    return [{"name": "mssp_enhanced", "elections": elections}]


NAN, INFINITE = float("nan"), float("inf")

BAD: list[tuple[str, Any, str]] = [
    # unknown keys, with the nearest
    ("wrlds", 300, "wrlds: unknown key; allowed: title, .*; did you mean 'worlds'?"),
    (
        "panel.size",
        [5000],
        "panel.size: unknown key; allowed: sizes, .*; did you mean 'sizes'?",
    ),
    ("panel.mix", {"ersd": 1.0}, "panel.mix.ersd: unknown key; allowed: esrd, .*; did you mean 'esrd'?"),
    ("cost.ersd", {}, "cost.ersd: unknown key; allowed: .*; did you mean 'esrd'?"),
    ("cost.esrd", {"law": "gamma", "mean": 1.0, "cvv": 1.0}, "cost.esrd.cvv: unknown key; .*; did you mean 'cv'?"),
    ("cost.catastrophic", {"pareto_indx": 3.3}, "cost.catastrophic.pareto_indx: .*; did you mean 'pareto_index'?"),
    ("shocks.anual_sd", 0.01, "shocks.anual_sd: unknown key; allowed: .*; did you mean 'annual_sd'?"),
    ("truncation.dollars", {"ersd": 1e5}, "truncation.dollars.ersd: unknown key; .*; did you mean 'esrd'?"),
    ("turnover.mortality", {"esrdd": 0.1}, "turnover.mortality.esrdd: unknown key; .*; did you mean 'esrd'?"),
    ("arrangements[1].lable", "x", "arrangements[1].lable: unknown key; .*; did you mean 'label'?"),
    ("arrangements", of_choice(quality_scor=0.8), "arrangements[1].elections.quality_scor: .* mean 'quality_score'?"),
    (
        "questions.viability",
        [{"outcome": "paid", "true_savings": 0.1, "at_lest": 0.8}],
        ".*viability[1].at_lest: .*'at_least'?",
    ),
    ("a\nb\x1b[31m", 1, "a b [31m: unknown key; allowed: .*"),
    ("k" * 5000, 1, "k*…: unknown key; allowed: .*"),
    # missing keys
    ("title", ..., "title: this key is missing; allowed: text of at most 120 characters"),
    (
        "panel",
        ...,
        "panel: this key is missing; allowed: a table of sizes, .*",
    ),
    ("panel", {}, "panel.sizes: this key is missing; allowed: a list, each a whole number from 100 to 10,000,000"),
    ("arrangements", ..., "arrangements: this key is missing; allowed: a list, each a table of name, .*"),
    ("arrangements", [{}], "arrangements[1].name: this key is missing; allowed: text"),
    ("cost.esrd", {"law": "gamma", "mean": 1.0}, "cost.esrd.cv: this key is missing; allowed: a number above 0"),
    ("cost.esrd", {"mean": 1.0}, "cost.esrd.law: this key is missing; allowed: calibrated, .*"),
    # wrong unit
    (
        "turnover.annual",
        25,
        "turnover.annual: out of range: a fraction, so 25 percent is 0.25 (got 25); allowed: .* 0 to 1",
    ),
    ("savings.true", 2.0, "savings.true: out of range: a fraction, so 2 percent is 0.02 (got 2.0); .* or a list, .*"),
    (
        "savings.true",
        [2.0],
        "savings.true[1]: out of range: .* 2 percent is 0.02 (got 2.0); allowed: a number above -1 and below 1",
    ),
    ("truncation.percentile", 99, "truncation.percentile: out of range: .* 99 percent is 0.99 (got 99); .*"),
    ("benchmark.weights", [10, 30, 60], "benchmark.weights[1]: out of range: .* 10 percent is 0.1 (got 10); .*"),
    (
        "questions.comparison.against",
        "mssp_enhancd",
        "questions.comparison.against: .* no such arrangement.*; did you mean 'mssp_enhanced'?",
    ),
    ("questions.repayment.confidences", [95], "questions.repayment.confidences[1]: .* 95 percent is 0.95 .*"),
    ("arrangements", of_choice(quality_score=75), "arrangements[1].elections.quality_score: .* 75 percent is 0.75 .*"),
    (
        "arrangements",
        of_choice(quality_score=[0.8, 85, 0.7]),
        "arrangements[1].elections.quality_score[2]: .* 85 percent is 0.85 .*",
    ),
    (
        "arrangements",
        of_choice(minimum_savings_rate=2),
        "arrangements[1].elections.minimum_savings_rate: .* 2 percent is 0.02 .*",
    ),
    (
        "arrangements",
        of_choice(overrides={"max_sharing_rate": 50}),
        "arrangements[1].elections.overrides.max_sharing_rate: .* (got 50.0); allowed: 0 to 1",
    ),
    (
        "years.performance",
        11,
        "years.performance: out of range (got 11); allowed: a whole number from 1 to 10",
    ),  # no percent here
    # wrong kind
    ("turnover.annual", "25%", "turnover.annual: text does not belong here (got '25%'); allowed: a number from 0 to 1"),
    ("turnover.annual", True, "turnover.annual: true or false does not belong here .*"),
    ("worlds", 150.5, "worlds: a number with a point does not belong here (got 150.5); allowed: a whole number .*"),
    ("worlds", "1,000", "worlds: text does not belong here .*"),
    (
        "panel",
        [5000],
        "panel: a list does not belong here .*; allowed: a table of sizes, .*",
    ),
    ("panel.sizes", 5000, "panel.sizes: a whole number does not belong here (got 5000); allowed: a list, .*"),
    ("panel.sizes", ["5000"], "panel.sizes[1]: text does not belong here .*"),
    ("panel.sizes", [True], "panel.sizes[1]: true or false does not belong here .*"),
    (
        "panel.mix",
        "all",
        "panel.mix: text does not belong here .*; allowed: a table of esrd, .*, each a number from 0 to 1",
    ),
    ("savings.true", "a", "savings.true: text does not belong here (got 'a'); allowed: .* or a list, each a number .*"),
    ("savings.true", [0.01, "b"], "savings.true[2]: text does not belong here .*"),
    ("savings.true", [[0.1]], "savings.true[1]: a list does not belong here .*"),
    ("truncation.dollars", "100000", "truncation.dollars: text .*; allowed: a number of at least 1 or .*"),
    ("cost.esrd", "gamma", "cost.esrd: text does not belong here .*"),
    ("arrangements", {"name": "mssp_enhanced"}, "arrangements: a table does not belong here .*"),
    (
        "arrangements",
        ["mssp_enhanced"],
        "arrangements[1]: text does not belong here .*; allowed: a table of name, label, elections",
    ),
    (
        "arrangements",
        of_choice(overrides={"max_sharing_rate": "half"}),
        "arrangements[1].elections.overrides.max_sharing_rate: out of range .*",
    ),
    # not numbers, and out of range
    ("cost.level", NAN, "cost.level: not a finite number (got nan); allowed: a number from 0.01 to 100"),
    ("cost.level", INFINITE, "cost.level: not a finite number (got inf); .*"),
    ("savings.true", [NAN], "savings.true[1]: not a finite number .*"),
    ("cost.level", -1.0, "cost.level: out of range (got -1.0); allowed: a number from 0.01 to 100"),
    ("cost.level", 1 << 20000, "cost.level: .* (got a very long int); allowed: a number from 0.01 to 100"),
    ("worlds", 1 << 20000, "worlds: out of range (got a very long int); .*"),
    ("turnover.annual", -0.25, "turnover.annual: out of range (got -0.25); allowed: a number from 0 to 1"),
    ("turnover.mortality", {"esrd": -0.1}, "turnover.mortality.esrd: out of range .*"),
    ("truncation.dollars", {"esrd": -1}, "truncation.dollars.esrd: out of range .*"),
    ("seed", 2**63, "seed: out of range .*; allowed: a whole number of at least 0 and below 9,223,372,036,854,775,808"),
    ("shocks.annual_sd", 1.2, "shocks.annual_sd: out of range: a fraction, so 1.2 percent is 0.012 .*"),
    ("panel.sizes", [50], "panel.sizes[1]: out of range (got 50); allowed: a whole number from 100 to 10,000,000"),
    ("panel.price_year", 1999, "panel.price_year: no value for this year (got 1999); allowed: 2014, .*, 2024"),
    ("panel.price_year", 2031, "panel.price_year: no value for this year (got 2031); .*"),
    ("years.first_performance_year", 1990, "years.first_performance_year: out of range (got 1990); .*"),
    # empty, unsorted, twice
    ("title", "", "title: empty (got ''); allowed: text of at most 120 characters"),
    ("title", "x" * 121, "title: too long (got 'x*…); allowed: text of at most 120 characters"),
    ("title", "two\nlines", "title: one line without control characters, please .*"),
    ("arrangements[1].label", "\x1b[31mred", "arrangements[1].label: one line without control characters, please .*"),
    ("arrangements[1].label", "", "arrangements[1].label: empty .*"),
    ("panel.sizes", [], "panel.sizes: empty (got []); .*"),
    ("panel.sizes", [5000, 1000], "panel.sizes: these must rise, none twice (got [5000, 1000])"),
    ("panel.sizes", [5000, 5000], "panel.sizes: these must rise, none twice (got [5000, 5000])"),
    ("savings.true", [], "savings.true: empty (got []); .*"),
    ("arrangements", [], "arrangements: empty (got []); .*"),
    ("questions.repayment.confidences", [], "questions.repayment.confidences: empty .*"),
    ("questions.repayment.confidences", [0.99, 0.9], "questions.repayment.confidences: these must rise, none twice .*"),
    ("arrangements", of_choice(quality_score=[]), "arrangements[1].elections.quality_score: empty .*"),
    (
        "arrangements",
        GOOD["arrangements"] * 2,
        "arrangements[2].label: arrangements[1] has this name too (got 'mssp_enhanced')",
    ),
    (
        "arrangements",
        [{"name": "mssp_track_1", "label": "mssp_basic_a"}, {"name": "mssp_basic_a"}],
        "arrangements[2].label: .*",
    ),
    # choices
    (
        "cost.esrd",
        {"law": "gama", "mean": 1.0},
        "cost.esrd.law: no such choice (got 'gama'); allowed: calibrated, .*, mixture; did you mean 'gamma'?",
    ),
    (
        "shocks.preset",
        "forcast",
        "shocks.preset: no such choice (got 'forcast'); allowed: forecast, none; did you mean 'forecast'?",
    ),
    (
        "arrangements",
        [{"name": "mssp_track1"}],
        "arrangements[1].name: .* (got 'mssp_track1'); allowed: .*; did you mean 'mssp_track_1'?",
    ),
    (
        "arrangements",
        [*GOOD["arrangements"], {"name": "zzz"}],
        "arrangements[2].name: no such arrangement (got 'zzz'); allowed: .*",
    ),
    (
        "arrangements",
        of_choice(minimum_savings_rate="varable"),
        "arrangements[1].elections.minimum_savings_rate: no such choice .* mean 'variable'?",
    ),
    (
        "arrangements",
        of_choice(minimum_savings_rate=0.012),
        "arrangements[1].elections.minimum_savings_rate: .* (got 0.012); allowed: 0.0, .*, variable",
    ),
    (
        "arrangements",
        [{"name": "mssp_track_1", "elections": {"low_revenue": True}}],
        "arrangements[1].elections.low_revenue: mssp_track_1 does not offer .*",
    ),
    (
        "arrangements",
        of_choice(overrides={"max_sharing_rat": 0.5}),
        "arrangements[1].elections.overrides.max_sharing_rat: .*; did you mean 'max_sharing_rate'?",
    ),
    (
        "arrangements",
        of_choice(overrides={"max_sharing_rate": [0.5, 0.6]}),
        "arrangements[1].elections.overrides.max_sharing_rate: a list holds .*; allowed: 3 values",
    ),
    (
        "arrangements",
        of_choice(quality_score=[0.8, 0.8]),
        "arrangements[1].elections.quality_score: a list holds one value per .*; allowed: 3 values",
    ),
    (
        "arrangements",
        of_choice(agreement_start=2030),
        "arrangements[1].elections.agreement_start: .* (got 2030); allowed: 2024 or before",
    ),
    # tables against each other
    ("panel.mix", {"esrd": 0.5}, "panel.mix: these add up to 0.5, not to 1"),
    ("panel.mix", {}, "panel.mix: these add up to 0, not to 1"),
    ("benchmark.weights", [0.5, 0.5, 0.5], "benchmark.weights: these add up to 1.5, not to 1 (got [0.5, 0.5, 0.5])"),
    (
        "benchmark.weights",
        [0.5, 0.5],
        "benchmark.weights: one weight for each baseline year, please (got [0.5, 0.5]); allowed: 3 weights .*",
    ),
    ("years.baseline", 1, "years.baseline: mssp_enhanced weighs 3 baseline years (got 1); allowed: 3 or more, or .*"),
    ("years.baseline", 2, "years.baseline: mssp_enhanced weighs 3 baseline years (got 2); .*"),
    ("truncation", {"percentile": 0.99, "dollars": 1e5}, "truncation: give either percentile or dollars"),
    ("truncation.dollars", {"esrd": 3e5}, "truncation.dollars.disabled: an amount by category needs all of them"),
    ("truncation.dollars", {}, "truncation.dollars.esrd: an amount by category needs all of them"),
    ("turnover.annual", 0.02, "turnover.annual: below deaths (got 0.02); allowed: at least 0.04.* that dies"),
    (
        "cost.esrd",
        {"law": "mixture", "weights": [0.5], "means": [1.0, 2.0], "log_sds": [1.0]},
        "cost.esrd: weights, means and log_sds need the same number of entries",
    ),
    (
        "cost.catastrophic",
        {"above_quantile": 0.9, "frequency_multiplier": 6},
        "cost.catastrophic: the tail would hold half of all people: lower frequency_multiplier",
    ),
    (
        "questions.viability",
        [{"outcome": "paid", "true_savings": 0.03}],
        "questions.viability[1]: a condition needs either at_least or at_most",
    ),
]


def as_pattern(expected: str) -> str:
    return ".*".join(re.escape(part).replace(r"k\*…", "k+…").replace(r"x\*…", "x+…") for part in expected.split(".*"))


@pytest.mark.parametrize(
    ("path", "value", "expected"), BAD, ids=[f"{case[0]!a:.40}-{number}" for number, case in enumerate(BAD)]
)
def test_bad_input_gets_one_line_with_key_value_and_what_is_allowed(path: str, value: Any, expected: str) -> None:
    written = with_value(path, value) if "\n" not in path else {**GOOD, path: value}
    if value is ...:
        written = {key: part for key, part in GOOD.items() if key != path}
    text = complaint(written)
    assert re.fullmatch(as_pattern(expected), text), text


def test_totals_that_fit_no_memory_are_refused() -> None:
    written = {**GOOD, "worlds": 10_000_000, "panel": {"sizes": list(range(1000, 41_000, 1000))}}
    assert complaint(written) == (
        "worlds: more than fit into memory (got 10000000); allowed: at most 125,000 for 40 panel sizes and 6 years"
    )


def test_a_misspelt_key_is_told_before_the_gap_it_left() -> None:
    assert complaint({"titel": "t", **{key: GOOD[key] for key in ("panel", "arrangements")}}).startswith(
        "titel: unknown"
    )


def test_fewer_weights_of_an_arrangement_need_fewer_baseline_years() -> None:
    pgp = [{"name": "pgp_demonstration"}]
    assert build_scenario({**GOOD, "arrangements": pgp, "years": {"baseline": 1}}).years.total == 4
    assert build_scenario({**GOOD, "years": {"baseline": 4}}).years.baseline == 4  # the latest three count
    own = {**GOOD, "years": {"baseline": 2}, "benchmark": {"weights": [0.4, 0.6]}}
    assert build_scenario(own).benchmark.weights == (0.4, 0.6)
    mixed = {**GOOD, "arrangements": [*pgp, *GOOD["arrangements"]], "years": {"baseline": 1}}
    assert complaint(mixed).startswith("years.baseline: mssp_enhanced weighs 3")


OUT_OF_REACH = [
    pytest.param({"turnover": {"decedent_cost_multiple": 1e6}}, "turnover.decedent_cost_multiple"),
    pytest.param({"turnover": {"joiner_cost_multiple": 100.0}}, "turnover.joiner_cost_multiple"),
    pytest.param({"turnover": {"joiner_cost_multiple": 1.3}}, "turnover.joiner_cost_multiple"),
    pytest.param({"persistence": {"lag_1_correlation": 0.94}}, "persistence.lag_1_correlation"),
    pytest.param({"cost": {"aged_dual": {"law": "lognormal", "mean": 1e7, "cv": 20.0}}}, "cost."),
    pytest.param({"cost": {"aged_dual": {"law": "gamma", "mean": 1e4, "cv": 0.1, "zero_share": 0.5}}}, "zero share"),
    pytest.param({"cost": {"aged_dual": {"law": "empirical", "file": "none.csv", "column": "paid"}}}, "none.csv"),
]


@pytest.mark.parametrize("tables", [case.values[0] for case in OUT_OF_REACH])
def test_what_no_slot_can_meet_is_told_in_one_line(tables: dict[str, Any]) -> None:
    scenario = build_scenario({**GOOD, **tables})
    with pytest.raises(InputError) as caught:
        slot_laws(scenario)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("tables", "key"), OUT_OF_REACH)
def test_what_no_slot_can_meet_names_its_key(tables: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as caught:
        slot_laws(build_scenario({**GOOD, **tables}))
    assert key in str(caught.value)


# Files --------------------

TEXT = 'title = "t"\nworlds = 200\n[panel]\nsizes = [5000]\n[[arrangements]]\nname = "mssp_enhanced"\n'


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_scenario(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TEXT.encode("utf-16"), "is not a UTF-8 text file"),
        (f"# é\n{TEXT}".encode("latin-1"), "is not a UTF-8 text file"),
        (b"", "title: this key is missing; .*"),
        (b"\0" + TEXT.encode(), "is not valid TOML: .*line 1.*"),
        (TEXT.encode() + b"x = = 3\n", "is not valid TOML: .*line 7.*"),
        (TEXT.encode() + b'name = "twice"\n', "is not valid TOML: .*line 7.*"),
        (b"#" * 2_000_000, "too large for a scenario; allowed: at most 1,000,000 bytes"),
        (b"a = " + b"[" * 100_000, "line 1 is too long; .*"),
        (b"title" + b".a" * 100_000 + b" = 1", "line 1 is too long; .*"),
        (b"title = " + b"[" * 2_000 + b"]" * 2_000, "is not valid TOML: .*recursion.*"),
        (b"title = " + b"[" * 200 + b"]" * 200, "title: a list does not belong here .*"),
        (b"title" + b".a" * 4_000 + b" = 1", "title: a table does not belong here .*"),
        (b"worlds = 1" + b"0" * 5_000, "is not valid TOML: .*"),
        (TEXT.replace("200", "0x" + "f" * 5_000).encode(), "worlds: out of range (got a very long int); .*"),
        (TEXT.replace("200", "2024-01-01").encode(), "worlds: this does not belong here (got datetime.date.*"),
        (TEXT.replace("200", "nan").encode(), "worlds: a number with a point does not belong here (got nan); .*"),
        (
            TEXT.replace('"mssp_enhanced"', '"a\\u001b[31mb\\nc"').encode(),
            "arrangements[1].name: no such arrangement .*",
        ),
    ],
    ids=[
        *("utf-16", "latin-1", "empty", "zero byte", "no value", "key twice", "huge", "open brackets", "dots"),
        *("2,000 brackets", "200 brackets", "4,000 parts", "5,000 digits", "hex", "date", "nan", "escapes"),
    ],
)
def test_a_bad_file_gets_one_line(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "s.toml").write_bytes(content)
    text = refused(tmp_path / "s.toml")
    assert re.fullmatch(as_pattern(expected), text), text


def test_a_file_that_is_none_gets_one_line(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing.toml") == "cannot be read: No such file or directory"
    assert refused(tmp_path) == "cannot be read: Is a directory"
    (tmp_path / "s.toml").write_text(TEXT)
    assert refused(tmp_path / "s.toml" / "below") == "cannot be read: Not a directory"
    with pytest.raises(InputError, match="not the name of a file"):
        read_scenario("a\0b")
    if Path("/dev/zero").exists():  # endless, and read only up to the limit
        assert "too large" in refused(Path("/dev/zero")) or MOST_BYTES < 0


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert read_scenario(path) == build_scenario({**GOOD, "worlds": 200})


def test_changes_of_the_command_line_are_checked_like_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(TEXT)
    assert read_scenario(path, {"worlds": 300, "seed": 4}).worlds == 300
    with pytest.raises(InputError, match=r"s\.toml: seed: out of range"):
        read_scenario(path, {"seed": -1})


def test_the_digest_covers_the_content_of_a_cost_file_and_not_where_it_lies(tmp_path: Path) -> None:
    law = '[cost.aged_dual]\nlaw = "empirical"\nfile = "costs.csv"\ncolumn = "paid"\n'
    digests = []
    for folder, last in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.toml").write_text(TEXT + law)
        rows = "".join(f"{100 * row}\n" for row in range(200))
        (tmp_path / folder / "costs.csv").write_text(f"paid\n{rows}{last}\n")
        digests.append(read_scenario(tmp_path / folder / "s.toml").digest)
    assert digests[0] == digests[1] != digests[2]
    (tmp_path / "c" / "costs.csv").unlink()
    with pytest.raises(InputError, match=r"costs\.csv: cannot be read"):
        _ = read_scenario(tmp_path / "c" / "s.toml").digest


# Digest, defaults, schema --------------------


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(part) for part in value] if isinstance(value, list) else value


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from leaves(part, (*path, number))
    else:
        yield path, value


def set_at(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    here = changed
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return changed


def test_the_digest_changes_with_any_input_and_not_with_the_order_of_keys() -> None:
    digest = build_scenario(FULL).digest
    assert build_scenario(reordered(FULL)).digest == digest
    assert re.fullmatch("[0-9a-f]{64}", digest)
    seen, changed = {digest}, 0
    for path, value in leaves(FULL):
        others = (value + 1, value * 0.99, value * 1.01) if isinstance(value, int | float) else (f"{value}x",)
        for other in others:
            if other == value:
                continue
            try:
                found = build_scenario(set_at(FULL, path, other)).digest
            except InputError:
                continue
            assert found not in seen, path
            seen.add(found)
            changed += 1
            break
    assert changed >= 30  # the rest has a single good value or adds up with its neighbours


def test_what_is_left_out_equals_what_the_calibration_says() -> None:
    scenario = build_scenario(GOOD)
    assert scenario.mix == pytest.approx(calibration.default("mix", 2024))
    assert scenario.savings.by_year(5) == (0.005, 0.010, 0.015, 0.020, 0.020)
    assert {name: scenario.shocks.sd(name) for name in ("annual_sd", "persistent_sd", "trend_error_sd")} == {
        "annual_sd": calibration.default("annual_shock_sd"),
        "persistent_sd": calibration.default("persistent_mismatch_sd"),
        "trend_error_sd": calibration.default("trend_error_sd"),
    }
    register = {line.name: line for line in assumptions(scenario)}
    assert len(register.keys() & calibration.terms()) >= 17
    for name in register.keys() & calibration.terms():
        term = calibration.terms()[name]
        entry = term.at(2024 if name in {"mix", "truncated_mean"} else None)
        assert register[name].value == entry.value, name
        assert register[name].set_by == "calibration"
        assert register[name].source == entry.source
    causes = build_scenario({**GOOD, "turnover": {"causes": {}}}).turnover.causes
    assert causes is not None
    assert dict(causes) == calibration.default("turnover_causes")


UNREAD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("panel.voluntary_share", {"panel": {"sizes": [5000], "voluntary_share": 0.5}}, {"name": "mssp_enhanced"}),
    ("panel.health_equity", {"panel": {"sizes": [5000], "health_equity": {}}}, {"name": "mssp_enhanced"}),
    ("benchmark.prior_savings", {"benchmark": {"prior_savings": 0.02}}, {"name": "reach_global"}),
    (
        "benchmark.prior_savings",
        {"benchmark": {"prior_savings": 0.02}},
        {"name": "mssp_enhanced", "elections": {"agreement_start": 2023}},
    ),
    ("benchmark.regional_to_own_cost", {"benchmark": {"regional_to_own_cost": 1.1}}, {"name": "lead_professional"}),
    (
        "benchmark.regional_to_own_cost",
        {"benchmark": {"regional_to_own_cost": 1.1, "regional_weight": 0.0}},
        {"name": "mssp_enhanced"},
    ),
    ("benchmark.risk_adjustment", {"benchmark": {"risk_adjustment": True}}, {"name": "pioneer_core"}),
    ("risk_scores.coding_growth", {"risk_scores": {"coding_growth": 0.01}}, {"name": "pioneer_core"}),
    ("stop_loss", {"stop_loss": {"charge_loading": 0.1}}, {"name": "mssp_enhanced"}),
    (
        "stop_loss",
        {"stop_loss": {"charge_loading": 0.1}},
        {"name": "reach_global", "elections": {"stop_loss": False}},
    ),
    (
        "elections.overrides.truncation_quantile",
        {},
        {"name": "mssp_enhanced", "elections": {"overrides": {"truncation_quantile": 0.9}}},
    ),
]


@pytest.mark.parametrize(("key", "tables", "choice"), UNREAD)
def test_what_an_arrangement_does_not_read_is_told(key: str, tables: dict[str, Any], choice: dict[str, Any]) -> None:
    told = cautions(build_scenario({**GOOD, **tables, "arrangements": [choice]}))
    assert f"{choice['name']}: has no use for {key}, which this scenario gives." in told


def test_what_an_arrangement_reads_is_no_caution() -> None:
    tables: dict[str, Any] = {
        "panel": {"sizes": [5000], "voluntary_share": 0.5, "health_equity": {"highest_decile": 0.2}},
        "benchmark": {"regional_to_own_cost": 1.1, "risk_adjustment": True},
        "risk_scores": {"coding_growth": 0.01},
        "stop_loss": {"charge_loading": 0.1},
    }
    reach = build_scenario({**GOOD, **tables, "arrangements": [{"name": "reach_global"}]})
    assert not [told for told in cautions(reach) if "no use" in told]
    prior = build_scenario({**GOOD, "benchmark": {"prior_savings": 0.02}})
    assert not [told for told in cautions(prior) if "no use" in told]


def test_no_room_reads_the_numbers_that_are_only_reported() -> None:
    rooms = [path for path in Path(arrangements.__file__).parents[1].rglob("*.py") if path.name != "assumptions.py"]
    assert not [(path.name, name) for path in rooms for name in ONLY_REPORTED if name in path.read_text()]


LISTS: list[tuple[dict[str, list[float]], str]] = [
    ({"baseline_weights": [0.5, 0.5, 0.5]}, r"overrides\.baseline_weights: these do not add up to 1"),
    ({"retrospective_trend_edges": [0.04]}, r"overrides\.retrospective_trend_edges: needs a list .* 2 numbers"),
]


@pytest.mark.parametrize(("overrides", "told"), LISTS)
def test_lists_that_do_not_fit_are_refused(overrides: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build_scenario({**GOOD, "arrangements": [{"name": "reach_global", "elections": {"overrides": overrides}}]})


def test_lists_may_be_as_long_as_in_the_years_asked_for() -> None:
    own = {"retrospective_trend_edges": [0.02, 0.06], "retrospective_trend_shares": [1.0, 0.4, 0.0]}
    choice = {"name": "reach_global", "elections": {"overrides": own}}
    build_scenario({**GOOD, "arrangements": [choice]})
    shares = {"retrospective_trend_shares": [1.0, 0.4, 0.0]}
    with pytest.raises(InputError, match="one share more than edges"):
        build_scenario(
            {
                **GOOD,
                "years": {"first_performance_year": 2023},
                "arrangements": [{"name": "reach_global", "elections": {"overrides": shares}}],
            }
        )


def test_a_default_written_out_gives_the_same_slots() -> None:
    stated = {
        "turnover": {"annual": 0.25, "joiner_cost_multiple": 1.0},
        "persistence": {"class_kept": None},
        "truncation": {"percentile": 0.99},
        "cost": {"aged_non_dual": {"law": "calibrated"}, "level": 1.0, "catastrophic": {}},
    }
    left_out, written = slot_laws(build_scenario(GOOD)), slot_laws(build_scenario({**GOOD, **stated}))
    for name, law in left_out.items():
        assert (law.costs == written[name].costs).all()
        assert (law.leave_threshold, law.truncation) == (written[name].leave_threshold, written[name].truncation)


def test_a_scenario_and_its_tables_cannot_be_changed() -> None:
    scenario = build_scenario(GOOD)
    with pytest.raises(ValidationError):
        scenario.worlds = 3  # type: ignore[misc]
    assert build_scenario(FULL) == build_scenario(copy.deepcopy(FULL))


def objects(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Scenario", document
    yield from document["$defs"].items()


def test_every_property_of_the_schema_has_a_description_and_no_table_is_open() -> None:
    document = schema()
    for name, table in objects(document):
        for key, node in table.get("properties", {}).items():
            assert node.get("description"), f"{name}.{key}"
        if "properties" in table:
            assert table["additionalProperties"] is False, name
            assert set(table.get("required", ())) <= set(table["properties"])
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert references
    assert {reference.rsplit("/", 1)[-1] for reference in references} <= set(document["$defs"])
    written = json.dumps(document)
    assert '"minLength": 1, "type": "array"' not in written  # a list has minItems


def test_the_command_prints_the_schema() -> None:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == schema()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_validate(path: Path) -> None:
    scenario = read_scenario(path)
    assert scenario.arrangements
    result = CliRunner().invoke(main, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("valid.")
    as_json = CliRunner().invoke(main, ["check", "--json", str(path)])
    assert json.loads(as_json.stdout)["digest"] == scenario.digest


def test_there_are_shipped_scenarios() -> None:
    assert len(SHIPPED) >= 4


@pytest.mark.parametrize("name", arrangements.names())
def test_every_arrangement_can_be_chosen_without_elections(name: str) -> None:
    assert build_scenario({**GOOD, "arrangements": [{"name": name}]}).arrangements[0].key == name


# Anything at all --------------------

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**305)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["gamma", "met", "variable", "none", "mssp_track_1", 25, 75.0, 0.5, [], {}, "", "\n", [[]]])
    | st.binary(max_size=3)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = [path for path, _ in leaves(FULL)]
TABLES = sorted({path[:depth] for path in PLACES for depth in range(1, len(path))}, key=str)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_mutation_validates_or_raises_an_input_error(data: st.DataObject) -> None:
    document = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PLACES + TABLES))
        here: Any = document
        for part in path[:-1]:
            here = here[part] if isinstance(here, dict) and part in here else here
        if not isinstance(here, dict):
            continue
        kind = data.draw(st.sampled_from(["delete", "replace", "add"]))
        if kind == "delete":
            here.pop(path[-1], None)
        elif kind == "replace":
            here[path[-1]] = data.draw(JUNK)
        else:
            here[data.draw(st.text(max_size=10))] = data.draw(JUNK)
    text = ""
    try:
        scenario = build_scenario(document, "f.toml")
    except InputError as error:
        text = str(error)
    if text:
        assert "\n" not in text
        assert text.startswith("f.toml: ")
        assert len(text) < 2_000
    else:
        assert build_scenario(document).digest == scenario.digest
        assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


@given(st.text(), JUNK)
def test_a_value_is_always_shown_on_one_short_line(name: str, value: object) -> None:
    text = shown(value)
    assert len(text) <= 60
    assert text.isprintable()
    error = str(InputError(name, where=name, key=name, value=value))
    assert error.isprintable()
    nearest_name(name, ["worlds", "seed"])


def test_a_value_nested_without_end_is_shown() -> None:
    endless: list[Any] = []
    for _ in range(100_000):
        endless = [endless]
    assert len(shown(endless)) <= 60
    while endless:  # taken apart, for a list this deep is not freed gracefully everywhere
        endless = endless[0]


@pytest.mark.skipif(os.name == "nt", reason="pipes have names here")
def test_an_error_from_inside_keeps_its_parts() -> None:
    inner = InputError("no such thing", key="b", value=3, allowed="1, 2", nearest="x")
    outer = inner.within("f.toml", "a")
    assert str(outer) == "f.toml: a.b: no such thing (got 3); allowed: 1, 2; did you mean 'x'?"
    assert (outer.value, outer.allowed, outer.nearest) == (3, "1, 2", "x")
