"""The answers of a run as JSON has them: plain dictionaries and lists, NaN and infinity as null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from simdce.metrics import Estimate
from simdce.results import CASH, PRACTICE, QUARTILES, CashRow, columns
from simdce.run import Answers
from simdce.studies.break_even import BreakEven
from simdce.studies.cash import BANDS


def records(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    table = columns(rows)
    return [dict(zip(table, map(finite, row), strict=True)) for row in zip(*table.values(), strict=True)]


def viability(answers: Answers) -> list[dict[str, Any]]:
    """The chances of every condition by panel size, and the smallest panel."""
    return [
        {
            "arrangement": curve.arrangement,
            "condition": curve.text,
            "smallest_panel": curve.smallest,
            "interval": [curve.low, curve.high],
            "interval_of": "simulation, 95%" if curve.exact is None else "inputs, one at a time",
            "searched": list(curve.searched),
            "exact": curve.exact is not None,
            "left_out_of_the_exact_law": list(curve.left_out),
            "inputs": [
                {"input": each.name, "lowest_and_highest": list(each.ends), "smallest_panel": list(each.sizes)}
                for each in (() if curve.exact is None else curve.exact.inputs)
            ],
            "curve": [
                {"panel_size": size, **_estimate(chance)}
                for size, chance in zip(curve.panel_sizes, curve.chances, strict=True)
            ],
        }
        for curve in answers.viability
    ]


def repayment(answers: Answers) -> list[dict[str, Any]]:
    """What the rule asks for, and how much is enough."""
    return [
        {
            "arrangement": answer.arrangement,
            "panel_size": answer.panel_size,
            "rule_amount": answer.rule.amount,
            "rule": answer.rule.branch,
            "confidence_of_rule": answer.rule.confidence,
            "enough_worst_year": _estimate(answer.enough_worst_year),
            "enough_agreement": _estimate(answer.enough_agreement),
            "needed": [
                {"confidence": confidence, "worst_year": _estimate(worst), "agreement": _estimate(total)}
                for confidence, worst, total in zip(
                    answer.confidences, answer.needed_worst_year, answer.needed_agreement, strict=True
                )
            ],
        }
        for answer in answers.repayment
    ]


def observed(answers: Answers) -> list[dict[str, Any]]:
    """What happened, beside its law."""
    return [
        {
            "arrangement": each.arrangement,
            "panel_size": each.panel_size,
            "performance_year": each.performance_year,
            **each.observed.model_dump(),
            "savings_rate": each.observed.savings_rate,
            "law_percentiles": [
                {"probability": probability, **_estimate(rate)}
                for probability, rate in zip(QUARTILES, each.percentiles, strict=True)
            ],
            "chance_at_or_below": _estimate(each.at_or_below),
            "sentence": each.sentence,
        }
        for each in answers.observed
    ]


def variance_saved(answers: Answers) -> dict[str, Any]:
    """What controls saved; nothing where none were taken."""
    return {"variance_saved": [asdict(each) for each in answers.variance_saved]} if answers.variance_saved else {}


def comparison(answers: Answers) -> dict[str, Any] | None:
    """Where arrangements break even and where they pay alike; nothing for a single arrangement."""
    found = answers.comparison
    if found is None:
        return None
    return {
        "against": found.against,
        "panel_size": found.panel_size,
        "true_savings_searched": [found.curves.savings[0], found.curves.savings[-1]],
        "break_even": [_break_even(each) for each in found.break_even],
        "break_even_by_rule": [
            {
                "arrangement": each.arrangement,
                "against": each.against,
                "years": {
                    str(year): [{"savings": rate, "pays_more_above": more} for rate, more in rates]
                    for year, rates in zip(each.years, each.by_year, strict=True)
                },
            }
            for each in found.by_rule
        ],
    }


def _break_even(found: BreakEven) -> dict[str, Any]:
    return {
        "arrangement": found.arrangement,
        "against": found.against,
        "crossings": [
            {"true_savings": _estimate(each.true_savings), "pays_more_above": each.upwards} for each in found.crossings
        ],
        "without_true_savings": _estimate(found.at_none),
        "at_most_true_savings": _estimate(found.at_most),
    }


def practice(answers: Answers) -> dict[str, Any] | None:
    """The best tier of every size and what insulation costs; the estimates have a table of their own."""
    found = answers.practice
    if found is None:
        return None
    return {
        "pool": found.pool,
        "first_tier": found.first,
        "metrics": {name: {"unit": metric.unit, "meaning": metric.sentence} for name, metric in PRACTICE.items()},
        "best": [asdict(each) for each in found.best],
        "insulation": [
            {
                "arrangement": each.arrangement,
                "tier": each.tier,
                "people": each.people,
                **{name: _estimate(getattr(each, name)) for name in ("given_up", "avoided", "per_dollar")},
            }
            for each in found.insulation
        ],
    }


def cash_rows(answers: Answers) -> list[CashRow]:
    """The figures of cash of every payee."""
    return [row for each in answers.cash for row in each.rows]


def cash(answers: Answers) -> dict[str, Any]:
    """Dates and the fan of cumulative cash of every payee; the estimates have a table of their own."""
    if not answers.cash:
        return {}
    told = [
        {
            "arrangement": each.arrangement,
            "tier": each.tier,
            "people": each.people,
            "physicians": each.physicians,
            "settled_in": [each.date(month) for month in each.settlement_months],
            "money_back_until": each.date(each.horizon_months),
            "cumulative": [
                {
                    "month": each.date(month),
                    **{f"{100 * b:g}%": _estimate(e) for b, e in zip(BANDS, edges, strict=True)},
                }
                for month, edges in each.fan
            ],
        }
        for each in answers.cash
    ]
    metrics = {name: {"unit": metric.unit, "meaning": metric.sentence} for name, metric in CASH.items()}
    return {"cash": {"metrics": metrics, "payees": told}}


def security(answers: Answers) -> dict[str, Any]:
    """What to hold, by which means and at what yearly cost; nothing where the scenario does not ask."""
    return {"security": [_plain(asdict(each)) for each in answers.security]} if answers.security else {}


def _plain(value: Any) -> Any:
    """A value as JSON has it: NaN and infinity become null wherever they stand."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else finite(value)


def drivers(answers: Answers) -> dict[str, Any]:
    """Every input at its two ends and where it turns the verdict; nothing where nobody asked."""
    return {"drivers": [_plain(asdict(each)) for each in answers.drivers]} if answers.drivers else {}


def growth(answers: Answers, *, estimates: bool = False) -> dict[str, Any]:
    """What the figures of growth mean, and the figures where asked for; nothing where there is no growth."""
    found = answers.growth
    if found is None:
        return {}
    about: dict[str, Any] = {
        "plans": list(found.plans),
        "marks": list(found.marks),
        "minimum": found.minimum,
        "metrics": {name: {"unit": metric.unit, "meaning": metric.sentence} for name, metric in found.metrics.items()},
        "crossed_by": [
            {
                "plan": plan,
                "mark": mark,
                "years": dict(zip(map(str, found.years), found.crossed_by(plan, mark), strict=True)),
            }
            for plan in found.plans
            for mark in found.marks
        ],
    }
    return {"growth": about, **({"growth_estimates": records(found.rows)} if estimates else {})}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"value": finite(estimate.value), "standard_error": finite(estimate.standard_error)}


def finite(value: Any) -> Any:
    """A number as JSON has it: null where it is none."""
    return None if isinstance(value, float) and not isfinite(value) else value
