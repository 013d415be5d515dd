"""Exhibits of one contract against another: by performance year, by panel size, and every pair."""

from __future__ import annotations

from collections.abc import Sequence

from simdce.metrics import Estimate
from simdce.report.exhibits import Cell, Exhibit, cell
from simdce.report.laws import Law
from simdce.results import AGREEMENT, DIFFERENCES, Difference
from simdce.run import Answers
from simdce.studies.comparison import distinguishable
from simdce.wording import money

NOT_DISTINGUISHABLE = "not distinguishable"
_SHOWN = {
    "mean_difference": "mean difference",
    "mean_difference_unpaired": "error from separate worlds",
    "mean_difference_per_person_year": "per person-year",
    "chance_more": "pays more",
    "chance_less": "pays less",
    "chance_alike": "alike",
    "net_p5_difference": "5th percentile",
}
_HEADINGS = ("", *_SHOWN.values())
_MEANING = (
    "Its own dollars less the other's, on the same worlds: of the mean, and of the 5th percentile of each. "
    "The error from separate worlds is what two independent simulations would leave."
)

Place = tuple[str, str, int, str]
Cells = tuple[Cell, ...]


def difference_exhibits(answers: Answers, laws: Sequence[Law]) -> list[Exhibit]:
    """Against the reference by performance year and by panel size, and the remaining pairs; none for one law."""
    compared = answers.comparison
    if compared is None or len(laws) < 2:
        return []
    found = _by_place(compared.differences)
    base = next(law for law in laws if compared.against in law.keys)
    others = [law for law in laws if law is not base]
    years = [*(f"PY{number + 1}" for number in range(base.net.shape[1])), AGREEMENT]
    sizes, size = answers.panels.panel_sizes, compared.panel_size

    def row(law: Law, at: int, year: str) -> Cells:
        return _cells(found[law.keys[0], compared.against, at, year])

    shown = [
        Exhibit(
            f"Against {base.name}",
            _MEANING,
            _HEADINGS,
            tuple((law.name, tuple((year, row(law, size, year)) for year in years)) for law in others),
        )
    ]
    if len(sizes) > 1:
        by_size = tuple((law.name, tuple((f"{at:,}", row(law, at, AGREEMENT)) for at in sizes)) for law in others)
        shown.append(
            Exhibit(f"Against {base.name}, by panel size", "Over the agreement. " + _MEANING, _HEADINGS, by_size)
        )
    pairs = _other_pairs(found, others, size)
    if pairs:
        shown.append(Exhibit("The other pairs", "Over the agreement. " + _MEANING, _HEADINGS, pairs))
    return shown


def _other_pairs(
    found: dict[Place, dict[str, Estimate]], others: Sequence[Law], size: int
) -> tuple[tuple[str, tuple[tuple[str, Cells], ...]], ...]:
    sections = []
    for other in others:
        places = [(law.name, (law.keys[0], other.keys[0], size, AGREEMENT)) for law in others]
        rows = tuple((name, _cells(found[place])) for name, place in places if place in found)
        if rows:
            sections.append((f"Against {other.name}", rows))
    return tuple(sections)


def _by_place(rows: Sequence[Difference]) -> dict[Place, dict[str, Estimate]]:
    found: dict[Place, dict[str, Estimate]] = {}
    for each in rows:
        place = (each.arrangement, each.against, each.panel_size, each.performance_year)
        found.setdefault(place, {})[each.metric] = each.estimate
    return found


def _cells(estimates: dict[str, Estimate]) -> Cells:
    shown = []
    for metric in _SHOWN:
        estimate = estimates[metric]
        figure = cell(estimate, DIFFERENCES[metric].unit)
        if metric == "mean_difference_unpaired":
            figure = Cell(f"± {money(estimate.standard_error, estimate.standard_error).replace('$', '')}")
        elif metric == "mean_difference" and not distinguishable(estimate):
            figure = Cell(figure.value, f"{figure.error or '0'}: {NOT_DISTINGUISHABLE}")
        shown.append(figure)
    return tuple(shown)
