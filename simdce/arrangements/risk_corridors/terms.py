"""The dated numbers of a risk-corridor arrangement as arrays over performance years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simdce.arrangements.in_force import InForce
from simdce.arrangements.settlement import FloatArray
from simdce.errors import InputError


@dataclass(frozen=True)
class Corridors:
    """The bands of one direction, nearest first, each array of shape (bands, years).

    ``lower`` and ``upper`` are the edges of each band as fractions of the benchmark, the last upper edge infinite;
    ``share`` is what the ACO keeps or bears of the dollars inside the band.
    """

    lower: FloatArray
    upper: FloatArray
    share: FloatArray


@dataclass(frozen=True)
class Terms:
    """What the rule needs: corridors of savings and of losses, and sequestration factors of shape (years,)."""

    savings: Corridors
    losses: Corridors
    savings_sequestration_factor: FloatArray
    loss_sequestration_factor: FloatArray


def resolve(numbers: InForce, agreement_years: int) -> Terms:
    """The Terms in force; a corridor has no memory, so the length of the agreement does not matter."""
    for name in numbers.chosen:
        numbers.elected(name)  # refuses choices that the arrangement does not offer
    return Terms(
        savings=_corridors(numbers, "savings_edges", "savings_shares"),
        losses=_corridors(numbers, "loss_edges", "loss_shares"),
        savings_sequestration_factor=numbers.numbers("savings_sequestration_factor"),
        loss_sequestration_factor=numbers.numbers("loss_sequestration_factor"),
    )


def _corridors(numbers: InForce, own_edges: str, shares: str) -> Corridors:
    """Corridors of one direction; where it has no edges of its own, ``corridor_edges`` hold both ways."""
    edges_of = own_edges if own_edges in numbers else "corridor_edges"
    edges, share = (_by_band(numbers.values(name), name) for name in (edges_of, shares))
    if len(share) != len(edges) + 1:
        raise InputError("one share more than edges", where=numbers.arrangement, key=f"{edges_of}, {shares}")
    years = edges.shape[1:]
    return Corridors(
        lower=np.concatenate([np.zeros((1, *years)), edges]),
        upper=np.concatenate([edges, np.full((1, *years), np.inf)]),
        share=share,
    )


def _by_band(by_year: Sequence[Sequence[float]], name: str) -> FloatArray:
    if len({len(each) for each in by_year}) != 1:
        raise InputError("every year has as many bands as the next", key=name)
    return np.array(by_year, dtype=np.float64).T
