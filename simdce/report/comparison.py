"""The contracts side by side: one against another on the same worlds, in words, one table and one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simdce import plots
from simdce.metrics import Estimate
from simdce.plots.style import TEXT
from simdce.report.differences import NOT_DISTINGUISHABLE
from simdce.report.exhibits import Cell, cell, chance_cell
from simdce.report.figures import Figure
from simdce.report.laws import Law
from simdce.report.names import listed
from simdce.report.verdict import choices
from simdce.run import Answers
from simdce.studies.break_even import ALIKE, ALWAYS, LARGEST_SAVINGS, NEVER, BreakEven
from simdce.studies.comparison import Comparison, distinguishable
from simdce.wording import money, percent

WORTH_TELLING = 1.5
"""How much nearer than from separate simulations a difference must be known before the page says so."""

_MOST_RIVALS = 3
_MOST_LINES = 7
_SURE = 0.95
_MOST = percent(LARGEST_SAVINGS, digits=0)


@dataclass(frozen=True)
class SideBySide:
    """The section: ``against`` is the contract that the others are held against; cells of ``rows`` as the headings."""

    against: str
    sentences: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[Law, tuple[Cell, ...]], ...]
    figure: Figure
    known_better: str
    beyond: str


def side_by_side(answers: Answers, laws: Sequence[Law]) -> SideBySide | None:
    """The section, or None where all contracts give the same result in every world."""
    compared = answers.comparison
    if compared is None or len(laws) < 2:
        return None
    base = next(law for law in laws if compared.against in law.keys)
    others = [law for law in laws if law is not base]
    rivals = _rivals(base, others)
    years = base.net.shape[1]
    return SideBySide(
        against=base.name,
        sentences=(_money(compared, base, rivals), _savings(compared, base, rivals), _capital(base, rivals)),
        headings=(
            "Pays more (less) a year",
            "Pays more in",
            "Worst in 20, " + ("one year" if years == 1 else f"{years} years together"),
            "Breaks even at true savings",
            "Pays more at true savings",
            "By rule alone, pays more at savings",
            "To hold by rule",
            "Falls short in",
            f"Enough in {percent(_SURE, digits=0)}",
        ),
        rows=tuple((law, _cells(compared, law, law is base)) for law in (base, *others)),
        figure=_figure(answers, compared, base, others),
        known_better=_known_better(compared, others),
        beyond=_beyond(answers, laws),
    )


def _rivals(base: Law, others: Sequence[Law]) -> list[Law]:
    """The contracts that sentences speak of: another programme's before those of the same."""
    admitted = [law for law in others if law in choices(others)]
    programme = base.rules.programme.partition(",")[0]
    foreign = [law for law in admitted if law.rules.programme.partition(",")[0] != programme]
    return (foreign or admitted)[:_MOST_RIVALS]


# Cells --------------------


def _cells(compared: Comparison, law: Law, is_base: bool) -> tuple[Cell, ...]:
    alone = Cell(*_split(_breaks_even(compared.crossings(law.keys[0], None))))
    if is_base:
        nought = Cell("–")
        return nought, nought, nought, alone, nought, nought, *_held(law)
    key, years = law.keys[0], law.net.shape[1]
    more = compared.difference(key, "mean_difference")
    each = compared.difference(key, "mean_difference_per_person_year")
    chance = compared.difference(key, "chance_more")
    alike = compared.difference(key, "chance_alike")
    worst = compared.difference(key, "net_p5_difference")
    rule = next(r for r in compared.by_rule if (r.arrangement, r.against) == (key, compared.against))
    return (
        _judged(_a_year(more, years), f"{money(each.value, each.standard_error)} a person"),
        Cell(chance_cell(chance).value, f"alike in {chance_cell(alike).value}" if alike.value > 0 else ""),
        _judged(worst, ""),
        alone,
        Cell(*_split(compared.crossings(key, compared.against).text)),
        Cell(*_split(rule.text)),
        *_held(law),
    )


def _judged(difference: Estimate, also: str) -> Cell:
    figure = cell(difference, "dollars")
    if difference == Estimate(0.0, 0.0):
        return Cell("the same")
    if not distinguishable(difference):
        return Cell(NOT_DISTINGUISHABLE, f"{figure.value} ± {figure.error}")
    return Cell(_signed(figure.value), f"± {figure.error}" + (f"; {also}" if also else ""))


def _signed(amount: str) -> str:
    return amount if amount.startswith(("−", "$0", "–")) else f"+{amount}"


def _a_year(amount: Estimate, years: int) -> Estimate:
    return Estimate(amount.value / years, amount.standard_error / years)


def _held(law: Law) -> tuple[Cell, Cell, Cell]:
    """What must be held for losses, how often it falls short of the worst year, and what covers that year."""
    answer = law.repayment
    if answer is None:
        return Cell("nothing"), Cell("never" if law.never_owes else "–"), Cell("$0")
    nearest = int(np.argmin(np.abs(np.array(answer.confidences) - _SURE)))
    return Cell(money(answer.rule.amount)), _with_error(_short(law)), _dollars(answer.needed_worst_year[nearest])


def _with_error(chance: Estimate) -> Cell:
    found = cell(chance, "probability")
    return Cell(found.value, f"± {found.error}" if found.error else "")


def _dollars(amount: Estimate) -> Cell:
    found = cell(amount, "dollars")
    return Cell(found.value, f"± {found.error}" if found.error else "")


# Rates --------------------


def _breaks_even(found: BreakEven) -> str:
    return {ALWAYS: "from 0%", ALIKE: "moves no money"}.get(found.text, found.text)


def _split(words: str) -> tuple[str, str]:
    """The figure and, where there is one figure alone, its error for the line below."""
    value, plus, error = words.partition(" ± ")
    return (value, f"± {error}") if plus and "±" not in error and " and " not in error else (words, "")


# Sentences --------------------


def _money(compared: Comparison, base: Law, rivals: Sequence[Law]) -> str:
    told = []
    for law in rivals:
        key, years = law.keys[0], law.net.shape[1]
        more = _a_year(compared.difference(key, "mean_difference"), years)
        each = compared.difference(key, "mean_difference_per_person_year")
        chance = chance_cell(compared.difference(key, "chance_more")).value
        if not distinguishable(more):
            told.append(f"{law.spoken} is {NOT_DISTINGUISHABLE} from it on average")
            continue
        amount = money(abs(more.value), more.standard_error)
        person = money(abs(each.value), each.standard_error)
        word, and_ = ("more", "and") if more.value > 0 else ("less", "but")
        told.append(f"{law.spoken} pays {amount} a year {word} ({person} a person), {and_} more in {chance} of worlds")
    return f"Held against {base.spoken} on the same worlds, {'; '.join(told)}."


def _savings(compared: Comparison, base: Law, rivals: Sequence[Law]) -> str:
    told = []
    for law in rivals:
        spans = compared.crossings(law.keys[0], compared.against).text
        whole = {ALWAYS: f"at any true savings up to {_MOST}", NEVER: f"at no true savings up to {_MOST}"}
        told.append(f"{law.spoken} pays {'the same' if spans == ALIKE else f'more {whole.get(spans, spans)}'}")
    return (
        f"With other true savings, the same every year, against {base.spoken}: {'; '.join(told)}. "
        "What care management costs is not counted."
    )


def _capital(base: Law, rivals: Sequence[Law]) -> str:
    told, explained = [], False
    for law in (base, *rivals):
        hold, _, enough = _held(law)
        if law.repayment is None:
            told.append(f"{law.spoken} nothing")
            continue
        told.append(
            f"{law.spoken} {hold.value}, less than the loss of the worst year in {chance_cell(_short(law)).value} of "
            f"worlds ({enough.value} would cover it in {percent(_SURE, digits=0)})"
            if not explained
            else f"{law.spoken} {hold.value}, too little in {chance_cell(_short(law)).value} ({enough.value})"
        )
        explained = True
    return f"The rules ask to hold for losses: {'; '.join(told)}."


def _short(law: Law) -> Estimate:
    assert law.repayment is not None
    enough = law.repayment.enough_worst_year
    return Estimate(1.0 - enough.value, enough.standard_error)


def _known_better(compared: Comparison, others: Sequence[Law]) -> str:
    """How much the same worlds sharpen the differences: "2 to 21 times"; empty where controls leave them nothing."""
    gains = []
    for law in others:
        paired = compared.difference(law.keys[0], "mean_difference").standard_error
        apart = compared.difference(law.keys[0], "mean_difference_unpaired").standard_error
        if paired > 0:
            gains.append(apart / paired)
    if max(gains, default=0.0) < WORTH_TELLING:
        return ""
    low, high = f"{min(gains):.0f}", f"{max(gains):.0f}"
    return low if low == high else f"{low} to {high}"


def _beyond(answers: Answers, laws: Sequence[Law]) -> str:
    """Contracts whose numbers change after the years simulated and before their agreement ends, in a sentence."""
    years = answers.scenario.years.performance_years
    told: dict[str, list[str]] = {}
    for choice in answers.scenario.arrangements:
        for law in laws:
            if choice.key != law.keys[0]:
                continue
            start = choice.elections.agreement_start or years[0]
            end = min(start + law.rules.agreement_years - 1, law.rules.last_year or start + law.rules.agreement_years)
            changing = [
                name.replace("_", " ")
                for name, term in {**law.rules.terms, **law.rules.benchmark}.items()
                if term.by == "calendar_year"
                and name not in choice.elections.overrides
                and any(years[-1] < (entry.first_year or 0) <= end for entry in term.entries)
            ]
            if changing:
                told.setdefault(f"({listed(changing)}; agreement to {end})", []).append(law.spoken)
    if not told:
        return ""
    changes = "; ".join(f"{listed(names)} {what}" for what, names in told.items())
    return (
        f"Only {years[0]} to {years[-1]} are simulated. Numbers that change later: {changes}; "
        "of all columns only “by rule alone” follows them."
    )


def _figure(answers: Answers, compared: Comparison, base: Law, others: Sequence[Law]) -> Figure:
    chosen = choices([base, *others])
    shown = [law for law in others if law in chosen] or list(others)
    drawn, left = shown[: _MOST_LINES - 1], shown[_MOST_LINES - 1 :]
    keys = [law.keys[0] for law in drawn]
    called = {compared.against: base.name, **{law.keys[0]: law.name for law in drawn}}
    years = answers.scenario.years.performance
    figure = plots.new_figure(10.0, 4.9)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.76, bottom=0.1, wspace=0.2)
    first, second = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    plots.net_by_true_savings(compared, years, arrangements=keys, names=called, ax=first)
    plots.difference_by_true_savings(compared, years, arrangements=keys, names=called, ax=second)
    handles, names = first.get_legend_handles_labels()
    told = figure.legend(
        handles, names, loc="upper left", bbox_to_anchor=(0.03, 1.0), ncols=3, frameon=False, fontsize=TEXT
    )
    for text in told.get_texts():
        text.set_parse_math(False)
    title = "What true savings decide"
    caption = (
        "Dollars of the whole contract. Diamonds: where a contract breaks even (left), and where it pays what "
        f"{base.name} pays (right, the zero line). Bands on the right, mostly thinner than the lines: two standard "
        "errors either way of the difference on the same worlds."
    )
    if left:
        caption += f" Not drawn: {listed(law.name for law in left)}."
    return Figure(title, caption, plots.svg(figure, f"{title}: {_described(compared, drawn)}"))


def _described(compared: Comparison, laws: Sequence[Law]) -> str:
    return "; ".join(f"{law.name} {compared.crossings(law.keys[0], compared.against).text}" for law in laws)
