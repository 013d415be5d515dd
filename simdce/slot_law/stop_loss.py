"""Stop-loss of a single person-year: what the reinsurance pays of a cost beyond the attachment points.

Attachment points are multiples of what the person's risk score leads one to expect, so that the chronically ill do not
make a claim each year (*residual-based*); each band between them is paid at its own rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class StopLoss:
    """Rising attachment points in multiples of expected cost, and the share paid from each to the next."""

    attachments: tuple[float, ...]
    payout_rates: tuple[float, ...]


def payout(cost: FloatArray, expected: FloatArray, attachments: Sequence[float], rates: Sequence[float]) -> FloatArray:
    """Dollars paid of each cost; ``expected`` (dollars) broadcasts against it."""
    upper = [*attachments[1:], np.inf]
    return np.asarray(
        sum(
            rate * (np.clip(cost, low * expected, high * expected if high < np.inf else np.inf) - low * expected)
            for low, high, rate in zip(attachments, upper, rates, strict=True)
        )
    )
