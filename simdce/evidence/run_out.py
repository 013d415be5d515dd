"""Claims run-out: what would be held against the published completion, were it modelled."""

from __future__ import annotations

from simdce.evidence.row import Cell, Computed


def completion(cell: Cell) -> Computed:
    """Nothing: every simulated claim has arrived when the year is settled."""
    return Computed(None, note="claims run-out is not modelled, so there is nothing to compute")


GROUPS = {"completion": completion}
