"""Numbers from outside: value, unit, source, confidence, and the years they hold in whichever way those are counted."""

from __future__ import annotations

from typing import Any

import pytest

from simdce.errors import InputError
from simdce.sourced import Sourced, Term, read_terms, weakest


def read(table: Any) -> Term:
    return read_terms({"rate": table}, "file.toml")["rate"]


def dated(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"unit": "fraction", "source": "a rule", "confidence": "quoted", "values": list(rows), **more}


def test_an_undated_value_holds_always() -> None:
    term = read({"unit": "people", "source": "a rule", "confidence": "verified", "value": 5000})
    assert term.at().value == term.at(1999).value == 5000
    assert term.at().years == "all years"


def test_entries_take_the_defaults_of_their_term_and_may_differ_from_them() -> None:
    term = read(
        dated({"to": 2020, "value": 0.5}, {"from": 2021, "value": 0.6, "confidence": "uncertain", "note": "proposed"})
    )
    assert (term.at(2020).value, term.at(2020).confidence, term.at(2020).source) == (0.5, "quoted", "a rule")
    assert (term.at(2021).value, term.at(2021).confidence, term.at(2021).note) == (0.6, "uncertain", "proposed")


def test_a_year_without_a_value_names_the_years_that_have_one() -> None:
    term = read(dated({"from": 2021, "to": 2023, "value": 0.5}))
    assert term.known_at(2024) is None
    with pytest.raises(InputError, match=r"rate: no value for this year \(got 2024\); allowed: 2021–2023"):
        term.at(2024)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("calendar_year", "2"),
        ("agreement_year", "agreement year 2"),
        ("agreement_start", "starts 2"),
        ("agreement_number", "agreement 2"),
    ],
)
def test_years_count_what_the_term_says(by: str, said: str) -> None:
    term = read(dated({"from": 1, "to": 1, "value": 0.05}, {"from": 2, "to": 2, "value": 0.1}, by=by))
    assert term.by == term.at(2).by == by
    assert (term.at(1).value, term.at(2).value) == (0.05, 0.1)
    assert term.at(2).years == said


def test_open_ends_are_written_as_people_write_them() -> None:
    term = read(dated({"to": 2020, "value": 0.5}, {"from": 2021, "value": 0.6}))
    assert [entry.years for entry in term.entries] == ["…–2020", "2021–"]


def test_scalars_are_told_from_tables_words_and_flags() -> None:
    assert read(dated({"value": 0.5})).is_scalar
    for value in ([0.1, 0.9], "variable", True, {"default": 1}):
        assert not read(dated({"value": value})).is_scalar


def test_the_weakest_confidence() -> None:
    assert weakest(["verified", "recalled", "quoted"]) == "recalled"
    assert weakest([]) == "verified"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (0.5, "a term has"),
        ({"source": "a rule", "confidence": "quoted", "value": 1}, "a term has"),
        ({"unit": "people", "source": "a rule", "confidence": "quoted"}, "a term has"),
        ({"unit": "people", "confidence": "quoted", "value": 1}, "needs a source and a confidence"),
        ({"unit": "people", "source": "a rule", "confidence": "certain", "value": 1}, "allowed: verified, quoted"),
        ({"unit": "people", "source": "a rule", "confidence": "quoted", "valu": 1}, "did you mean 'value'"),
        (dated({"value": 1}, by="month"), "unknown dating"),
        (dated(), "no values"),
        (dated({"from": 2020, "valu": 1}), "has a 'value'"),
        (dated({"form": 2020, "value": 1}), "did you mean 'from'"),
        (dated({"from": 2020.5, "value": 1}), "whole number"),
        (dated({"value": float("nan")}), "not a finite number"),
        (dated({"from": 2020, "to": 2021, "value": 1}, {"from": 2021, "value": 2}), "overlap"),
        (dated({"from": 2022, "value": 1}, {"from": 2020, "value": 2}), "overlap"),
        (dated({"from": 2022, "to": 2021, "value": 1}), "overlap"),
        (dated({"value": 1}, {"value": 2}), "overlap"),
    ],
)
def test_errors_name_file_and_key(table: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        read(table)
    assert str(error.value).startswith("file.toml: rate")


def test_a_sourced_value_stands_on_its_own() -> None:
    entry = Sourced(0.5, "fraction", "a rule", "quoted")
    assert entry.holds_in(None)
    assert entry.holds_in(2024)
    assert not Sourced(0.5, "fraction", "a rule", "quoted", 2024).holds_in(None)
