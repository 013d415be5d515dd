"""The scenario of a published row as commented TOML: every number beside the published ones that it comes from."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from simdce import arrangements, calibration
from simdce.from_published.own_history import MASKED_PERSON_YEARS, OwnHistory
from simdce.published.columns import PERIODS
from simdce.published.history import History
from simdce.published.recomputation import elections_of
from simdce.published.row import Figures, PublishedRow
from simdce.scenario import Scenario, build_scenario
from simdce.slot_law.moments import slot_moments
from simdce.slots import slot_laws

WORLDS = 10_000


def scenario_text(
    history: History,
    own: OwnHistory,
    after: PublishedRow | None,
    true_savings: float,
    saved_by_all: tuple[float, int],
) -> str:
    """A whole scenario file, valid for ``simdce check``; ``after`` is the row of the year after, where there is one.

    ``true_savings`` is what the scenario assumes, ``saved_by_all`` what the ACOs of the file saved on average, and how
    many they are.
    Raises InputError where the row's numbers do not make a scenario.
    """
    figures = history.row.figures
    follows = after is not None and after.figures.agreement_start in (None, figures.agreement_start)
    last = _agreement_start(figures) + arrangements.load(figures.arrangement).agreement_years - 1
    two_years = follows or (after is None and figures.year < last)
    means = {name: round(cost / _counted_share(name, figures.year), 2) for name, cost in own.expected.items()}
    lines = [
        *_heading(history, own),
        *_panel(history, own),
        *_years(figures, after, follows=follows, two_years=two_years),
        *_costs(own, means),
        *_benchmark(history, own),
        *_savings(true_savings, *saved_by_all),
        *_arrangement(history),
        *_observed(history.row),
    ]
    if follows and after is not None:
        lines += _observed(after, changed=after.figures.arrangement != figures.arrangement)
    return "\n".join(lines) + "\n"


def _agreement_start(figures: Figures) -> int:
    return figures.year if figures.agreement_start is None else figures.agreement_start


@cache
def _counted_share(category: str, year: int) -> float:
    """Truncated over untruncated cost of a category's calibrated law, the same at every mean."""
    scenario: Scenario = build_scenario(
        {
            "title": category,
            "panel": {"sizes": [100], "price_year": year, "mix": {category: 1.0}},
            "turnover": {"annual": max(calibration.default("mortality").values())},
            "arrangements": [{"name": "mssp_basic_a"}],
        }
    )
    moments = slot_moments(slot_laws(scenario)[category])
    return moments.truncated_mean / moments.mean


def _heading(history: History, own: OwnHistory) -> Iterator[str]:
    figures = history.row.figures
    name, arrangement = _plain(history.name), arrangements.load(figures.arrangement)
    yield f"# {name} ({_plain(figures.aco)}), performance year {figures.year}, as CMS published it:"
    yield f"# {_plain(history.row.file)}, row {history.row.line}. Written by `simdce import-aco`."
    yield "#"
    yield "# Published, by category. Dollars are truncated, per person-year; a dash is masked or not published."
    yield "#"
    yield f"# {'':<15}{'dollars per person-year':>38}  {'risk score':>30}  {'person-years':>16}"
    costs, risks = ("".join(f"{period:>{width}}" for period in PERIODS) for width in (9, 7))
    yield f"# {'':<15}{costs}    {risks}    " + "".join(f"{period:>9}" for period in PERIODS[-2:])
    for category in calibration.CATEGORIES:
        costs = "".join(f"{_shown(history.per_capita[category, period], ',.0f'):>9}" for period in PERIODS)
        risks = "".join(f"{_shown(history.risk_score[category, period], '.3f'):>7}" for period in PERIODS)
        years = "".join(f"{_shown(history.person_years_of[category, each], ',.0f'):>9}" for each in PERIODS[-2:])
        yield f"# {category:<15}{costs}    {risks}    {years}"
    yield "#"
    weights = ", ".join(f"{weight:.3g}" for weight in own.weights)
    yield f"# Weights of BY1 to BY3: {weights} (agreement number {history.agreement_number})."
    yield ""
    yield f"title = {_text(f'{name[:60]} ({_plain(figures.aco)}), {figures.year}')}"
    yield "description = " + _text(
        f"{arrangement.title}, agreement from {_agreement_start(figures)}. The law of a year's result for an ACO with "
        "this size, mix, history and benchmark, beside the result that CMS published."
    )
    yield f"worlds = {WORLDS}"
    yield "seed = 1"
    yield ""


def _panel(history: History, own: OwnHistory) -> Iterator[str]:
    figures = history.row.figures
    yield "[panel]"
    years = f"{history.person_years:,.0f} person-years in the performance year"
    yield f"sizes = [{figures.assigned_beneficiaries:.0f}]  # assigned beneficiaries; {years}"
    yield f"price_year = {figures.year}"
    yield "# Shares of person-years in the performance year; the model keeps size and mix through all years."
    yield f"mix = {_inline({name: round(share, 7) for name, share in own.mix.items()})}"
    yield ""


def _years(figures: Figures, after: PublishedRow | None, *, follows: bool, two_years: bool) -> Iterator[str]:
    start = _agreement_start(figures)
    yield "# Baseline years are the three calendar years before the agreement."
    if not two_years:
        yield f"# One performance year: {figures.year + 1} is under another agreement, with a benchmark of its own."
    elif not follows:
        yield f"# {figures.year + 1} is assumed to keep this benchmark and track; none of the files holds its result."
    elif after is not None:
        yield f"# {figures.year + 1} is simulated with this benchmark and track."
    if two_years:
        yield f"# Cost grows to {figures.year + 1} by the default trend, which sets the level of its dollars only."
    yield "[years]"
    yield f"first_performance_year = {figures.year}"
    yield f"performance = {2 if two_years else 1}"
    yield "baseline = 3"
    yield f"gap = {figures.year - start}"
    yield ""


def _costs(own: OwnHistory, means: Mapping[str, float]) -> Iterator[str]:
    yield from _comment(
        "What the ACO's own history says its people cost in the performance year: BY1 and BY2 brought to BY3 by the "
        f"risk-adjusted growth of the {own.peers} ACOs in the file whose agreement began in the same year, and by the "
        "ACO's own risk scores; weighted; then brought to the performance year by CMS's own update of this benchmark "
        f"(x {own.update:.5f}: its trend, risk adjustment and change of mix). The means below are untruncated; "
        "truncated at the 99th percentile of their calibrated law they give the dollars named."
    )
    for name in means:
        grown = ", ".join(f"{each:.4f}" for each in own.growth[name][:-1])
        costs = f"history {own.per_capita[name]:,.0f} in BY3, {own.expected[name]:,.0f} now"
        yield f"# {name}: growth BY1, BY2 to BY3 {grown}; {costs}"
    if own.filled:
        yield from _comment(f"Masked, taken from those ACOs' average: {', '.join(own.filled)}.")
    if own.masked:
        yield from _comment(
            f"Masked person-years are counted as {MASKED_PERSON_YEARS} in BY3; in PY they share what the published "
            "total leaves them."
        )
    for name, mean in means.items():
        yield f"[cost.{name}]"
        yield 'law = "calibrated"'
        yield f"mean = {mean}"
    yield ""


def _benchmark(history: History, own: OwnHistory) -> Iterator[str]:
    historical, updated = f"{history.historical_benchmark:,.0f}", f"{history.updated_benchmark:,.0f}"
    yield from _comment(
        f"Published benchmark per person-year: historical {historical} (BY3), updated {updated}. The ACO's own history "
        f"averages {own.average:,.2f} in BY3. What lies between is carried over as one factor: regional adjustment, "
        "prior savings, and what CMS's baseline trend adds to the growth of ACOs. The simulated regional adjustment is "
        "off. Without true savings the law's mean savings rate is about 1 - 1/to_own_history: "
        f"{100 * (1 - 1 / own.benchmark_to_own):.2f}%."
    )
    yield "[benchmark]"
    yield f"to_own_history = {own.benchmark_to_own:.6f}"
    yield "regional_weight = 0.0"
    yield ""


def _savings(true_savings: float, saved: float, acos: int) -> Iterator[str]:
    yield from _comment(
        "No true savings beyond CMS's update: what the ACO did better or worse is what the comparison shows."
        if true_savings == 0.0
        else "True savings beyond CMS's update, as asked for."
    )
    yield from _comment(
        f"The {acos} ACOs of the file saved {100 * saved:.2f}% of cost on average beyond history and CMS's update: "
        f"with true = {saved:.4f} the law is that of an average ACO, and the comparison is with those."
    )
    yield "[savings]"
    yield f"true = {true_savings!r}"
    yield ""
    yield from _comment(
        "Annual shocks and a lasting difference between ACO and benchmark, at their calibrated sizes; the second also "
        "holds how much ACOs differ in true performance. 'none' leaves the luck of who fell ill alone. Results of 60 "
        "ACOs each of 2016, 2018, 2022 and 2024 scattered 1.3 to 1.5 times as wide as such laws."
    )
    yield "[shocks]"
    yield 'preset = "forecast"'
    yield ""


def _arrangement(history: History) -> Iterator[str]:
    figures = history.row.figures
    arrangement = arrangements.load(figures.arrangement)
    elected = elections_of(figures, arrangement)
    guardrail = elected.pop("overrides", None) is not None
    if figures.quality_score is not None:
        elected["quality_score"] = min(figures.quality_score.value, 1.0)
    elected["agreement_number"] = history.agreement_number
    elected["agreement_start"] = _agreement_start(figures)
    yield "[[arrangements]]"
    yield f"name = {_text(figures.arrangement)}"
    yield "[arrangements.elections]"
    rate = figures.minimum_savings_rate
    for name, value in elected.items():
        published = f"  # published gate {100 * rate.value:g}%" if name == "minimum_savings_rate" and rate else ""
        yield f"{name} = {_value(value)}{published}"
    if "loss_limit_of_revenue" in arrangement.terms:
        yield from _comment(
            "A loss may also be limited by participants' revenue, which CMS does not publish "
            "(participant_revenue_share)."
        )
    if figures.disaster_adjustment > 0.0:
        forgiven = f"${figures.disaster_adjustment:,.0f}"
        yield f"# CMS forgave {forgiven} of loss for extreme and uncontrollable circumstances; not simulated."
    if guardrail:
        yield "# CMS replaced this benchmark by one without its prospective trend (guardrail); not simulated."
    yield ""


def _observed(row: PublishedRow, *, changed: bool = False) -> Iterator[str]:
    figures = row.figures
    if changed:
        yield f"# The payment of {figures.year} is by another track: {figures.arrangement}."
    yield "[[observed]]"
    yield f"year = {figures.year}"
    yield f"benchmark = {figures.benchmark!r}"
    yield f"expenditure = {figures.expenditure!r}"
    yield f"payment = {row.payment!r}"
    yield f"source = {_text(f'CMS Shared Savings Program results, {_plain(row.file)}, row {row.line}')}"
    yield ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 112, initial_indent="# ", subsequent_indent="# ")


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _plain(text: str) -> str:
    """Text for one line: nothing a terminal would act on."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _value(value: Any) -> str:
    return _text(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)


def _inline(values: Mapping[str, float]) -> str:
    return "{ " + ", ".join(f"{name} = {value:.7f}" for name, value in values.items()) + " }"
