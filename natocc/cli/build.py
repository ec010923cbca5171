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
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the dataset. [default: out/NAME of the recipe]")
@click.option("-n", "--count", type=click.IntRange(1), help="Samples in all. [default: what the recipe's sets say]")
@jobs_option
@click.option("--backend", type=click.Choice(["loky", "threading"]), default="loky", show_default=True, help="joblib's backend.")
@click.option("--max-rejected", type=click.FloatRange(0, 1), help="Share of rejected samples above which the exit code is 3.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=120.0,
    show_default=True,
    help="Seconds that one sample may take; with --backend loky.",
)
@click.option("--overwrite", is_flag=True, help="Replace the dataset in the folder; deletes only what natocc wrote.")
@click.option("--dry-run", is_flag=True, help="Print what would be made; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def build(
    recipe: str | None,
    data: Path,
    cache: Path,
    out: Path | None,
    count: int | None,
    jobs: int,
    backend: str,
    max_rejected: float | None,
    time_limit: float,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    edits: tuple[str, ...],
    **flags: Any,
) -> None:
    """Make a dataset from RECIPE, a file or one of natocc's own, or from the set that flags name.

    Where the folder holds a part of the same dataset, what is missing is made; a larger --count adds to it.

    \b
    natocc build demo
    natocc build --source celebamask --occluders coco -n 200 -o out/coco
    natocc build c-wo-mix --data /datasets --set faces.include=wo-train.txt
    """
    import json

    from natocc.cli.progress import progress_bar, show_expected, show_totals
    from natocc.estimate import expected
    from natocc.recipe_flags import recipe_of_flags
    from natocc.runner import Run

    if max_rejected is not None:
        edits = (*edits, f"output.max_rejected={max_rejected}")
    chosen = recipe_of_flags(recipe, edits=edits, **flags)
    out = out or Path("out") / chosen.name
    if dry_run:
        chosen.check_output(data, out)
        estimate = expected(chosen, data, cache, count)
        click.echo(json.dumps(estimate) if as_json else show_expected(estimate, out))
        return
    run = Run(chosen, data, cache, out, count=count, jobs=jobs, backend=backend, time_limit=time_limit)
    with progress_bar() as progress:
        totals = run.build(overwrite=overwrite, progress=progress)
    click.echo(json.dumps(totals.to_json()) if as_json else show_totals(totals, out))
    if totals.rejected_share > chosen.output.max_rejected:
        click.echo(
            f"natocc: {totals.rejected_share:.1%} of the samples were rejected, more than the {chosen.output.max_rejected:.1%} "
            f"that output.max_rejected allows; manifest.parquet says why, sample by sample",
            err=True,
        )
        sys.exit(3)
