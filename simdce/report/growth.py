"""When do we cross 15,000? Growth in plain words: when, who comes and goes, what it brings, what one practice adds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simdce import plots
from simdce.growth.defaults import default
from simdce.metrics import Estimate
from simdce.report.exhibits import Cell, Exhibit, cell
from simdce.report.figures import Figure
from simdce.report.names import listed
from simdce.run import Answers
from simdce.scenario.growth import Growth
from simdce.studies.comparison import distinguishable
from simdce.studies.growth import GrowthAnswers
from simdce.wording import UNKNOWN, heads, money, percent

_ALMOST = 0.995
_NAMES = {
    "death": "died",
    "medicare_advantage": "to Medicare Advantage",
    "moved_or_ineligible": "moved or ineligible",
    "provider_left": "their doctor left",
    "lost_plurality": "to other doctors, or no visit",
}
"""What a table calls a cause of leaving."""


@dataclass(frozen=True)
class GrowthPassage:
    """The section: sentences, the fan chart, and tables of people, of who comes and goes, and of dollars."""

    title: str
    sentences: tuple[str, ...]
    figure: Figure
    exhibits: tuple[Exhibit, ...]


def growth_passage(answers: Answers, arrangement: str, called: dict[str, str]) -> GrowthPassage | None:
    """The section, its dollars first under the arrangement of the given key; None where the scenario has no growth."""
    found, growth = answers.growth, answers.scenario.growth
    if found is None or growth is None:
        return None
    mark = found.marks[-1]
    return GrowthPassage(
        f"When do we cross {mark:,} people?",
        (
            _headline(found, mark),
            *(_crossing(found, plan, mark) for plan in found.plans),
            _losses(found),
            *_voluntary(found),
            *_minimum(found, called),
            *_brings(found, arrangement, called[arrangement]),
            *_one_more(found, growth, arrangement, called[arrangement]),
        ),
        _figure(found, arrangement, called[arrangement]),
        (_people(found), _flows(found), *(_payments(found, growth, key, called[key]) for key in found.minimum)),
    )


def _headline(found: GrowthAnswers, mark: int) -> str:
    """The answer in a sentence: the plan that crosses most often, and its year."""
    chances = {plan: found.crossed_by(plan, mark) for plan in found.plans}
    plan = max(chances, key=lambda each: chances[each][-1])
    by_year, last = chances[plan], found.years[-1]
    if by_year[-1] == 0:
        return f"Not by {last}{' under any of these plans' if len(found.plans) > 1 else ''}."
    middle = _middle_year(found, by_year)
    if middle is None:
        earliest = next(year for year, chance in zip(found.years, by_year, strict=True) if chance > 0)
        start = "" if earliest == found.years[0] else f", in no world before {earliest}"
        return (
            f"Probably not by {last}: even “{plan}” gets there by then in only {_chance(_crossed(found, plan, mark))} "
            f"of worlds{start}."
        )
    return (
        f"In {middle} in the middle case with “{plan}”; by {last} in {_chance(_crossed(found, plan, mark))} of worlds."
    )


def _middle_year(found: GrowthAnswers, by_year: tuple[float, ...]) -> int | None:
    return next((year for year, chance in zip(found.years, by_year, strict=True) if chance >= 0.5), None)


def _crossed(found: GrowthAnswers, plan: str, mark: int) -> Estimate:
    never = found.estimate(plan, f"chance_never_{mark}")
    return Estimate(1.0 - never.value, never.standard_error)


def _crossing(found: GrowthAnswers, plan: str, mark: int) -> str:
    crossed = _crossed(found, plan, mark)
    last, by_year = found.years[-1], found.crossed_by(plan, mark)
    mean = heads(Estimate(found.estimate(plan, "mean_people", last).value, 10.0)).partition(" ± ")[0]
    told = f"“{plan}”: about {mean} people in {last} on average. "
    if crossed.value == 0:
        return told + f"No simulated world reaches {mark:,} by then."
    if by_year[0] > _ALMOST:
        return told + f"The panel has {mark:,} from {found.years[0]} on."
    told += f"{mark:,} is reached by {last} in {_chance(crossed)} of worlds"
    middle = _middle_year(found, by_year)
    told += f", in the middle case in {middle}" if middle is not None else ""
    stands = found.estimate(plan, f"chance_at_least_{mark}", last)
    lost = crossed.value - stands.value
    told += f"; in {_chance(stands)} the panel still stands there in {last}" if lost > 0.005 else ""
    return f"{told}."


def _losses(found: GrowthAnswers) -> str:
    plan, year = found.plans[0], found.years[0]
    left, new = (found.estimate(plan, f"mean_{name}", year).value for name in ("left", "replaced"))
    causes = sorted(found.causes, key=lambda cause: -found.estimate(plan, f"mean_left_{cause}", year).value)
    told = listed(f"{found.estimate(plan, f'mean_left_{cause}', year).value:,.0f} {_cause(cause)}" for cause in causes)
    return (
        f"Of those there in {year} about {left:,.0f} are gone a year later ({told}); about {new:,.0f} others take "
        "their places without anybody asking them."
    )


def _voluntary(found: GrowthAnswers) -> Iterator[str]:
    """How far the plans lean on people who sign by themselves, beside what has been seen of that."""
    year, seen = found.years[-1], default("voluntary_share_seen")
    counts = {plan: found.estimate(plan, "mean_voluntary", year).value for plan in found.plans}
    plan = max(counts, key=lambda each: counts[each])
    if counts[plan] > 0:
        share = counts[plan] / found.estimate(plan, "mean_people", year).value
        yield (
            f"“{plan}” counts on {counts[plan]:,.0f} people ({percent(share)}) who have chosen the group themselves by "
            f"{year}. In the Shared Savings Program of 2024 only {percent(seen['mean'])} had done that and nothing "
            f"else aligned them; the highest share of any group, others included, was {percent(seen['largest'])}."
        )


def _minimum(found: GrowthAnswers, called: dict[str, str]) -> Iterator[str]:
    worst = [
        (found.estimate(plan, "chance_below_minimum", arrangement=key), plan, key)
        for key, least in found.minimum.items()
        if least is not None
        for plan in found.plans
    ]
    if not worst:
        return
    chance, plan, key = max(worst, key=lambda each: each[0].value)
    if chance.value == 0:
        asked = listed(f"{n:,}" for n in sorted({n for n in found.minimum.values() if n is not None}))
        yield f"In no simulated world does the panel fall below the minimum of {asked} people."
        return
    cost = found.estimate(plan, "mean_lost_below_minimum", arrangement=key)
    ended = found.estimate(plan, "chance_ended", arrangement=key)
    yield (
        f"Under “{plan}” the panel falls below the {found.minimum[key]:,} people that {called[key]} asks for in "
        f"{_chance(chance)} of worlds. Medicare warns first and then ends the agreement, which happens in "
        f"{_chance(ended)}; that costs {_amount(cost)} over all years, on average."
    )


def _brings(found: GrowthAnswers, key: str, called: str) -> Iterator[str]:
    first, years = found.plans[0], len(found.years)
    for plan in found.plans[1:]:
        mean = found.estimate(plan, "mean_difference", arrangement=key)
        tail = found.estimate(plan, "net_p5_difference", arrangement=key)
        if not distinguishable(mean):
            yield f"Under {called}, “{plan}” cannot be told from “{first}” by what it brings on average."
            continue
        more = "more" if mean.value > 0 else "less"
        told = f"Under {called}, “{plan}” brings {_amount(mean, signed=False)} {more} than “{first}” over {years} years"
        if distinguishable(tail):
            told += f"; the worst five-year result in twenty is {_amount(tail, signed=False)} "
            told += "better" if tail.value > 0 else "worse, since a larger panel also has more to lose"
        yield f"{told}. What growing costs is not counted.".replace("five-year", "overall")


def _one_more(found: GrowthAnswers, growth: Growth, key: str, called: str) -> Iterator[str]:
    if growth.one_more is None:
        return
    plan = found.plans[-1]
    mean, tail = (found.estimate(plan, f"one_more_{what}", arrangement=key) for what in ("mean", "p5"))
    person = mean.value / growth.one_more.people, mean.standard_error / growth.one_more.people
    since = growth.one_more.year or found.years[0]
    told = f"One more practice of {growth.one_more.people:,} people from {since} on is worth {_amount(mean)}"
    told += f" under {called} and “{plan}” over all years, {money(*person)} for each of its people"
    if distinguishable(tail):
        told += f"; the worst overall result in twenty becomes {_amount(tail, signed=False)} "
        told += "better" if tail.value > 0 else "worse"
    yield f"{told}."


def _figure(found: GrowthAnswers, key: str, called: str) -> Figure:
    figure = plots.growth_fans(found, key, name=called)
    last = found.years[-1]

    def people(plan: str, percentile: str) -> str:
        return f"{found.estimate(plan, f'people_p{percentile}', last).value:,.0f}"

    told = "; ".join(
        f"{plan}: {people(plan, '50')} people in {last}, 95% of worlds between {people(plan, '2.5')} and "
        f"{people(plan, '97.5')}"
        for plan in found.plans
    )
    title = "People, and what the contract pays, year by year"
    caption = (
        f"Above people of the year, below the net payment of the year under {called}; minus is owed. The line is the "
        "middle world, the bands hold half, 80% and 95% of worlds. Plans meet the same worlds."
    )
    if len(found.plans) > 4:
        caption += " The first four plans; the others are in the tables."
    return Figure(title, caption, plots.svg(figure, f"{title}: {told}"))


def _people(found: GrowthAnswers) -> Exhibit:
    headings = ("", "average", "1 world in 10 below", "middle", "1 world in 10 above")
    marks = tuple(f"{mark:,} or more" for mark in found.marks)
    first = f"first year at {found.marks[-1]:,}"
    sections = tuple(
        (plan, tuple((str(year), _people_cells(found, plan, year)) for year in found.years)) for plan in found.plans
    )
    note = "People of a year: those of its four quarters on average. Chances are shares of simulated worlds."
    return Exhibit("People by year", note, (*headings, *marks, first), sections)


def _people_cells(found: GrowthAnswers, plan: str, year: int) -> tuple[Cell, ...]:
    return (
        _count(found.estimate(plan, "mean_people", year)),
        *(_count(found.estimate(plan, f"people_p{end}", year)) for end in (10, 50, 90)),
        *(cell(found.estimate(plan, f"chance_at_least_{mark}", year), "probability") for mark in found.marks),
        cell(found.estimate(plan, f"chance_first_{found.marks[-1]}", year), "probability"),
    )


def _flows(found: GrowthAnswers) -> Exhibit:
    columns = {
        "mean_joined": "came with a practice",
        "mean_withdrawn": "went with one",
        "mean_signed": "signed",
        "mean_replaced": "places taken again",
        "mean_left": "lost",
        **{f"mean_left_{cause}": _cause(cause) for cause in found.causes},
    }
    sections = tuple(
        (plan, tuple((str(y), tuple(_count(found.estimate(plan, name, y)) for name in columns)) for y in found.years))
        for plan in found.plans
    )
    note = "Average people a year; those lost are gone in the next January, and lost by cause adds up to lost."
    return Exhibit("Who comes and who goes", note, ("", *columns.values()), sections)


def _payments(found: GrowthAnswers, growth: Growth, key: str, called: str) -> Exhibit:
    least, first = found.minimum[key], found.plans[0]
    metrics = {"mean_net": "average", "net_p5": "worst in 20"}
    if len(found.plans) > 1:
        metrics |= {"mean_difference": f"against {first}", "net_p5_difference": "worst in 20, against the same"}
    if least is not None:
        metrics |= {"chance_below_minimum": f"below {least:,} people", "chance_ended": "agreement ended",
                    "mean_lost_below_minimum": "cost of that"}  # fmt: skip
    if growth.one_more is not None:
        metrics |= {"one_more_mean": f"{growth.one_more.people:,} people more", "one_more_p5": "the same, worst in 20"}
    own = {"mean_difference", "net_p5_difference"}

    def cells(plan: str, year: str) -> tuple[Cell, ...]:
        return tuple(
            Cell(UNKNOWN)
            if plan == first and metric in own
            else cell(
                found.estimate(plan, metric, year, key), "probability" if metric.startswith("chance") else "dollars"
            )
            for metric in metrics
        )

    years = [*(str(year) for year in found.years), "agreement"]
    sections = tuple((plan, tuple((year, cells(plan, year)) for year in years)) for plan in found.plans)
    note = "Net payment in dollars, minus is owed; worst in 20: one world in twenty is as bad or worse."
    return Exhibit(f"What growth brings under {called}", note, ("", *metrics.values()), sections)


def _count(estimate: Estimate) -> Cell:
    value, _, error = heads(estimate).partition(" ± ")
    return Cell(value, error)


def _cause(cause: str) -> str:
    return _NAMES.get(cause, cause.replace("_", " "))


def _chance(estimate: Estimate) -> str:
    return percent(estimate.value, max(estimate.standard_error, 0.01) if estimate.value >= 0.01 else 0.001)


def _amount(estimate: Estimate, *, signed: bool = True) -> str:
    return money(estimate.value if signed else abs(estimate.value), estimate.standard_error)
