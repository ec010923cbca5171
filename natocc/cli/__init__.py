"""The command line: one thin file a command. What natocc raises on purpose becomes one line and an exit code here only."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import warnings
from pathlib import Path
from types import TracebackType

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
from natocc.core.addresses import without_credentials
from natocc.core.errors import Interrupted, NatoccError, RunError
from natocc.core.text import plain
from natocc.core.versions import __version__
from natocc.workers.safe_path import safe_path
from natocc.workers.signals import end_children, stoppable


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> object:
        _open_closed_streams()
        _check_current_folder()
        warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")  # where there is no /dev/shm
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
        sys.excepthook = _show_bug
        try:
            with safe_path(), stoppable():
                return super().invoke(context)
        except NatoccError as error:
            for line in error.lines:
                click.echo(f"natocc: {plain(line)}", err=True)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            vars(error)["message"] = without_credentials(error.message)  # it quotes what was given
            raise
        except (OSError, UnicodeEncodeError) as error:
            if (what := _of_the_machine(error)) is None:
                raise
            click.echo(f"natocc: {plain(without_credentials(what))}", err=True)
            sys.exit(RunError.exit_code)
        except KeyboardInterrupt as stop:
            stop = stop if isinstance(stop, Interrupted) else Interrupted(signal.SIGINT)
            detail = f": {stop.detail}" if stop.detail else ""
            click.echo(f"natocc: stopped by {signal.Signals(stop.number).name}{plain(detail)}", err=True)
            end_children()
            sys.exit(stop.exit_code)


def _of_the_machine(error: OSError | UnicodeEncodeError) -> str | None:
    """What is wrong with a place or a name, where nobody expected it; None of what click has a word for, or that has none."""
    if isinstance(error, UnicodeEncodeError):
        return f"{error.object!r} holds bytes that are no text, or half a character; name it otherwise"
    if not error.strerror or error.errno == errno.EPIPE:
        return None
    place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else ""
    return f"{place}: {error.strerror}" if place else error.strerror


def _open_closed_streams() -> None:
    """Open /dev/null in place of standard streams that are closed, so that no file of a dataset takes their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open to the end
            os.set_inheritable(stream.fileno(), True)  # workers need them as well
            setattr(sys, name, stream)


def _check_current_folder() -> None:
    """Say so where the current folder was deleted: relative paths have no meaning then."""
    try:
        Path.cwd()
    except FileNotFoundError:
        click.echo("natocc: the current folder was deleted: change to another one", err=True)
        sys.exit(RunError.exit_code)


def _show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback of a bug, without the credentials of an address in its messages."""
    import traceback

    click.echo(without_credentials("".join(traceback.format_exception(kind, error, trace))), err=True, nl=False)


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
