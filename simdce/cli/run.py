"""``simdce run``: the main job, a scenario in, the answer out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simdce.cli import EXIT_INTERRUPTED
from simdce.errors import InputError

if TYPE_CHECKING:
    from simdce.resources import Needs
    from simdce.run import Progress

BESIDE = "simdce.report"
"""What the process beside imports while this one simulates: the report with the library that draws."""


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--out", type=click.Path(), help="Folder for results.parquet, run.json and report.html "
              "[default: SCENARIO's name with -results, here].")  # fmt: skip
@click.option("--worlds", type=click.IntRange(min=100), help="Simulated worlds, in place of the scenario's.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed, in place of the scenario's.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads; results do not depend on it; with 1 also a single process [default: all cores].",
)
@click.option("--controlled/--uncontrolled", default=True, help="Means and chances with the exact law as control "
              "variate [default], or averages over the worlds as they are.")  # fmt: skip
@click.option("--drivers", is_flag=True, help="Also what drives the answer: every input alone at its low and its high "
              "end, and where it turns the verdict. Simulates the people of the headline size about nine times more, "
              "up to double their number.")  # fmt: skip
@click.option("--memory", type=click.FloatRange(min=0, min_open=True), help="Memory that the run may take, in GB; "
              "it is refused where it would need more [default: what is available].")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def command(
    scenario: str,
    out: str | None,
    worlds: int | None,
    seed: int | None,
    threads: int | None,
    controlled: bool,
    drivers: bool,
    memory: float | None,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, settle it under its arrangements and answer its questions.

    Prints compact tables and writes results.parquet, run.json and report.html, whole or not at all.

    Ctrl-C leaves what is done as unfinished.npz in the folder of the results; the same command goes on from there, to
    the same numbers, and removes it. Once results are being written Ctrl-C waits until they are.
    """
    from simdce.beside import Beside, helps
    from simdce.files import writable_folder
    from simdce.interrupts import interrupts_deferred

    # before numpy starts threads of its own
    beside = click.get_current_context().with_resource(Beside(BESIDE, forked=helps(threads)))
    from simdce.scenario import read_scenario

    changes = {name: value for name, value in (("worlds", worlds), ("seed", seed)) if value is not None}
    read = read_scenario(scenario, changes)
    folder = writable_folder(Path(out or f"{Path(scenario).stem}-results"))
    begun = written = None
    try:
        with interrupts_deferred():  # while extension modules load, some swallow it
            from simdce import unfinished
            from simdce.cli._needs import admitted
            from simdce.files import refuse_odd_places
            from simdce.output import FILES, json_document, save
            from simdce.run import answer

        refuse_odd_places(folder / name for name in FILES)
        needed = admitted(read, threads, memory)
        begun = unfinished.taken_up(folder, read, controlled=controlled)
        for line in () if as_json else (needed.text, begun.text(read) and f"going on with {begun.text(read)}"):
            if line:
                click.echo(f"simdce: {line}", err=True)
        with progress_bar(needed, quiet=as_json) as progress:
            answers = answer(
                read,
                threads=threads,
                progress=progress,
                controlled=controlled,
                drivers=drivers,
                all_worlds=False,
                begun=begun,
                beside=beside,
            )
        with interrupts_deferred():
            written = save(answers, folder, beside.ask("simdce.report", "report_page", answers))
            unfinished.forget(folder)
    except InputError as error:
        raise error.within(scenario) from error
    except KeyboardInterrupt:
        kept = False
        if written is None and begun is not None:
            with suppress(KeyboardInterrupt), interrupts_deferred():
                kept = unfinished.leave(folder, read, begun, controlled=controlled)
        said = "after the results were written" if written else "nothing was written"
        if kept and begun is not None:
            said = f"{begun.text(read)}, kept in {folder / unfinished.NAME}: the same command goes on from there"
        click.echo(f"simdce: interrupted; {said}", err=True)
        sys.exit(EXIT_INTERRUPTED)
    if as_json:
        click.echo(json_document(answers))
        return
    from simdce.cli._tables import print_answers

    print_answers(answers)
    click.echo(f"Wrote {', '.join(path.name for path in written)} to {folder}")


@contextmanager
def progress_bar(needed: Needs | None = None, *, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on standard error, with what each stage is expected to take, when somebody is there to see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from simdce.resources import time_text

    columns = TextColumn("{task.description:12}"), BarColumn(), TimeRemainingColumn(), TextColumn("{task.fields[of]}")
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}
        seconds = {} if needed is None else needed.seconds

        def told(stage: str, share: float) -> None:
            if stage not in tasks:
                expected = f"of about {time_text(seconds[stage])}" if stage in seconds else ""
                tasks[stage] = bar.add_task(stage, total=1.0, of=expected)
            bar.update(tasks[stage], completed=share)

        yield told
