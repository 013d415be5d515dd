"""``simdce import-aco``: a real ACO's published row as a scenario, with what happened beside it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--aco", required=True, help="ACO_ID (ACO_Num in older files).")
@click.option("--year", type=int, required=True, help="Performance year.")
@click.option(
    "--true-savings",
    type=click.FloatRange(-0.5, 0.5),
    default=0.0,
    show_default=True,
    help="Assumed true savings, fraction of cost; 0 leaves the ACO's performance to the comparison.",
)
@click.option(
    "--output", metavar="SCENARIO.toml", type=click.Path(path_type=Path), help="Write here, not to standard output."
)
def command(files: tuple[Path, ...], aco: str, year: int, true_savings: float, output: Path | None) -> None:
    """Turn an ACO's row of a Shared Savings Program results file into a scenario for `simdce run`.

    FILE is a public-use file as CMS has it, 2016 or later, and perhaps the one of the year after. Of a row in several
    files the first counts. Every assumption stands in the comments of the scenario.
    """
    from simdce.files import refuse_to_replace, write_whole
    from simdce.from_published import imported

    refuse_to_replace(output, files)
    text = imported(files, aco, year, true_savings)
    if output is None:
        click.echo(text, nl=False)
        return
    write_whole(output, text.encode())
    click.echo(f"Wrote {output}; `simdce run {output}` answers it.")
