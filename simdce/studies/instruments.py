"""What each way to be able to pay costs: the scenario's prices, or the sourced ones where it gives none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from simdce.scenario import InstrumentChoice, Security
from simdce.sourced import Term, read_terms, read_toml
from simdce.studies.layers import Priced

Price = Literal["lowest", "usual", "highest"]
PRICES: tuple[Price, ...] = ("lowest", "usual", "highest")
FLOWS = ("withheld_savings", "recoupment")
"""Ways that make the losses smaller instead of holding an amount."""

DEPOSIT, STOP_LOSS = "escrow", "reinsurance"
_FILE = Path(__file__).with_name("instruments.toml")


@cache
def instrument_terms() -> dict[str, Term]:
    """Sourced prices of every instrument."""
    return read_terms(read_toml(_FILE), _FILE.name)


def priced(asked: Security, held: float, required: float, attachment: float, price: Price) -> list[Priced]:
    """The instruments that hold an amount; those that the programme does not take only beyond what the rule asks."""
    found = []
    for choice in asked.instruments:
        if choice.name in FLOWS:
            continue
        limit = np.inf if choice.limit is None else choice.limit
        least = 0.0 if accepted(choice) else required
        least = max(least, attachment) if choice.name == STOP_LOSS else least
        limit = min(limit, held - least) if least > 0 else limit
        if limit > 0:
            prices = holding(asked, choice, price), part_price(choice, "drawing", price)
            found.append(Priced(choice.name, *prices, limit, on_top=choice.name == STOP_LOSS))
    return found


def holding(asked: Security, choice: InstrumentChoice, price: Price) -> float:
    """A year's cost of a dollar held: fee or premium, and what tied-up money costs beyond what it earns."""
    deposited = 1.0 if choice.name == DEPOSIT else part_price(choice, "collateral", price)
    return part_price(choice, "holding", price) + deposited * carry(asked, price)


def carry(asked: Security, price: Price) -> float:
    """What a dollar tied up for a year costs beyond what its deposit earns."""
    prices: tuple[float, float, float] = instrument_terms()["cost_of_capital"].at().value
    capital = prices[PRICES.index(price)] if asked.cost_of_capital is None else asked.cost_of_capital
    return max(0.0, capital - float(instrument_terms()["deposit_yield"].at().value))


def part_price(choice: InstrumentChoice, part: str, price: Price) -> float:
    """One price of an instrument: the scenario's, or the sourced one. Escrow costs nothing to draw."""
    own = getattr(choice, part)
    if own is not None:
        return float(own)
    term = instrument_terms().get(f"{choice.name}_{part}")
    return 0.0 if term is None else float(term.at().value[PRICES.index(price)])


def reached() -> float:
    """The largest chance with which losses may reach what a reinsurer covers."""
    return float(instrument_terms()["reinsurance_reached"].at().value)


def accepted(choice: InstrumentChoice) -> bool:
    """Whether the programme takes it as repayment mechanism."""
    own = choice.accepted
    return choice.name in instrument_terms()["accepted"].at().value if own is None else own


def instrument_numbers(asked: Security) -> Iterator[tuple[str, object, Term]]:
    """Every number behind the choice: its name, the scenario's own value or None, and the sourced term."""
    yield "cost_of_capital", asked.cost_of_capital, instrument_terms()["cost_of_capital"]
    yield "deposit_yield", None, instrument_terms()["deposit_yield"]
    if any(choice.name == STOP_LOSS for choice in asked.instruments):
        yield "reinsurance_reached", None, instrument_terms()["reinsurance_reached"]
    for choice in asked.instruments:
        for part in ("holding", "drawing", "collateral", "share"):
            term = instrument_terms().get(f"{choice.name}_{part}")
            if term is not None:
                yield term.name, getattr(choice, part), term
