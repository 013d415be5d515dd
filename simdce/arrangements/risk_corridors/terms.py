"""The dated numbers of a risk-corridor arrangement as arrays over performance years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import FloatArray
from simdce.errors import InputError


@dataclass(frozen=True)
class Terms:
    """What the rule needs, per performance year.

    ``lower`` and ``upper``, shape (bands, years), are the edges of each band as fractions of the benchmark, the last
    upper edge infinite; ``savings_share`` and ``loss_share``, same shape, what the ACO keeps or bears of the dollars
    inside the band. The sequestration factors have shape (years,).
    """

    lower: FloatArray
    upper: FloatArray
    savings_share: FloatArray
    loss_share: FloatArray
    savings_sequestration_factor: FloatArray
    loss_sequestration_factor: FloatArray


def resolve(numbers: InForce, agreement_years: int) -> Terms:
    """The Terms in force; a corridor has no memory, so the length of the agreement does not matter."""
    for name in numbers.chosen:
        numbers.elected(name)  # refuses choices that the arrangement does not offer
    edges = _by_band(numbers.values("corridor_edges"), "corridor_edges")
    bands = len(edges) + 1
    shares = [_by_band(numbers.values(name), name) for name in ("savings_shares", "loss_shares")]
    if any(len(each) != bands for each in shares):
        raise InputError("one share more than edges", where=numbers.arrangement, key="savings_shares, loss_shares")
    years = edges.shape[1:]
    return Terms(
        lower=np.concatenate([np.zeros((1, *years)), edges]),
        upper=np.concatenate([edges, np.full((1, *years), np.inf)]),
        savings_share=shares[0],
        loss_share=shares[1],
        savings_sequestration_factor=numbers.numbers("savings_sequestration_factor"),
        loss_sequestration_factor=numbers.numbers("loss_sequestration_factor"),
    )


def _by_band(by_year: Sequence[Sequence[float]], name: str) -> FloatArray:
    if len({len(each) for each in by_year}) != 1:
        raise InputError("every year has as many bands as the next", key=name)
    return np.array(by_year, dtype=np.float64).T
