"""``simdce answer``: the scenario's answer on one printed page."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simdce.cli import EXIT_INTERRUPTED
from simdce.cli._answering import answered
from simdce.errors import InputError


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("-o", "--out", type=click.Path(), help="The page [default: SCENARIO's name with -answer.html, here].")
@click.option("--people", type=click.IntRange(min=1), help="Of several sizes the one that the page is about "
              "[default: of a practice the middle one, else the one nearest to 15,000].")  # fmt: skip
@click.option("--worlds", type=click.IntRange(min=100), help="Simulated worlds, in place of the scenario's.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed, in place of the scenario's.")
@click.option(
    "--threads", type=click.IntRange(min=1), help="Threads; results do not depend on it [default: all cores]."
)
def command(
    scenario: str, out: str | None, people: int | None, worlds: int | None, seed: int | None, threads: int | None
) -> None:
    """Answer SCENARIO on one page: join or not, under what, by the rule of its [decision] table.

    The page is HTML that needs nothing beside it and prints on one sheet.
    """
    from simdce.files import refuse_to_replace
    from simdce.scenario import read_scenario

    changes = {name: value for name, value in (("worlds", worlds), ("seed", seed)) if value is not None}
    read = read_scenario(scenario, changes)
    path = Path(out or f"{Path(scenario).stem}-answer.html")
    refuse_to_replace(path, [Path(scenario)])
    try:
        headline = answered(read, path, people, threads)
    except InputError as error:
        raise error.within(scenario) from error
    except KeyboardInterrupt:
        click.echo("simdce: interrupted; nothing was written", err=True)
        sys.exit(EXIT_INTERRUPTED)
    click.echo(headline)
    click.echo(f"Wrote {path}")
