"""The exhibit of what really happened beside the law of the same year."""

from __future__ import annotations

from collections.abc import Sequence

from simdce.report.exhibits import Cell, Exhibit, cell
from simdce.report.laws import Law
from simdce.results import QUARTILES
from simdce.studies.observed import Happened
from simdce.wording import UNKNOWN, money, percent


def observed_exhibit(comparisons: Sequence[Happened], laws: Sequence[Law]) -> Exhibit | None:
    """Every observed year at the headline size, contract by contract; nothing where the scenario has none."""
    if not comparisons:
        return None
    sections = []
    for law in laws:
        own = [each for each in comparisons if (each.arrangement, each.panel_size) == (law.keys[0], law.panel_size)]
        rows = []
        for each in own:
            payment = each.observed.payment
            happened = Cell(percent(each.observed.savings_rate, digits=2))
            paid = Cell(UNKNOWN if payment is None else money(payment))
            rates = (cell(rate, "fraction") for rate in each.percentiles)
            rows.append((str(each.observed.year), (happened, paid, *rates, cell(each.at_or_below, "probability"))))
        sections.append((law.name, tuple(rows)))
    headings = ("", "measured", "payment", *(f"law, {100 * p:g}%" for p in QUARTILES), "chance of no more")
    sources = dict.fromkeys(each.observed.source for each in comparisons if each.observed.source)
    note = "Measured savings rate, share of benchmark, beside the percentiles of its simulated law."
    return Exhibit("What happened", " ".join([note, *(f"{source}." for source in sources)]), headings, tuple(sections))
