"""``simdce what-if``: one page with sliders that answers what a contract would pay, without a server."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="File to write "
              "[default: SCENARIO's name with -what-if.html, here].")  # fmt: skip
def command(scenario: str, out: str | None) -> None:
    """Write a page on which SCENARIO's size, savings and contract terms can be moved and the payment follows at once.

    One HTML file that needs no server and asks for nothing: chances and amounts of a performance year, exact.
    """
    from simdce.errors import InputError
    from simdce.files import refuse_to_replace
    from simdce.interrupts import interrupts_deferred
    from simdce.scenario import read_scenario

    read = read_scenario(scenario)
    path = Path(out or f"{Path(scenario).stem}-what-if.html")
    refuse_to_replace(path, [Path(scenario)])
    with interrupts_deferred():  # while extension modules load, some swallow it
        from simdce.whatif import write_what_if
    try:
        size = write_what_if(read, path)
    except InputError as error:
        raise error.within("" if error.where == str(path) else scenario) from error
    click.echo(f"{path}: {size / 1000:.0f} kB, open it in any browser")
