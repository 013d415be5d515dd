"""Both settlements, decimal from the rules and binary of the package, pay the same to the cent; a million contracts of
this kind are settled by benchmarks/settlement_oracle.py.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import random_contracts
from decimal_settlement import Contract, Paid, Result, exactly, table_rate
from random_contracts import GRID, disagreements, drawn_choice, drawn_results

from simdce.arrangements import load, names
from simdce.arrangements.elections import Elections

ROOM = Path(__file__).parent / "known_answers"
every_arrangement = pytest.mark.parametrize("name", names())
CHOICES, RESULTS = 40, 5
"""Contracts of each arrangement and results of each contract: over 5,000 in all."""


@every_arrangement
def test_decimal_and_binary_settlements_agree_to_the_cent(name: str) -> None:
    random = Random(f"settlement {name}")
    for _ in range(CHOICES):
        assert not "\n".join(disagreements(random, RESULTS, name))


@every_arrangement
def test_a_cent_of_difference_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def a_cent_more(contract: Contract, results: list[list[Result]]) -> list[list[Paid]]:
        return [[paid._replace(cash=paid.cash + Decimal("0.011")) for paid in contract.settle(row)] for row in results]

    monkeypatch.setattr(random_contracts, "settled_in_decimals", a_cent_more)
    (first, *_) = disagreements(Random(1), RESULTS, name)
    assert first.startswith(name)
    assert "decimal: earned" in first


@every_arrangement
def test_every_choice_offered_is_drawn(name: str) -> None:
    random, arrangement = Random(f"settlement {name}"), load(name)
    drawn: dict[str, set[Any]] = {}
    for _ in range(10 * CHOICES):
        elections = drawn_choice(random, name).elections
        for election, value in elections.chosen().items():
            drawn.setdefault(election, set()).add(value)
    for election, offered in arrangement.elections.items():
        for entry in offered.entries:
            # what only a start long before or after the arrangement offered may go undrawn, not what it offered itself
            assert set(entry.value.get("allowed", ())) <= drawn[election] or entry.holds_in(1900), (election, entry)


def test_gates_are_met_exactly_and_missed_by_a_grid_point() -> None:
    random, seen = Random(3), set()
    for _ in range(400):
        choice = drawn_choice(random)
        contract = Contract.of(choice.name, choice.years, choice.elections)
        for row in drawn_results(random, contract, 5):
            for year, result in zip(contract.years, row, strict=True):
                gate = year.get("elected minimum_savings_rate")
                if isinstance(gate, Decimal):
                    beside = (abs(result.savings) - gate * result.benchmark) * GRID
                    seen |= {(beside, result.savings > 0)} if abs(beside) <= 2 else set()
    assert seen >= {(Decimal(beside), saved) for beside in (-2, 0, 2) for saved in (True, False)}


# The decimal settlement itself, against what was published ------------------------------------------------------------


def published(*files: str) -> list[Any]:
    rows = [row for file in files for row in tomllib.loads((ROOM / f"{file}.toml").read_text(encoding="utf-8"))["case"]]
    return [pytest.param(row, id=row["id"]) for row in rows]


PAYMENTS = {"net", *Paid._fields}
SETTLED = published("shared_savings", "reach_settlements", "capped_share")
PAID = [case for case in SETTLED if PAYMENTS & case.values[0].get("expected", {}).keys()]


@pytest.mark.parametrize("case", PAID)
def test_published_settlements(case: dict[str, Any]) -> None:
    contract = Contract.of(case["arrangement"], case["performance_years"], Elections.of(case.get("elections", {})))
    columns = ("benchmark", "expenditure", "assigned_beneficiaries", "participant_revenue")
    figures = [exactly(case[column]) for column in columns if column in case]
    paid = contract.settle([Result(*year) for year in zip(*figures, strict=True)])
    for name in PAYMENTS & case["expected"].keys():
        found = [year.earned - year.owed if name == "net" else getattr(year, name) for year in paid]
        off = [abs(one - exactly(other)) for one, other in zip(found, case["expected"][name], strict=True)]
        assert max(off) <= exactly(case["tolerance"]), name


@pytest.mark.parametrize("case", published("minimum_savings_rate"))
def test_published_minimum_savings_rates(case: dict[str, Any]) -> None:
    table = exactly(load("mssp_track_1").terms["minimum_savings_rate_table"].at().value)
    rate = table_rate(table, exactly(case["assigned_beneficiaries"]))
    assert abs(rate - exactly(case["minimum_savings_rate"])) <= exactly(case["tolerance"])
