"""The command line: one thin file a command. What natocc raises on purpose becomes one line and an exit code here only."""

from __future__ import annotations

import io
import signal
import sys

import click

from natocc.cli.benchmark import benchmark
from natocc.cli.build import build
from natocc.cli.doctor import doctor
from natocc.cli.evaluate import evaluate
from natocc.cli.export import export
from natocc.cli.extract import extract
from natocc.cli.init import init
from natocc.cli.merge import merge
from natocc.cli.preview import preview
from natocc.cli.recipes import recipes
from natocc.cli.replay import replay
from natocc.cli.report import report, stats
from natocc.cli.train import train
from natocc.cli.verify import verify
from natocc.core.errors import Interrupted, NatoccError
from natocc.core.text import plain
from natocc.core.versions import __version__
from natocc.executors.signals import end_children, stoppable


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> object:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
        try:
            with stoppable():
                return super().invoke(context)
        except NatoccError as error:
            for line in error.lines:
                click.echo(f"natocc: {plain(line)}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt as stop:
            stop = stop if isinstance(stop, Interrupted) else Interrupted(signal.SIGINT)
            detail = f": {stop.detail}" if stop.detail else ""
            click.echo(f"natocc: stopped by {signal.Signals(stop.number).name}{plain(detail)}", err=True)
            end_children()
            sys.exit(stop.exit_code)


def _show_versions(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """natocc's version, and those of what decides the bytes with it."""
    if not asked or context.resilient_parsing:
        return
    from importlib.metadata import version

    from natocc.core.versions import versions

    click.echo(f"natocc {__version__}")
    shown = versions() | {"scikit-image": version("scikit-image")}  # whose pictures the demo is made of
    click.echo("with " + ", ".join(f"{name} {version}" for name, version in shown.items()))
    context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_versions, help="Versions, and exit.")
def main() -> None:
    """Occluded faces with exact masks: natural (NatOcc) and random (RandOcc) occlusion of face datasets.

    Exit codes: 0 done, 1 failed, 2 usage or recipe, 3 more samples rejected than allowed, 4 verify or replay
    found damage, 129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.

    Completion in the shell: eval "$(_NATOCC_COMPLETE=bash_source natocc)", with zsh_source or fish_source for those.
    """


for command in (
    build,
    merge,
    preview,
    recipes,
    init,
    extract,
    verify,
    replay,
    report,
    stats,
    export,
    evaluate,
    train,
    benchmark,
    doctor,
):
    main.add_command(command)
