"""What a practice would sign, as a compact table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from simdce.results import AGREEMENT, PRACTICE
from simdce.studies.comparison import distinguishable
from simdce.wording import UNKNOWN, with_error

if TYPE_CHECKING:
    from simdce.metrics import Estimate
    from simdce.studies.practice import BestTier, PracticeAnswers

BEST, TIE = "*", "="


def practice_tables(found: PracticeAnswers, years: int) -> list[Table]:
    """One table for each arrangement of the pool: tiers by size of the practice."""
    return [_table(found, arrangement, years) for arrangement in dict.fromkeys(row.arrangement for row in found.rows)]


def _table(found: PracticeAnswers, arrangement: str, years: int) -> Table:
    last = f"PY{years}"
    title = f"\nWhat a practice of the {found.pool:,} people would sign under {arrangement}"
    marks = f"; {BEST} best of what it can bear, {TIE} not distinguishable from that"
    style = {"title_justify": "left", "title_style": "bold", "header_style": "bold"}
    table = Table(title=title + marks, box=None, pad_edge=False, **style)  # type: ignore[arg-type]
    headings = ("people", "tier", f"mean {last}", f"owing {last}", f"1 in 20 below, {last}", "mean, all years")
    for number, heading in enumerate((*headings, f"against {found.first}", "cost per $ spared")):
        table.add_column(heading, justify="left" if number == 1 else "right", overflow="fold")
    for best in found.best:
        if best.arrangement != arrangement:
            continue
        for tier in found.tiers:

            def figure(metric: str, year: str = AGREEMENT, tier: str = tier, people: int = best.people) -> str:
                return _told(found.estimate(arrangement, tier, people, metric, year), PRACTICE[metric].unit)

            against = found.estimate(arrangement, tier, best.people, "mean_difference")
            difference = figure("mean_difference") if distinguishable(against) else "not distinguishable"
            price = found.price(arrangement, tier, best.people)
            table.add_row(
                f"{best.people:,}",
                f"{_mark(best, tier)} {tier}",
                *(figure(metric, last) for metric in ("mean_amount", "chance_owing", "amount_p5")),
                figure("mean_amount"),
                UNKNOWN if tier == found.first else difference,
                UNKNOWN if price is None else _told(price.per_dollar, "dollars"),
            )
    return table


def _mark(best: BestTier, tier: str) -> str:
    return BEST if tier == best.best else TIE if tier in best.ties else " "


def _told(estimate: Estimate, unit: str) -> str:
    return with_error(estimate, unit).replace(" ", "\N{NO-BREAK SPACE}")
