"""``simdce schema``: the JSON Schema of a scenario file."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON Schema of a scenario file, for editors and validators."""
    from simdce.scenario import schema

    click.echo(json.dumps(schema(), indent=2))
