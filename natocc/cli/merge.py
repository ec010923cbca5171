"""``natocc merge``: join parts of a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from natocc.cli.options import jobs_option
from natocc.core.text import counted, plain


@click.command()
@click.argument("out", type=click.Path())
@click.argument("parts", nargs=-1, type=click.Path())
@click.option("--move", is_flag=True, help="Take shards away from the parts once they are in OUT, and were read there.")
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def merge(out: str, parts: tuple[str, ...], move: bool, jobs: int, as_json: bool) -> None:
    """Join PARTS, which natocc build --shards made, into the dataset OUT: the same bytes as if one run had made it.

    The parts must be of the same recipe, inputs, versions and number of samples, and hold every shard between them; one that
    several hold must be the same in all. Files are linked where OUT is on the same file system, else copied, and read against
    their sha256. The parts stay as they are, except with --move. To resume a merge that was stopped, run it again.
    Without PARTS it finishes an OUT that several jobs shared.

    \b
    natocc merge out/coco parts/*
    natocc merge out/coco /scratch/0 /scratch/1 --move
    natocc merge out/shared
    """
    import json

    from natocc.builder.merge import merge as join
    from natocc.cli.progress import progress_bar
    from natocc.cli.summaries import show_rejected
    from natocc.core.addresses import is_url, shown_address
    from natocc.core.errors import UsageError

    for place in (out, *parts):
        if is_url(place):
            raise UsageError(f"merge joins folders: copy {shown_address(place)} here first, or merge here and copy the dataset")
    with progress_bar() as progress:
        merged = join(Path(out), [Path(part) for part in parts], move, jobs, progress)
    if as_json:
        click.echo(json.dumps(merged.to_json()))
        return
    existed = f", {merged.kept} existed" if merged.kept else ""
    size = f"{counted(merged.made, 'sample')}, {counted(merged.shards, 'shard')}"
    click.echo(plain(f"{out}: {size} in {merged.seconds:.1f} s{existed}"))
    for line in show_rejected(merged.rejected, merged.examples):
        click.echo(plain(line))
