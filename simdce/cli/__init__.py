"""The command line: one file a command, imported only when it runs."""

from __future__ import annotations

import codecs
import errno
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from simdce.errors import InputError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
_PLAIN = {"−": "-", "–": "-", "±": "+/-", "…": "...", "\N{NO-BREAK SPACE}": " "}
"""What stands for a character that the terminal's encoding does not have: a minus must not vanish."""


class Commands(click.Group):
    """The files of this folder as commands; bad input ends in one line on standard error and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, by name."""
        return sorted(path.stem.replace("_", "-") for path in Path(__file__).parent.glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a file, or None when there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"simdce.cli.{cmd_name.replace('-', '_')}")
        found: click.Command = module.command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an InputError is the user's to mend and gets no traceback."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors=_in_plain_characters.__name__)
        try:
            return super().invoke(ctx)
        except InputError as error:
            click.echo(f"simdce: {error}", err=True)
            sys.exit(EXIT_BAD_INPUT)
        except KeyboardInterrupt:
            click.echo("simdce: interrupted", err=True)
            sys.exit(EXIT_INTERRUPTED)
        except OSError as error:
            if error.errno != errno.ENOSPC:  # a closed pipe is click's to end quietly
                raise
            click.echo(f"simdce: standard output cannot be written: {error.strerror}", err=True)
            sys.exit(EXIT_BAD_INPUT)


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(character, "?") for character in error.object[error.start : error.end]), error.end


codecs.register_error(_in_plain_characters.__name__, _in_plain_characters)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="simdce")
def main() -> None:
    """What a Medicare shared-risk contract pays, owes and needs, simulated from the single beneficiary up."""
