"""``natocc build``: make a dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from natocc.cli.completion import complete_faces, complete_recipes
from natocc.cli.options import data_options, jobs_option, recipe_options


@click.command()
@click.argument("recipe", required=False, shell_complete=complete_recipes)
@click.option("--source", metavar="NAME", shell_complete=complete_faces, help="Faces: celebamask, folder, labelled, portraits.")
@recipe_options
@data_options
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    help="Folder of the dataset, or a URL: s3://, gs://, sftp://; let no two machines write to one URL, a server has no locks. "
    "[default: out/NAME of the recipe]",
)
@click.option("-n", "--count", type=click.IntRange(1), help="Samples in all. [default: what the recipe's sets say]")
@jobs_option
@click.option(
    "--backend",
    type=click.Choice(["loky", "threading", "dask", "ray"]),
    default="loky",
    show_default=True,
    help="joblib's backend; dask and ray: a cluster's workers, which see the same folders at the same paths.",
)
@click.option(
    "--address", metavar="HOST:PORT", help="Where the cluster's scheduler listens: tcp://host:8786 (dask), host:6379 (ray)."
)
@click.option("--max-rejected", type=click.FloatRange(0, 1), help="Share of rejected samples above which the exit code is 3.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=120.0,
    show_default=True,
    help="Seconds that one sample may take; not with --backend threading.",
)
@click.option(
    "--shards",
    metavar="RANGES",
    help="Make only these shards, such as 7 or 0-9,20: a part, to be joined with the others by natocc merge.",
)
@click.option("--overwrite", is_flag=True, help="Replace the dataset in the folder; deletes only what natocc wrote.")
@click.option("--dry-run", is_flag=True, help="Print what would be made; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def build(
    recipe: str | None,
    data: Path,
    cache: Path,
    out: str | None,
    count: int | None,
    jobs: int,
    backend: str,
    address: str | None,
    max_rejected: float | None,
    time_limit: float,
    shards: str | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    edits: tuple[str, ...],
    **flags: Any,
) -> None:
    """Make a dataset from RECIPE, a file or one of natocc's own, or from the set that flags name.

    Where the folder holds a part of the same dataset, what is missing is made; a larger --count adds to it.

    With --backend dask or ray the workers of the cluster at --address make whole shards, one each at a time, and write them to
    the folder themselves. They need the same natocc installed, and --data, --cache and --out at the same paths as here.
    Set output.shard_size so that there are several shards a worker; --jobs counts for the extraction of occluders only.

    With --shards a job array makes a dataset in parts, of which --dry-run tells the number of shards. Each job writes to a
    folder of its own, or all to one that they share, where locks of its file system reach all machines. --overwrite replaces
    the whole folder.

    \b
    natocc build demo
    natocc build --source celebamask --occluders coco -n 200 -o out/coco
    natocc build c-wo-mix --data /datasets --set faces.include=wo-train.txt
    natocc build c-wo-mix --backend dask --address tcp://head:8786 -o /shared/c-wo-mix
    natocc build c-wo-mix --shards "$SLURM_ARRAY_TASK_ID" -o "parts/$SLURM_ARRAY_TASK_ID"
    natocc merge out/c-wo-mix parts/*
    natocc build demo -o s3://bucket/demo
    """
    import json

    from natocc.builder import build as builds
    from natocc.cli.progress import progress_bar
    from natocc.cli.summaries import show_expected, show_failure, show_part, show_totals
    from natocc.core.addresses import shown_address
    from natocc.io.workspace import Workspace
    from natocc.recipe.flags import recipe_of_flags

    if max_rejected is not None:
        edits = (*edits, f"output.max_rejected={max_rejected}")
    chosen = recipe_of_flags(recipe, edits=edits, **flags)
    workspace, place = Workspace(data, cache, jobs), builds.place_of(chosen, out)
    shown = shown_address(place)
    if dry_run:
        expected = builds.dry_run(chosen, workspace, place, count)
        click.echo(json.dumps(expected.to_json()) if as_json else show_expected(expected, shown))
        return
    with progress_bar() as progress:
        totals = builds.build_dataset(
            chosen,
            workspace,
            place,
            count=count,
            shards=shards,
            backend=backend,
            address=address,
            time_limit=time_limit,
            overwrite=overwrite,
            progress=progress,
        )
    failed = totals.rejected_share > chosen.output.max_rejected
    click.echo(json.dumps(totals.to_json()) if as_json else show_totals(totals, shown, examples=not failed))
    if shards is not None and not as_json:
        click.echo(show_part(Path(place)))
    if failed:
        where = "manifest.parquet" if shards is None else "shards/*.json"
        click.echo(show_failure(totals, chosen.output.max_rejected, where), err=True)
        sys.exit(3)
