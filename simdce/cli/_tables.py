"""The answers as compact tables for a terminal, every figure with its standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simdce.assumptions import cautions
from simdce.results import AGREEMENT, DIFFERENCES, METRICS, QUARTILES, VarianceSaved, headline_size
from simdce.wording import UNKNOWN, money, people, percent, with_error

if TYPE_CHECKING:
    from simdce.run import Answers
    from simdce.studies.comparison import Comparison

MOST_SIZES = 3
UNATTENDED_WIDTH = 150
WORTH_TELLING = 1.1
"""What a control must save before the terminal says so."""
VIABILITY_MEANING = (
    "A size to the person comes from the exact law, in brackets its range over the inputs, one at a time; "
    "“about” a size comes from the simulation, in brackets its 95% interval."
)
FAMILIAR_SIZES = (5_000, 15_000)
"""The minimum panel of most programmes, and the size about which everybody asks."""


def print_answers(answers: Answers) -> None:
    """Payment, viability and repayment tables of a run."""
    console = wide_console()
    scenario = answers.scenario
    console.print(f"\n{scenario.title}", style="bold")
    console.print(
        f"{scenario.worlds:,} worlds, seed {scenario.seed}, digest {answers.panels.digest[:12]}; "
        "± is one standard error of the simulation; dollars are net payments to the ACO, minus when it owes"
    )
    for size in shown_sizes(answers.panels.panel_sizes):
        console.print(_payments(answers, size))
    if len(answers.panels.panel_sizes) > 1 or any(curve.exact is not None for curve in answers.viability):
        console.print(_viability(answers))
        console.print(VIABILITY_MEANING)
    if answers.comparison is not None:
        console.print(_comparison(answers.comparison, answers.scenario.years.performance))
    if answers.practice is not None:
        from simdce.cli._practice import practice_tables

        for table in practice_tables(answers.practice, scenario.years.performance):
            console.print(table)
    if answers.growth is not None:
        from simdce.cli._growth import growth_tables

        for table in growth_tables(answers.growth):
            console.print(table)
    for size in shown_sizes(answers.panels.panel_sizes):
        if any(answer.panel_size == size for answer in answers.repayment):
            console.print(_repayment(answers, size))
    if answers.security or answers.cash:
        from simdce.cli._cash import cash_tables, security_tables

        shown = (*shown_sizes(answers.panels.panel_sizes), *(scenario.practice.people if scenario.practice else ()))
        for table in (*security_tables(answers.security, shown), *cash_tables(answers.cash, shown)):
            console.print(table)
    for size in shown_sizes(answers.panels.panel_sizes):
        if any(each.panel_size == size for each in answers.observed):
            console.print(_observed(answers, size))
    if answers.drivers:
        from simdce.cli._drivers import driver_tables

        for table in driver_tables(answers.drivers):
            console.print(table)
    if any(each.ratio >= WORTH_TELLING for each in _saved(answers)):
        console.print(_variance_saved(answers))
    for told in dict.fromkeys(each.sentence for each in answers.observed):
        console.print(told)
    for note in cautions(scenario):
        console.print(as_note(note))


def _saved(answers: Answers) -> list[VarianceSaved]:
    """What the control saved at the size that answers open with."""
    size = headline_size(answers.panels.panel_sizes)
    return [each for each in answers.variance_saved if each.panel_size == size]


def _variance_saved(answers: Answers) -> str:
    """The same in a line, least and most."""
    size = headline_size(answers.panels.panel_sizes)
    saved = sorted((each.ratio, each.arrangement) for each in _saved(answers))
    least, most = (f"{people(ratio)} times the worlds ({key})" for ratio, key in (saved[0], saved[-1]))
    worth = least if len(saved) == 1 else f"{least} to {most}"
    return f"Mean of all years at {size:,} people: the exact law as control variate is worth {worth}."


def wide_console() -> Console:
    """A console as wide as the terminal, or wide enough for a table where the output goes to a file."""
    console = Console(highlight=False, markup=False, emoji=False)  # a title may hold brackets
    if not console.is_terminal:
        console.width = UNATTENDED_WIDTH
    return console


def as_note(text: str) -> Text:
    """A caution, marked as such."""
    return Text.assemble(("Note: ", "yellow"), text)


def shown_sizes(sizes: tuple[int, ...]) -> list[int]:
    """The sizes worth a table of their own: all of a few, else the familiar ones and the largest."""
    if len(sizes) <= MOST_SIZES:
        return list(sizes)
    nearest = [min(sizes, key=lambda size: abs(size - wanted)) for wanted in FAMILIAR_SIZES]
    return sorted({*nearest, sizes[-1]})


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="bold", pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _unbroken(text: str) -> str:
    """``text`` with spaces at which no line breaks."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _payments(answers: Answers, size: int) -> Table:
    last = answers.performance_years[-1]
    years = answers.scenario.years.performance
    table = _table(
        f"\n{size:,} people: {last} alone, and {years} performance years together",
        "arrangement",
        f"paid {last}",
        f"owing {last}",
        f"mean {last}",
        "mean, all years",
        "1 in 20 below",
        "1 in 20 above",
        "paid, saving nothing",
    )

    shown = (
        *((last, metric) for metric in ("chance_paid", "chance_owing", "mean_net")),
        *((AGREEMENT, metric) for metric in ("mean_net", "net_p5", "net_p95")),
        (last, "chance_false_reward"),
    )
    for choice in answers.scenario.arrangements:
        figures = (
            with_error(answers.estimate(choice.key, size, year, metric), METRICS[metric].unit) for year, metric in shown
        )
        table.add_row(choice.key, *map(_unbroken, figures))
    return table


def _observed(answers: Answers, size: int) -> Table:
    table = _table(
        f"\n{size:,} people: what happened beside the law of the savings rate",
        "arrangement",
        "year",
        "measured",
        "payment",
        *(f"{100 * probability:g}%" for probability in QUARTILES),
        "chance of no more",
    )
    for each in answers.observed:
        if each.panel_size == size:
            payment = each.observed.payment
            table.add_row(
                each.arrangement,
                str(each.observed.year),
                percent(each.observed.savings_rate, digits=2),
                UNKNOWN if payment is None else money(payment),
                *(_unbroken(with_error(rate, "fraction")) for rate in each.percentiles),
                _unbroken(with_error(each.at_or_below, "probability")),
            )
    return table


def _comparison(compared: Comparison, years: int) -> Table:
    from simdce.studies.break_even import ALWAYS
    from simdce.studies.comparison import distinguishable

    table = _table(
        f"\n{compared.panel_size:,} people, on the same worlds, all {years} years together: against {compared.against}",
        "arrangement",
        "pays more (less)",
        "a person and year",
        "pays more in",
        "1 in 20 below",
        "breaks even at true savings",
        "pays more at true savings",
    )
    for found in compared.break_even:
        if found.against is not None:
            continue
        key, figures = found.arrangement, ["–"] * 4
        if key != compared.against:
            shown = ("mean_difference", "mean_difference_per_person_year", "chance_more", "net_p5_difference")
            estimates = [compared.difference(key, metric) for metric in shown]
            figures = [
                _unbroken(with_error(each, DIFFERENCES[metric].unit))
                for metric, each in zip(shown, estimates, strict=True)
            ]
            if not distinguishable(estimates[0]):
                figures[0] = "not distinguishable"
        more = "–" if key == compared.against else compared.crossings(key, compared.against).text
        table.add_row(key, *figures, found.text.replace(ALWAYS, "from 0%"), more)
    return table


def _viability(answers: Answers) -> Table:
    conditions = list(dict.fromkeys(curve.text for curve in answers.viability))
    table = _table("\nSmallest panel at which a stated confidence holds", "arrangement", *conditions)
    for choice in answers.scenario.arrangements:
        cells = []
        for curve in answers.viability:
            if curve.arrangement == choice.key:
                narrow = not curve.range_text or curve.range_text == curve.size_text
                cells.append(curve.size_text if narrow else f"{curve.size_text} ({curve.range_text})")
        table.add_row(choice.key, *cells)
    return table


def _repayment(answers: Answers, size: int) -> Table:
    found = [answer for answer in answers.repayment if answer.panel_size == size]
    confidences = found[0].confidences
    table = _table(
        f"\n{size:,} people: to be set aside for losses over the agreement",
        "arrangement",
        "the rule asks",
        "enough, worst year",
        "enough, agreement",
        *(f"needed at {100 * confidence:g}%" for confidence in confidences),
    )
    for answer in found:
        table.add_row(
            answer.arrangement,
            money(answer.rule.amount),
            percent(answer.enough_worst_year.value, answer.enough_worst_year.standard_error),
            percent(answer.enough_agreement.value, answer.enough_agreement.standard_error),
            *(_unbroken(with_error(needed, "dollars")) for needed in answer.needed_agreement),
        )
    return table
