"""The scenario's contracts as the page carries them: resolved terms, what each slider changes, and who is left out.

Every number of a rule is resolved here, dates and elections applied; the page's own script knows the arithmetic and no
number. Terms are those of the first performance year; None stands for no limit, no fixed rate, nothing stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from simdce import arrangements
from simdce.arrangements.arrangement import Arrangement
from simdce.arrangements.shared_savings.minimum_savings_rate import MinimumSavingsRateTable
from simdce.benchmarking.chain import kept
from simdce.exact.contract import equity_dollars
from simdce.scenario import ArrangementChoice, Scenario

SETTLED = ("shared_savings", "capped_share", "risk_corridors")
"""Mechanisms that settle a year on its own, as the page does."""

REMEMBERS = (
    "losses of one year are carried into the next and taken from later savings, so that no single year can be judged "
    "on its own; a simulation judges it (simdce run)."
)

SCORES = tuple(number / 100 for number in range(101))
"""Quality scores that the page can ask for."""


def year_terms(terms: Any, year: int) -> dict[str, Any]:
    """The Terms of a mechanism in one performance year (position) as JSON has them, names unchanged."""
    written: dict[str, Any] = {}
    for field in fields(terms):
        value = getattr(terms, field.name)
        if isinstance(value, MinimumSavingsRateTable):
            written[field.name] = {each.name: getattr(value, each.name).tolist() for each in fields(value)}
        elif is_dataclass(value):
            written[field.name] = year_terms(value, year)
        else:
            written[field.name] = _plain(np.asarray(value)[..., year])
    return written


def _plain(value: Any) -> Any:
    if value.ndim:
        return [_plain(each) for each in value]
    return value.item() if np.isfinite(value) else None


def settles_alone(choice: ArrangementChoice) -> bool:
    """Whether a year under the arrangement can be judged without the others."""
    return arrangements.load(choice.name).mechanism in SETTLED


def contract_record(
    scenario: Scenario, choice: ArrangementChoice, name: str, benchmark_per_person: float
) -> dict[str, Any]:
    """One contract for the page: name, mechanism, terms, sliders, what quality moves, and what a reader must know.

    ``benchmark_per_person``: expected dollars.
    """
    rules = arrangements.load(choice.name)
    years = scenario.years.performance_years
    held = rules.in_force(years, choice.elections)
    terms = year_terms(rules.resolve(years, choice.elections), 0)
    asked = "minimum_beneficiaries"
    return {
        "name": name,
        "summary": f"{rules.programme}. {rules.summary}",
        "mechanism": rules.mechanism,
        "terms": terms,
        "controls": controls(rules.mechanism, terms),
        "quality": quality(scenario, choice, rules, benchmark_per_person),
        "admits": int(held.values(asked)[0]) if asked in held else None,
        "notes": list(_notes(scenario, choice, rules, terms)),
    }


def _notes(scenario: Scenario, choice: ArrangementChoice, rules: Arrangement, terms: Mapping[str, Any]) -> list[str]:
    year = scenario.years.performance_years[0]
    held = rules.in_force(scenario.years.performance_years, choice.elections)
    found = [f"{rules.caution[0].upper()}{rules.caution[1:]}"] if rules.caution else []
    if year in held.timeline.outside:
        found.append(f"Not in force in {year}: judged by the rules of its nearest year.")
    if terms.get("withhold"):
        found.append("Part of what is earned is kept back until the agreement closes; it is counted here when earned.")
    return found


# Sliders ------------------------------------------------------------------------------------------------------------


def _slider(path: str, label: str, most: float, step: float, help_text: str, **sets: Any) -> dict[str, Any]:
    return {"path": path, "label": label, "most": most, "step": step, "help": help_text, "sets": sets}


def controls(mechanism: str, terms: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sliders that apply to a contract: the term that each sets, and others that it sets beside (by path)."""
    if mechanism == "risk_corridors":
        return [*_corridors(terms["savings"], "savings"), *_corridors(terms["losses"], "losses")]
    if mechanism == "capped_share":
        offered = [
            _slider("savings_share", "Your share of savings", 1.0, 0.01, "of what was saved"),
            _slider("loss_share", "Your share of losses", 1.0, 0.01, "of what was overspent"),
            _slider("minimum_savings_rate", "Gate", 0.06, 0.001, "smallest saving or loss that counts"),
            _slider("gross_cap", "Cap on savings and losses", 0.3, 0.005, "of the benchmark, before sharing"),
            _slider("payment_limit", "Most you can be paid", 0.3, 0.005, "of the benchmark"),
            _slider("loss_limit", "Most you can owe", 0.3, 0.005, "of the benchmark"),
        ]
        return [each for each in offered if terms[each["path"]] is not None]
    counts = "smallest saving or loss that counts" if terms["loss_rate"] > 0 else "smallest saving that counts"
    offered = [
        _slider("sharing_rate", "Your share of savings", 1.0, 0.01, "of what was saved, quality counted"),
        _slider("fixed_rate", "Gate", 0.06, 0.001, counts, fixed_rate_beneficiaries=0),
        _slider("payment_limit", "Most you can be paid", 0.3, 0.005, "of the benchmark"),
    ]
    if terms["loss_rate"] > 0:
        offered.insert(1, _slider("loss_rate", "Your share of losses", 1.0, 0.01, "of what was overspent"))
        offered.append(_slider("loss_limit_of_benchmark", "Most you can owe", 0.3, 0.005, "of the benchmark"))
        if terms["loss_limit_of_revenue"] is not None and terms["revenue_share"] is not None:
            path = "loss_limit_of_revenue"
            offered.append(_slider(path, "Most you can owe, by revenue", 1.0, 0.01, "of your own Medicare revenue"))
            path = "revenue_share"
            offered.append(_slider(path, "Your Medicare revenue", 1.0, 0.01, "of what your people cost Medicare"))
    return offered


def _corridors(bands: Mapping[str, Any], direction: str) -> list[dict[str, Any]]:
    found = []
    for number, (low, high) in enumerate(zip(bands["lower"], bands["upper"], strict=True)):
        reach = f"up to {100 * high:g}%" if number == 0 and high is not None else f"from {100 * low:g}%"
        reach += f" to {100 * high:g}%" if number and high is not None else ""
        slider = _slider(f"{direction}.share.{number}", f"Your share of {direction}, {reach}", 1.0, 0.01, "")
        found.append({**slider, "help": "" if number else "band, as a share of the benchmark", "further": number > 0})
    return found


# Quality ------------------------------------------------------------------------------------------------------------


def quality(
    scenario: Scenario, choice: ArrangementChoice, rules: Arrangement, benchmark_per_person: float
) -> dict[str, Any] | None:
    """What each quality score makes of the terms and of the share of the benchmark kept; None where it moves nothing.

    ``unscaled``: share of the benchmark that is added after the withhold, so that quality does not scale it.
    """
    years = scenario.years.performance_years
    if "quality_score" not in rules.elections:
        return None
    held = rules.in_force(years, choice.elections)
    start = held.elected("quality_score")[0]
    if start is None:
        return None
    rows = []
    for score in SCORES:
        elected = choice.elections.model_copy(update={"quality_score": score})
        resolved = year_terms(rules.resolve(years, elected), 0)
        numbers = {name: value for name, value in resolved.items() if isinstance(value, float)}
        left = kept(rules.in_force(years, elected), scenario.benchmark, len(years))
        rows.append({**numbers, "kept": float(left[0])})
    moved = [name for name in rows[0] if len({row[name] for row in rows}) > 1]
    if not moved:
        return None
    return {
        "start": float(start),
        "kept": float(kept(held, scenario.benchmark, len(years))[0]),
        "unscaled": equity_dollars(held, scenario.panel, 0) / benchmark_per_person,
        "help": f"moves {' and '.join(_MOVED[name] for name in moved)}",
        "moves": {name: [float(f"{row[name]:.12g}") for row in rows] for name in moved},
    }


_MOVED = {
    "sharing_rate": "your share of savings",
    "loss_rate": "your share of losses",
    "kept": "the part of the benchmark that is withheld",
}
"""Everything that a quality score moves."""
