"""The command line: one thin file a command. What natocc raises on purpose becomes one line and an exit code here only."""

from __future__ import annotations

import io
import sys

import click

from natocc import __version__
from natocc.cli.build import build
from natocc.cli.doctor import doctor
from natocc.cli.extract import extract
from natocc.cli.preview import preview
from natocc.errors import NatoccError


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> object:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
        try:
            return super().invoke(context)
        except NatoccError as error:
            for line in str(error).splitlines():
                click.echo(f"natocc: {line}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("natocc: interrupted", err=True)
            sys.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="natocc")
def main() -> None:
    """Occluded faces with exact masks: natural (NatOcc) and random (RandOcc) occlusion of face datasets.

    Exit codes: 0 done, 1 failed, 2 usage or recipe, 3 more samples rejected than allowed, 130 interrupted.
    """


for command in (build, preview, extract, doctor):
    main.add_command(command)
