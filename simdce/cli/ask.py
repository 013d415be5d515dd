"""``simdce ask``: about ten plain questions, then the scenario they make and its answer on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simdce.cli import EXIT_INTERRUPTED
from simdce.cli._answering import answered
from simdce.errors import InputError

if TYPE_CHECKING:
    from simdce.interview.questions import Question

_BACK, _HELP = "b", "?"


@click.command()
@click.argument("scenario", type=click.Path(), default="our-question.toml")
@click.option("-o", "--out", type=click.Path(), help="The page [default: SCENARIO's name with -answer.html, here].")
@click.option(
    "--threads", type=click.IntRange(min=1), help="Threads; results do not depend on it [default: all cores]."
)
def command(scenario: str, out: str | None, threads: int | None) -> None:
    """Ask about ten questions, write SCENARIO (default: our-question.toml) and answer it on one page.

    Enter takes the answer in brackets, ? explains, b goes back, Ctrl-C stops; the same command goes on.
    """
    from simdce.files import refuse_to_replace
    from simdce.interview.scenario_text import answers_in
    from simdce.scenario import read_scenario

    path = Path(scenario)
    page = Path(out or f"{path.stem}-answer.html")
    refuse_to_replace(page, [path])
    answers = answers_in(path)
    try:
        _interview(path, answers)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"\nStopped; what you answered is kept. Go on with: simdce ask {scenario}", err=True)
        sys.exit(EXIT_INTERRUPTED)
    read = read_scenario(path)
    people = int(answers["people"].replace(",", ""))
    click.echo(f"\nWrote {path}. Simulating {read.worlds:,} futures ...")
    try:
        headline = answered(read, page, people, threads)
    except KeyboardInterrupt:
        click.echo(f"simdce: interrupted; the scenario is written: simdce answer {scenario}", err=True)
        sys.exit(EXIT_INTERRUPTED)
    click.echo(f"\n{headline}\n\nWrote {page}: open it in a browser; it prints on one sheet.")


def _interview(path: Path, answers: dict[str, str]) -> None:
    """Every question until all are answered; after each the file is written anew."""
    from simdce.files import write_whole
    from simdce.interview.questions import questions
    from simdce.interview.scenario_text import checked, missing, text_of

    first = missing(answers)
    click.echo("Enter takes the answer in brackets, ? explains, b goes back, Ctrl-C stops and keeps what you answered.")
    if answers:
        click.echo(
            "Going on where you stopped." if first is not None else "All was answered before; change what you like."
        )
    place = [each.key for each in questions(answers)].index(first) if first is not None else 0
    while place < len(asked := questions(answers)):
        question = asked[place]
        said = _ask(question, place, len(asked), answers)
        if said is None:
            place = max(0, place - 1)
            continue
        kept = checked({**answers, question.key: said})
        answers.clear()
        answers.update(kept)
        write_whole(path, text_of(answers).encode("utf-8"))
        place += 1
        if place == len(asked) and (lost := missing(answers)) is not None:
            place = [each.key for each in questions(answers)].index(lost)


def _ask(question: Question, place: int, count: int, answers: dict[str, str]) -> str | None:
    """The answer to one question as it is kept; None to go back."""
    click.echo("")
    for number, (told, _) in enumerate(question.listed(answers), start=1):
        click.echo(f"  {number}  {told}")
    default = answers.get(question.key) or question.default(answers)
    while True:
        said = click.prompt(f"{place + 1} of {count}. {question.text}", default=default).strip()
        if said == _HELP:
            click.echo(f"   {question.help}")
        elif said.lower() == _BACK and place == 0:
            click.echo("   This is the first question.")
        elif said.lower() == _BACK:
            return None
        else:
            try:
                return question.reader(answers)(said)
            except InputError as error:
                click.echo(f"   {str(error)[:1].upper()}{str(error)[1:]}")
