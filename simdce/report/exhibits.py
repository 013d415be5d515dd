"""Tables for the actuary: every figure with its standard error, none printed finer than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import Any, NamedTuple

from simdce.metrics import Estimate
from simdce.report.laws import Law
from simdce.report.names import together
from simdce.results import AGREEMENT, METRICS, PERCENTILES, TAILS
from simdce.run import Answers
from simdce.studies.exact_size import input_ranges
from simdce.studies.viability import ViabilityCurve
from simdce.wording import money, percent, with_error


class Cell(NamedTuple):
    """A figure and its standard error, both as text; the error is empty where there is none."""

    value: str
    error: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A table: one sentence on what it holds, headings (the first is of the row labels), and rows by section."""

    title: str
    note: str
    headings: tuple[str, ...]
    sections: tuple[tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]], ...]


def cell(estimate: Estimate, unit: str) -> Cell:
    """A figure beside its error."""
    value, _, error = with_error(estimate, unit).partition(" ± ")
    return Cell(value, error if estimate.standard_error > 0 else "")


_LAW = {
    "chance_paid": "paid",
    "chance_owing": "owes",
    "mean_net": "mean net",
    "sd_net": "sd of net",
    "mean_earned": "mean earned",
    "mean_owed": "mean owed",
    "mean_earned_if_paid": "mean if paid",
    "mean_owed_if_owing": "mean owed if owing",
    "chance_payment_limit": "payment limit binds",
    "chance_loss_limit": "loss limit binds",
}
_RATE = {
    "mean_savings_rate": "mean",
    "sd_savings_rate": "sd",
    "sd_savings_rate_sampling": "sd, sampling alone",
    "removable_variance": "variance a larger panel removes",
    "chance_false_reward": "false reward",
    "chance_missed_reward": "missed reward",
    "mean_net_without_savings": "mean net without true savings",
}
_NET_PERCENTILES = {f"net_p{100 * p:g}": f"{100 * p:g}%" for p in PERCENTILES}
_RATE_PERCENTILES = {f"savings_rate_p{100 * p:g}": f"{100 * p:g}%" for p in PERCENTILES}
_TAIL_RISK = {f"{kind}_{100 * p:g}": f"{kind.upper().replace('TVAR', 'TVaR').replace('VAR', 'VaR')} {100 * p:g}%"
              for kind in ("var", "tvar") for p in TAILS}  # fmt: skip
_BY_SIZE = {
    "chance_paid": "paid",
    "chance_owing": "owes",
    "mean_net": "mean net",
    "net_p5": "5th percentile",
    "net_p50": "median",
    "net_p95": "95th percentile",
    "tvar_95": "TVaR 95%",
    "chance_false_reward": "false reward",
    "removable_variance": "variance a larger panel removes",
}


def exhibits(answers: Answers, laws: Sequence[Law]) -> list[Exhibit]:
    """Every exhibit of the estimates at the headline size, and over the agreement at every size."""
    size = laws[0].panel_size
    found = [
        Exhibit(title, note, ("", *metrics.values()), _by_year(answers, laws, size, tuple(metrics)))
        for title, note, metrics in (
            ("Payment", "Net payment to the contract holder; negative is owed.", _LAW),
            (
                "Percentiles of the net payment",
                "Order statistics; none is interpolated across the gate.",
                _NET_PERCENTILES,
            ),
            (
                "Value at risk and tail value at risk",
                "Losses, so a negative figure is a gain. VaR: loss not exceeded with that probability; TVaR: mean of "
                "the losses beyond it.",
                _TAIL_RISK,
            ),
            (
                "Savings rate",
                "Measured savings as a share of benchmark. False reward: paid without true savings; missed reward: not "
                "paid although the assumed savings are true; in both the lasting benchmark mismatch is off.",
                _RATE,
            ),
            ("Percentiles of the savings rate", "Share of benchmark.", _RATE_PERCENTILES),
        )
    ]
    sizes = answers.panels.panel_sizes
    if len(sizes) > 1:
        note = "Over the whole agreement."
        found.append(Exhibit("By panel size", note, ("people", *_BY_SIZE.values()), _by_size(answers, laws, sizes)))
    return found


def _by_year(answers: Answers, laws: Sequence[Law], size: int, metrics: tuple[str, ...]) -> Any:
    years = (*answers.performance_years, AGREEMENT)
    return tuple((law.name, tuple((year, _cells(answers, law, size, year, metrics)) for year in years)) for law in laws)


def _by_size(answers: Answers, laws: Sequence[Law], sizes: Sequence[int]) -> Any:
    metrics = tuple(_BY_SIZE)
    return tuple(
        (law.name, tuple((f"{size:,}", _cells(answers, law, size, AGREEMENT, metrics)) for size in sizes))
        for law in laws
    )


def _cells(answers: Answers, law: Law, size: int, year: str, metrics: Sequence[str]) -> tuple[Cell, ...]:
    return tuple(cell(answers.estimate(law.keys[0], size, year, metric), METRICS[metric].unit) for metric in metrics)


def checks(answers: Answers) -> list[tuple[str, float]]:
    """Identities that the estimates must meet, and the largest amount by which any row misses them."""
    found = answers.estimate
    years = answers.performance_years
    places = [(choice.key, size) for choice in answers.scenario.arrangements for size in answers.panels.panel_sizes]
    tables = [(*place, year) for place in places for year in (*years, AGREEMENT)]

    def value(key: str, size: int, year: str, metric: str) -> float:
        return found(key, size, year, metric).value

    def misses(key: str, size: int, year: str) -> bool:
        gap = abs(value(key, size, year, "var_95") + value(key, size, year, "net_p5"))
        return gap > 4 * found(key, size, year, "net_p5").standard_error + 1e-6

    return [
        ("mean earned less mean owed is mean net, dollars",
         max(abs(value(*row, "mean_earned") - value(*row, "mean_owed") - value(*row, "mean_net")) for row in tables)),
        ("mean net of the years adds up to the agreement's, dollars",
         max(abs(fsum(value(*place, year, "mean_net") for year in years) - value(*place, AGREEMENT, "mean_net"))
             for place in places)),
        ("VaR 95% is the 5th percentile with its sign turned, within its error, share of rows that miss",
         fmean(misses(*row) for row in tables)),
        *_difference_checks(answers),
    ]  # fmt: skip


def _difference_checks(answers: Answers) -> list[tuple[str, float]]:
    """That the mean of differences is the difference of means."""
    if answers.comparison is None:
        return []

    def mean(arrangement: str, size: int) -> float:
        return answers.estimate(arrangement, size, AGREEMENT, "mean_net").value

    misses = [
        abs(each.estimate.value - (mean(each.arrangement, each.panel_size) - mean(each.against, each.panel_size)))
        for each in answers.comparison.differences
        if (each.metric, each.performance_year) == ("mean_difference", AGREEMENT)
    ]
    return [("mean difference is the difference of the means, dollars", max(misses))]


def viability_exhibit(curves: Sequence[ViabilityCurve], laws: Sequence[Law]) -> Exhibit | None:
    """The smallest panel of each stated confidence with its interval, and the chance at the ends of the grid."""
    if not curves:
        return None
    sizes = curves[0].panel_sizes
    shown = [number for number, size in enumerate(sizes) if size in (sizes[0], laws[0].panel_size, sizes[-1])]
    headings = ("", "smallest panel", "range", *(f"chance at {sizes[number]:,}" for number in shown))
    sections = []
    for text in dict.fromkeys(curve.text for curve in curves):
        alike: dict[tuple[object, ...], tuple[ViabilityCurve, list[Law]]] = {}
        for law in laws:
            curve = next(c for c in curves if c.text == text and c.arrangement in law.keys)
            alike.setdefault((curve.chances, law.admitted_from), (curve, []))[1].append(law)
        rows = []
        for curve, same in alike.values():
            chances = (cell(curve.chances[number], "probability") for number in shown)
            size = Cell(_smallest(curve, same[0].admitted_from))
            name = together([name for law in same for name in law.called])
            rows.append((name, (size, Cell(curve.range_text or "–"), *chances)))
        sections.append((text[0].upper() + text[1:], tuple(rows)))
    note = (
        "The panel from which a stated confidence holds. A size to the person comes from the exact law, and its range "
        "from the inputs: an annual shock of "
        f"{_ends('annual_shock_sd', 100)} points, a noise per person of {_ends('noise_per_person', 1)} times the "
        "model's, one at a time; chances are simulated. “About” a size is simulated, between sizes on the log scale, "
        "and its range the 95% interval. Both assume the true savings stated, with the lasting benchmark mismatch off."
    )
    missing: dict[tuple[str, ...], list[Law]] = {}
    for law in laws:
        told = next((c.left_out for c in curves if c.arrangement in law.keys and c.left_out), ())
        if told:
            missing.setdefault(told, []).append(law)
    for told, without in missing.items():
        name = together([each for law in without for each in law.called])
        note += f" Left out of the exact law, hence simulated, for {name}: {'; '.join(told)}."
    return Exhibit("Smallest panel", note, headings, tuple(sections))


def _ends(name: str, scale: float) -> str:
    low, high = input_ranges()[name].at().value
    return f"{scale * low:.4g} to {scale * high:.4g}"


def _smallest(curve: ViabilityCurve, admitted_from: int | None) -> str:
    small = admitted_from is not None and curve.smallest is not None and curve.smallest < admitted_from
    return curve.size_text + (f" (admitted from {admitted_from:,})" if small else "")


def repayment_exhibit(laws: Sequence[Law]) -> Exhibit | None:
    """The rule's amount, the chance that it is enough, and the amounts that would be, per arrangement that can owe."""
    found = [(law.name, law.repayment) for law in laws if law.repayment is not None]
    if not found:
        return None
    confidences = found[0][1].confidences
    headings = ["", "rule asks for", "confidence of the rule", "enough"] + [
        f"needed for {100 * c:g}%" for c in confidences
    ]
    sections = []
    for title, enough, needed in (
        ("Worst year of the agreement", "enough_worst_year", "needed_worst_year"),
        ("All years of the agreement together", "enough_agreement", "needed_agreement"),
    ):
        rows = []
        for name, answer in found:
            figures = [Cell(money(answer.rule.amount)), Cell(answer.rule.confidence), cell(getattr(answer, enough), "")]
            rows.append((name, (*figures, *(cell(amount, "dollars") for amount in getattr(answer, needed)))))
        sections.append((title, tuple(rows)))
    branches = {answer.rule.branch for _, answer in found}
    note = f"The rule asks for {' or '.join(sorted(branches))}, as expected of one year."
    return Exhibit("Repayment mechanism", note, tuple(headings), tuple(sections))


def chance_cell(estimate: Estimate) -> Cell:
    """A chance in the summary: whole percents, or finer where it is small; no error, the exhibits have it."""
    if estimate.value == 0:
        return Cell("0%")
    return Cell(
        percent(
            estimate.value, estimate.standard_error if estimate.value < 0.01 else max(0.01, estimate.standard_error)
        )
    )
