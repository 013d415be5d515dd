"""``simdce run``: the main job, a scenario in, the answer out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simdce.errors import InputError

if TYPE_CHECKING:
    from simdce.run import Progress

EXIT_INTERRUPTED = 130


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--out", type=click.Path(), help="Folder for results.parquet, run.json and report.html "
              "[default: SCENARIO's name with -results, here].")  # fmt: skip
@click.option("--worlds", type=click.IntRange(min=100), help="Simulated worlds, in place of the scenario's.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed, in place of the scenario's.")
@click.option(
    "--threads", type=click.IntRange(min=1), help="Threads; results do not depend on it [default: all cores]."
)
@click.option("--controlled/--uncontrolled", default=True, help="Means and chances with the exact law as control "
              "variate [default], or averages over the worlds as they are.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def command(
    scenario: str,
    out: str | None,
    worlds: int | None,
    seed: int | None,
    threads: int | None,
    controlled: bool,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, settle it under its arrangements and answer its questions.

    Prints compact tables and writes results.parquet, run.json and report.html, whole or not at all.
    """
    from simdce.files import writable_folder
    from simdce.interrupts import interrupts_deferred
    from simdce.scenario import read_scenario

    changes = {name: value for name, value in (("worlds", worlds), ("seed", seed)) if value is not None}
    read = read_scenario(scenario, changes)
    folder = writable_folder(Path(out or f"{Path(scenario).stem}-results"))
    try:
        with interrupts_deferred():  # while extension modules load, some swallow it
            from simdce.output import json_document, save
            from simdce.run import answer

        with _progress(quiet=as_json) as progress:
            answers = answer(read, threads=threads, progress=progress, controlled=controlled, all_worlds=False)
        written = save(answers, folder)
    except InputError as error:
        raise error.within(scenario) from error
    except KeyboardInterrupt:
        click.echo("simdce: interrupted; nothing was written", err=True)
        sys.exit(EXIT_INTERRUPTED)
    if as_json:
        click.echo(json_document(answers))
        return
    from simdce.cli._tables import print_answers

    print_answers(answers)
    click.echo(f"Wrote {', '.join(path.name for path in written)} to {folder}")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on standard error, when somebody is there to see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description:12}"), BarColumn(), TimeRemainingColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def told(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=1.0)
            bar.update(tasks[stage], completed=share)

        yield told
