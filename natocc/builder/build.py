"""Where a build goes (a folder, a server, a part in a folder) is decided here, for the command and for Python alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from natocc.builder.part import build_part
from natocc.builder.run import Run, Totals
from natocc.builder.upload import build_remote
from natocc.core.addresses import is_url, shown_address
from natocc.core.errors import UsageError
from natocc.core.progress import Progress
from natocc.dataset.shard_ranges import parse_ranges
from natocc.io.storage import refuse_credentials
from natocc.io.workspace import Workspace
from natocc.pipeline.dry_run import Expected, expected
from natocc.recipe.model import Recipe


def build_dataset(
    recipe: Recipe,
    workspace: Workspace,
    out: str | Path | None,
    *,
    count: int | None,
    shards: str | int | Iterable[int] | None,
    backend: str,
    address: str | None,
    time_limit: float,
    overwrite: bool,
    progress: Progress,
) -> Totals:
    """Make a dataset or some shards of it, or what is missing of them.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    workspace : Workspace
        Where inputs lie and where libraries are kept; how many processes.
    out : str or Path, optional
        See :func:`place_of`.
    count, backend, address, time_limit
        See :class:`natocc.builder.run.Run`.
    shards : str, int or iterable of int, optional
        Make a part that holds these shards only, such as ``"0-9,20"``; None makes the whole dataset.
    overwrite : bool
        Whether a dataset that lies there may be replaced.
    progress : Progress
        Is called with the state of the build.

    Returns
    -------
    totals : Totals
        What was made and what was rejected, now and before.

    Raises
    ------
    UsageError, RunError, Interrupted
        See :meth:`natocc.builder.run.Run.build`, :func:`natocc.builder.part.build_part` and
        :func:`natocc.builder.upload.build_remote`.
    """
    place = place_of(recipe, out)
    numbers = None if shards is None else _numbers(shards)
    if is_url(place) and numbers is not None:
        shown = shown_address(place)
        raise UsageError(f"--shards makes parts in folders: name one with -o, found {shown}; natocc merge joins them in a folder")
    run = Run(recipe, workspace, Path(place), count=count, backend=backend, address=address, time_limit=time_limit)
    if is_url(place):
        return build_remote(run, place, overwrite, progress)
    if numbers is not None:
        return build_part(run, numbers, overwrite, progress)
    return run.build(overwrite, progress)


def dry_run(recipe: Recipe, workspace: Workspace, out: str | Path | None, count: int | None) -> Expected:
    """What a build would make; nothing is written, and no server is asked.

    Raises
    ------
    UsageError
        If faces or occluders are missing, or `out` lies inside a folder that is read.
    """
    place = place_of(recipe, out)
    if not is_url(place):
        recipe.check_output(workspace.data, Path(place))
    return expected(recipe, workspace, count)


def place_of(recipe: Recipe, out: str | Path | None) -> str:
    """A folder, or a URL such as ``s3://bucket/folder``; ``out/NAME`` of the recipe where none is given; no credentials in it."""
    place = str(out or Path("out") / recipe.name)
    refuse_credentials(place)
    return place


def _numbers(shards: str | int | Iterable[int]) -> tuple[int, ...]:
    if isinstance(shards, str):
        return parse_ranges(shards)
    numbers = tuple(sorted({shards} if isinstance(shards, int) else set(shards)))
    if not numbers:
        raise UsageError("expected shards such as 7 or 0-9,20, found none")
    return numbers
