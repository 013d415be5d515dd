"""The assumptions register: every default and every choice behind a run, with unit, source, confidence, who set it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from simdce import arrangements, calibration, tiers
from simdce.arrangements.in_force import InForce
from simdce.growth.defaults import defaults
from simdce.scenario import ArrangementChoice, Scenario
from simdce.sourced import Sourced
from simdce.studies.cash_defaults import DEFAULT_COST, cash_terms
from simdce.studies.instruments import instrument_numbers

NOT_MODELLED = (
    "capped growth of the region's risk scores, and who was newly assigned when (scores are means of the whole panel)",
    "the high-performers pool, capitation payments and their recoupment",
    "growth or shrinking of the panel, practices that leave as a whole, and clustering of patients by physician",
    "annualised truncation: costs are cut off per calendar year, where CMS cuts off annualised cost",
    "claims run-out and interim settlements, and when money moves between CMS, the entity and its practices",
    "correlation of a person's health class with leaving other than by death",
)
"""What a reader might expect and does not get; printed in every report."""

_TIMING, _RUN_OUT = NOT_MODELLED[4], "claims run-out and interim settlements, and reserves set aside out of this cash"
_GROWTH, _CLUSTERING = NOT_MODELLED[2], "clustering of patients by physician"
"""Lines of these, and what is left of them where the scenario has cash or growth."""


_TIERS_ILLUSTRATE = (
    "The tiers' terms are illustrations, not an entity's offer, and the practice's people are like the pool's: replace "
    "the terms by those of the contract at hand (practice.tiers, overrides)."
)


_GROWTH_IS_A_GUESS = (
    "Growth stands on the scenario's own chances of joining, uptake and replacement, for which no published figure was "
    "found; those who come cost what the panel costs, and what growing costs is not counted."
)


@dataclass(frozen=True)
class Assumption:
    """One line of the register; ``set_by`` is "scenario", "calibration", "rule", "tier" or "default"."""

    name: str
    value: Any
    unit: str
    source: str
    confidence: str
    years: str
    set_by: str
    arrangement: str | None = None

    @property
    def alike(self) -> tuple[str, ...]:
        """What two lines share that differ only in the arrangement."""
        return (self.name, repr(self.value), self.unit, self.source, self.confidence, self.years, self.set_by)


def assumptions(scenario: Scenario) -> list[Assumption]:
    """What the run assumes: first the population, then every number of its arrangements in force."""
    found = [_of_population(scenario, name, chosen) for name, chosen in _choices(scenario).items()]
    if scenario.benchmark.to_own_history != 1.0:
        found.append(_benchmark_as_published(scenario.benchmark.to_own_history))
    years = scenario.years.performance_years
    for choice in scenario.arrangements:
        rules = arrangements.load(choice.name)
        held = rules.in_force(years, choice.elections)
        for name, term in held.known.items():
            if name in choice.elections.overrides:
                entries = held.sourced(name)
            else:
                dated = (term.known_at(date) for date in held.timeline.dates(term.by))
                entries = tuple({id(entry): entry for entry in dated if entry is not None}.values())
            set_by = "scenario" if name in choice.elections.overrides else "rule"
            found += [
                Assumption(name, e.value, e.unit, e.source, e.confidence, e.years, set_by, choice.key) for e in entries
            ]
    return [*found, *_of_tiers(scenario), *_of_money(scenario), *_of_growth(scenario)]


def _of_tiers(scenario: Scenario) -> Iterator[Assumption]:
    """The terms of the tiers that a practice may sign, without the limits that a tier does not have."""
    for choice in scenario.practice.tiers if scenario.practice is not None else ():
        held = tiers.load(choice.name).in_force(scenario.years.performance_years, choice.overrides)
        for name in held.known:
            set_by = "scenario" if name in choice.overrides else "tier"
            entries = {repr(entry.value): entry for entry in held.sourced(name)}
            for e in entries.values():
                if e.value != inf:
                    yield Assumption(name, e.value, e.unit, e.source, e.confidence, e.years, set_by, choice.key)


def _of_money(scenario: Scenario) -> Iterator[Assumption]:
    """Costs, dates and prices behind cash over time and behind what is held against losses."""
    cash, asked = scenario.cash, scenario.security
    if cash is not None:
        own = cash.cost is not None or cash.cost_per_person_month is not None
        names: dict[str, float | None] = {
            "settlement_month": cash.settlement_month,
            "discount_rate": cash.discount_rate,
        }
        names |= {"people_per_physician": None} if cash.physicians is None else {}
        names |= {} if own else {f"cost_{cash.cost_of or DEFAULT_COST}": None}
        for name, chosen in names.items():
            yield _priced(name, chosen, cash_terms()[name].at())
        for name in ("cost", "cost_per_person_month", "cost_before", "share_to_providers"):
            if getattr(cash, name):
                yield Assumption(
                    name, getattr(cash, name), "as the scenario has it", "the scenario", "set by the user", "all years",
                    "scenario",
                )  # fmt: skip
    if asked is not None:
        for name, price, term in instrument_numbers(asked):
            yield _priced(name, price, term.at())


def _priced(name: str, chosen: Any, entry: Sourced) -> Assumption:
    if chosen is None:
        return Assumption(name, entry.value, entry.unit, entry.source, entry.confidence, entry.years, "default")
    return Assumption(name, chosen, entry.unit, "the scenario", "set by the user", "all years", "scenario")


def not_modelled(scenario: Scenario) -> tuple[str, ...]:
    """What a reader of this run might expect and does not get."""
    said = {_TIMING: _RUN_OUT} if scenario.cash is not None else {}
    said |= {_GROWTH: _CLUSTERING} if scenario.growth is not None else {}
    return tuple(said.get(item, item) for item in NOT_MODELLED)


def _of_growth(scenario: Scenario) -> Iterator[Assumption]:
    """What paths of the panel take, the scenario's own or the default."""
    growth = scenario.growth
    for name, term in defaults().items() if growth is not None else ():
        own, e = getattr(growth, name, None), term.at()
        if own is None:
            yield Assumption(name, e.value, e.unit, e.source, e.confidence, e.years, "calibration")
        else:
            own = list(own) if isinstance(own, tuple) else own
            yield Assumption(name, own, e.unit, "the scenario", "set by the user", "all years", "scenario")


def shared(register: Iterable[Assumption]) -> list[tuple[Assumption, tuple[str, ...]]]:
    """Each line once, with the arrangements that share it (none for what holds of the whole run)."""
    found: dict[tuple[str, ...], tuple[Assumption, list[str]]] = {}
    for line in register:
        users = found.setdefault(line.alike, (line, []))[1]
        users += [] if line.arrangement is None else [line.arrangement]
    return [(line, tuple(users)) for line, users in found.values()]


def _choices(scenario: Scenario) -> dict[str, Any]:
    """Each calibrated quantity with the scenario's own value, None where the default stands."""
    turnover, shocks = scenario.turnover, scenario.shocks
    quiet = shocks.preset == "none"
    return {
        "mix": scenario.panel.mix,
        "mean_2019": None,
        "truncated_mean": None,
        "shape": None,
        "truncation_percentile": scenario.truncation.dollars or scenario.truncation.percentile,
        "lag_correlations": scenario.persistence.lag_1_correlation,
        **({"class_coupling": None} if scenario.persistence.lag_1_correlation is None else {}),
        "class_kept": scenario.persistence.class_kept,
        "mortality": turnover.mortality,
        "decedent_cost_multiple": turnover.decedent_cost_multiple,
        **({"death_steepness": None} if turnover.decedent_cost_multiple is None else {}),
        "annual_turnover": turnover.annual,
        "turnover_causes": None if turnover.causes is None else dict(turnover.causes),
        "joiner_cost_multiple": turnover.joiner_cost_multiple,
        "score_explained_variance": scenario.risk_scores.explained_variance,
        **({"stop_loss": _own_stop_loss(scenario)} if scenario.elects_stop_loss else {}),
        "true_savings": scenario.savings.true,
        "annual_trend": scenario.benchmark.annual_trend,
        "annual_shock_sd": 0.0 if quiet and shocks.annual_sd is None else shocks.annual_sd,
        "persistent_mismatch_sd": 0.0 if quiet and shocks.persistent_sd is None else shocks.persistent_sd,
        "trend_error_sd": 0.0 if quiet and shocks.trend_error_sd is None else shocks.trend_error_sd,
    }


def _own_stop_loss(scenario: Scenario) -> dict[str, Any] | None:
    own = scenario.stop_loss
    if own.attachments is None or own.payout_rates is None:
        return None
    return {"attachments": list(own.attachments), "payout_rates": list(own.payout_rates)}


def _of_population(scenario: Scenario, name: str, chosen: Any) -> Assumption:
    dated = name in {"mix", "truncated_mean"}
    entry = calibration.sourced(name, scenario.panel.price_year if dated else None)
    if chosen is None:
        return Assumption(name, entry.value, entry.unit, entry.source, entry.confidence, entry.years, "calibration")
    return Assumption(name, chosen, entry.unit, "the scenario", "set by the user", "all years", "scenario")


def _below(held: InForce) -> str:
    """What follows where there are fewer people than the minimum, in brackets; nothing where no rule says."""
    if "below_minimum" not in held:
        return ""
    buffer = max(held.values("minimum_beneficiaries_buffer")) if "minimum_beneficiaries_buffer" in held else 0.0
    once = f", {100 * buffer:g}% fewer being let pass once" if buffer else ""
    return f" (with fewer, {held.values('below_minimum')[-1]}{once})"


def _benchmark_as_published(factor: float) -> Assumption:
    unit = "published benchmark in units of the panel's own weighted history"
    return Assumption(
        "benchmark_to_own_history", factor, unit, "the scenario", "set by the user", "all years", "scenario"
    )


def cautions(scenario: Scenario) -> list[str]:
    """What a careful reader should know, one sentence a matter, naming every arrangement it concerns."""
    return [f"{', '.join(keys)}: {matter}" if keys else matter for keys, matter in concerns(scenario)]


def concerns(scenario: Scenario) -> list[tuple[tuple[str, ...], str]]:
    """Each caution and the arrangements it concerns: rules out of season, panels too small, inputs unread, doubts.

    What concerns the whole run names none.
    """
    concerned: dict[str, list[str]] = {}
    for choice in scenario.arrangements:
        for matter in _matters(scenario, choice):
            concerned.setdefault(matter, []).append(choice.key)
    found = [(tuple(keys), matter) for matter, keys in concerned.items()]
    found += [] if scenario.practice is None else [((), _TIERS_ILLUSTRATE)]
    return found if scenario.growth is None else [*found, ((), _GROWTH_IS_A_GUESS)]


def _matters(scenario: Scenario, choice: ArrangementChoice) -> Iterator[str]:
    years = scenario.years.performance_years
    rules = arrangements.load(choice.name)
    held = rules.in_force(years, choice.elections)
    if rules.caution:
        yield rules.caution
    if held.timeline.outside:
        outside = ", ".join(map(str, held.timeline.outside))
        yield f"not in force in {outside}; judged by the rules of the nearest year."
    if "truncation_dollars" in held and held.values("truncation_dollars")[0] != scenario.truncation.dollars:
        amount = held.values("truncation_dollars")[0]
        yield f"cuts off a person's cost at ${amount:,.0f}; set truncation.dollars in the scenario to count so."
    if "minimum_beneficiaries" in held:
        least = int(max(held.values("minimum_beneficiaries")))
        if scenario.panel.sizes[0] < least:
            yield f"at least {least:,} people are required{_below(held)}; smaller panels are shown as if admitted."
    removed = "negative_regional_removed" in held and any(held.values("negative_regional_removed"))
    if removed and scenario.benchmark.regional_weight != 0.0:
        yield "drops a regional adjustment that is negative, so chance alone lifts the benchmark of a small panel."
    unheeded = ", ".join(_without_effect(scenario, choice, held))
    if unheeded:
        yield f"has no use for {unheeded}, which this scenario gives."
    doubtful = sorted({name for name, _ in rules.uncertain(years, choice.elections)})
    if doubtful:
        yield f"uses numbers not seen in a document ({', '.join(doubtful)})."


ONLY_REPORTED = ("claims_runout_months", "observed_retrospective_trend", "truncation_quantile")
"""Numbers of arrangements that stand in the register and that no settlement reads."""


def _without_effect(scenario: Scenario, choice: ArrangementChoice, held: InForce) -> Iterator[str]:
    """Keys that the scenario sets and that this arrangement, as elected, does not read."""
    panel, benchmark = scenario.panel, scenario.benchmark

    def counts(*names: str) -> bool:
        return any(name in held and held.numbers(name).any() for name in names)

    if panel.voluntary_share and "regional_weight_voluntary" not in held:
        yield "panel.voluntary_share"
    if "health_equity" in panel.model_fields_set and not counts("health_equity_highest", "health_equity_lower"):
        yield "panel.health_equity"
    if benchmark.prior_savings and not counts("prior_savings_scaling"):
        yield "benchmark.prior_savings"
    own_weight, weights = benchmark.regional_weight, ("regional_weight", "regional_weight_positive")
    if benchmark.regional_to_own_cost != 1.0 and not (own_weight or (own_weight is None and counts(*weights))):
        yield "benchmark.regional_to_own_cost"
    follows = "risk_adjustment" in held and held.values("risk_adjustment")[0] != "none"
    if benchmark.risk_adjustment and not follows:
        yield "benchmark.risk_adjustment"
    if scenario.risk_scores.coding_growth and not (follows and benchmark.risk_adjustment is not False):
        yield "risk_scores.coding_growth"
    stops = any(held.elected("stop_loss")) and not held.values("truncated")[0]
    if "stop_loss" in scenario.model_fields_set and not stops:
        yield "stop_loss"
    for name in ONLY_REPORTED:
        if name in choice.elections.overrides:
            yield f"elections.overrides.{name}"
