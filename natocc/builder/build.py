"""Where a build goes (a folder, a server, a part in a folder) is decided here, for the command and for Python alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from natocc.builder.part import build_part
from natocc.builder.run import Run, Totals
from natocc.builder.upload import build_remote
from natocc.core.errors import UsageError
from natocc.core.progress import Progress
from natocc.dataset.shard_ranges import parse_ranges
from natocc.io.storage import is_url, without_password
from natocc.pipeline.dry_run import Expected, expected


def build_dataset(
    run: Run, out: str | Path, shards: str | int | Iterable[int] | None, overwrite: bool, progress: Progress
) -> Totals:
    """Make a dataset or some shards of it, or what is missing of them.

    Parameters
    ----------
    run : Run
        What to build, and how; its folder is not used.
    out : str or Path
        A folder, or a URL such as ``s3://bucket/folder``.
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
    numbers = None if shards is None else _numbers(shards)
    url = str(out) if is_url(str(out)) else None
    if url is not None and numbers is not None:
        shown = without_password(url)
        raise UsageError(f"--shards makes parts in folders: name one with -o, found {shown}; natocc merge joins them in a folder")
    if url is not None:
        return build_remote(run, url, overwrite, progress)
    run = dataclasses.replace(run, out=Path(out))
    if numbers is None:
        return run.build(overwrite, progress)
    return build_part(run, numbers, overwrite, progress)


def dry_run(run: Run, out: str | Path) -> Expected:
    """What a build would make; nothing is written, and no server is asked.

    Raises
    ------
    UsageError
        If inputs are missing, or `out` lies inside a folder that is read.
    """
    if not is_url(str(out)):
        run.recipe.check_output(run.data, Path(out))
    return expected(run.recipe, run.data, run.cache, run.count)


def _numbers(shards: str | int | Iterable[int]) -> tuple[int, ...]:
    if isinstance(shards, str):
        return parse_ranges(shards)
    numbers = tuple(sorted({shards} if isinstance(shards, int) else set(shards)))
    if not numbers:
        raise UsageError("expected shards such as 7 or 0-9,20, found none")
    return numbers
