"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from natocc.cli.completion import complete_occluders
from natocc.io.workspace import cache_folder, told_cache

Command = TypeVar("Command", bound=Callable[..., Any])


class LocalPath(click.Path):
    """A path of this machine; of a URL only what may be shown is in the message that refuses it."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path.

        Raises
        ------
        UsageError
            If it is a URL.
        """
        from natocc.core.addresses import is_url, shown_address
        from natocc.core.errors import UsageError

        if isinstance(value, str) and is_url(value):
            name = param.opts[-1] if isinstance(param, click.Option) else param.human_readable_name if param else "path"
            raise UsageError(f"{name}: expected a path of this machine, found {shown_address(value)}; copy what lies there here")
        return super().convert(value, param, ctx)


def _cache_folder(context: click.Context, _: click.Parameter, given: Path | None) -> Path:
    """The folder given, else :func:`natocc.io.workspace.cache_folder`."""
    return cache_folder(context.params["data"]) if given is None else told_cache(given)


def jobs_option(command: Command) -> Command:
    """``--jobs``: workers; all cores by default."""
    option = click.option(
        "-j", "--jobs", type=click.IntRange(0), default=0, callback=_all_cores, help="Processes. [default: 0, all cores]"
    )
    return option(command)


def _all_cores(_: click.Context, __: click.Parameter, jobs: int) -> int:
    return jobs or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def data_options(command: Command) -> Command:
    """``--data`` and ``--cache``."""
    cache = click.option(
        "--cache",
        type=LocalPath(file_okay=False),
        envvar="NATOCC_CACHE",
        callback=_cache_folder,
        help="Folder for extracted occluders and other results that are reused. [NATOCC_CACHE; default: natocc-cache beside the "
        "data root; where that cannot be written, the user's cache folder, else one in the temporary folder]",
    )
    data = click.option(
        "--data",
        type=LocalPath(file_okay=False),
        envvar="NATOCC_DATA",
        default=Path("data"),
        is_eager=True,  # the cache lies beside it
        help="Folder that holds the datasets as their owners publish them. [NATOCC_DATA; default: ./data]",
    )
    return data(cache(command))


def recipe_options(command: Command) -> Command:
    """``--source``, ``--occluders``, ``--method``, their roots, ``--seed`` and ``--set``."""
    for option in (
        click.option("--set", "edits", multiple=True, metavar="PATH=VALUE", help="Edit the recipe: --set output.shard_size=100."),
        click.option("--seed", type=int, help="Seed of every random decision."),
        click.option("--occluders-root", metavar="DIR", help="Folder of the occluders, if not at its usual place."),
        click.option("--source-root", metavar="DIR", help="Folder of the faces, if not at its usual place."),
        click.option("--method", metavar="NAME", help="natocc (default), randocc, or none for the faces as they are."),
        click.option(
            "--occluders", metavar="NAME", shell_complete=complete_occluders, help="Occluders: coco, hands; shapes for randocc."
        ),
    ):
        command = option(command)
    return command
