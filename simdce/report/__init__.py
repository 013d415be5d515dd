"""The report: one self-contained page, words first, then figures, then exhibits, then everything it rests on."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from simdce.arrangements.arrangement import DOUBTFUL
from simdce.assumptions import concerns, not_modelled
from simdce.files import write_whole
from simdce.report.by_size import by_size
from simdce.report.cash import cash_passage
from simdce.report.comparison import side_by_side
from simdce.report.differences import difference_exhibits
from simdce.report.drivers import drivers_passage
from simdce.report.exhibits import cell, chance_cell, checks, exhibits, repayment_exhibit, viability_exhibit
from simdce.report.figures import (
    payment_figure,
    repayment_figure,
    savings_rate_figure,
    size_figures,
    variance_figure,
)
from simdce.report.laws import laws
from simdce.report.names import names, together
from simdce.report.observed import observed_exhibit
from simdce.report.practice import practice_passage
from simdce.report.register import register
from simdce.report.security import security_passage
from simdce.report.size import size_passage
from simdce.report.verdict import choices, verdict
from simdce.results import headline_size
from simdce.run import Answers
from simdce.studies.payment import Lived
from simdce.wording import money, percent

__all__ = ["report_page", "write_report"]

_ROOM = Path(__file__).parent


def write_report(answers: Answers, path: str | Path) -> None:
    """The report of a run at ``path``, whole or not at all; raises InputError where it cannot be written."""
    write_whole(Path(path), report_page(answers).encode("utf-8"))


def report_page(answers: Answers) -> str:
    """The report of a run as one HTML page that needs nothing beside it; equal runs give equal pages."""
    scenario = answers.scenario
    size = headline_size(answers.panels.panel_sizes)
    lived = Lived(scenario, answers.panels, size)
    found = laws(answers, lived)
    lead = max(choices(found), key=lambda law: law.average.value)
    called = names(scenario)
    lines = register(answers.assumptions, called)
    true_savings = [percent(saved) for saved in scenario.savings.by_year(scenario.years.performance)]
    true_savings = true_savings[:1] if len(set(true_savings)) == 1 else true_savings
    return _template().render(
        scenario=scenario,
        size=size,
        sizes=answers.panels.panel_sizes,
        years=scenario.years.performance_years,
        true_savings=true_savings,
        laws=found,
        verdict=verdict(answers, lived, found),
        observed=observed_exhibit(answers.observed, found),
        observed_sentences=_sentences(answers, size),
        compared=side_by_side(answers, found),
        practice=practice_passage(answers, lead.keys[0], called),
        cash=cash_passage(answers, lead.keys[0], size, called),
        security=security_passage(answers, lead.keys[0], size, called),
        drivers=drivers_passage(answers, lead.keys[0], called),
        cautions=_in_words(concerns(scenario), called),
        payment=payment_figure(found),
        savings_rate=savings_rate_figure(found, scenario.observed),
        repayment=repayment_figure(found),
        repayment_table=repayment_exhibit(found),
        size_figures=list(size_figures(answers, found)),
        size_passage=size_passage(answers, lead),
        by_size=by_size(answers, found),
        variance=variance_figure(answers, lead),
        viability_table=viability_exhibit(answers.viability, found),
        exhibits=[*exhibits(answers, found), *difference_exhibits(answers, found)],
        checks=checks(answers),
        doubtful=[line for line in lines if line.confidence in DOUBTFUL],
        register=lines,
        not_modelled=not_modelled(scenario),
        stamp=answers.stamp,
    )


def _sentences(answers: Answers, size: int) -> list[str]:
    """What happened, told once where several contracts have the same law."""
    return list(dict.fromkeys(each.sentence for each in answers.observed if each.panel_size == size))


def _in_words(found: list[tuple[tuple[str, ...], str]], called: dict[str, str]) -> list[str]:
    """Cautions under the names that the report uses; keys of the scenario (panel.sizes) stay as they are written."""
    told = []
    for keys, matter in found:
        words = (word if "." in word.rstrip(".,") else word.replace("_", " ") for word in matter.split(" "))
        told.append(f"{together([called[key] for key in keys])}: {' '.join(words)}" if keys else matter)
    return told


def _template() -> Template:
    rooms = Environment(
        loader=FileSystemLoader(_ROOM), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rooms.globals.update(
        style=Markup((_ROOM / "style.css").read_text(encoding="utf-8")),
        dollars=lambda estimate: cell(estimate, "dollars").value,
        money=money,
        sign=lambda estimate: "owes" if estimate.value < 0 else "paid" if estimate.value > 0 else "",
        chance=lambda estimate: chance_cell(estimate).value,
        drawing=Markup,
    )
    return rooms.get_template("report.html")
