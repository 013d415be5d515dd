"""The variable minimum savings rate: how much a panel must save before CMS believes it is not luck.

42 CFR 425.604(b): a table of assigned beneficiaries, linear inside each row. It is a noise model in disguise, a
one-sided test of a savings rate whose standard deviation falls with the square root of the panel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simdce.arrangements.settlement import FloatArray


@dataclass(frozen=True)
class MinimumSavingsRateTable:
    """Points of the table, shape (points,): assigned beneficiaries, rising, and the rate there as a fraction of
    benchmark."""

    beneficiaries: FloatArray
    rates: FloatArray

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, float]]) -> MinimumSavingsRateTable:
        """The table from rows of ``from``, ``to`` (people) and ``rate_from``, ``rate_to``; an open end has no
        ``to``."""
        points = [
            (float(row[edge]), float(row[rate]))
            for row in rows
            for edge, rate in (("from", "rate_from"), ("to", "rate_to"))
            if edge in row
        ]
        beneficiaries, rates = np.array(points, dtype=np.float64).T
        return cls(beneficiaries, rates)

    def at(self, assigned_beneficiaries: FloatArray) -> FloatArray:
        """The rate for whole people (fractions of a person are dropped), shaped as its argument; flat beyond both
        ends."""
        return np.interp(np.floor(assigned_beneficiaries), self.beneficiaries, self.rates)
