"""``natocc report``: a dataset to look at, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from natocc.cli.options import LocalPath, data_options, jobs_option
from natocc.core.text import plain

if TYPE_CHECKING:
    from natocc.io.workspace import Workspace
    from natocc.report.html import Originals

_MADE_AGAIN = 200  # samples in a gallery for which sources are made again without being asked


@click.command()
@click.argument("dataset", type=LocalPath())
@click.option(
    "--most", type=click.IntRange(1), default=10_000, show_default=True, help="Samples in the gallery; of more, an even choice."
)
@click.option(
    "--sources/--no-sources",
    default=None,
    help=f"Make samples again from their plans, to show the face before it was covered. [default: if the gallery holds at most "
    f"{_MADE_AGAIN} and the inputs are found]",
)
@data_options
@jobs_option
@click.option(
    "-o",
    "--out",
    type=LocalPath(dir_okay=False),
    help="File to write, for a DATASET that cannot be written. [default: report.html in DATASET]",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def report(
    dataset: Path, most: int, sources: bool | None, data: Path, cache: Path, jobs: int, out: Path | None, as_json: bool
) -> None:
    """Write report.html into DATASET: counts, plots, and a gallery that shows pictures, masks, occluders and sources.

    One file that opens in a browser, without network or server. The occluder and the source of a sample are shown where the
    dataset holds the masks for it (output.masks), or where samples are made again (--sources, from --data).

    \b
    natocc report out/demo
    natocc report out/coco --most 2000 --no-sources
    natocc report /published/coco -o coco.html
    natocc report out/coco --most 500 --sources --data /datasets --json
    """
    import functools
    import json

    from natocc.cli.progress import progress_bar
    from natocc.io.workspace import Workspace
    from natocc.report.html import write_report

    originals, why_not = _originals(dataset, most, sources, Workspace(data, cache, jobs))
    with progress_bar() as progress:
        reading = functools.partial(progress, "reading samples")
        written = write_report(dataset, most, jobs, originals, why_not, reading, out)
    if as_json:
        content = {"path": str(written.path), "samples": written.samples, "shown": written.shown}
        click.echo(json.dumps(content | {"unreadable": written.unreadable, "bytes": written.size}))
        return
    click.echo(plain(f"{written.path}: {written.shown} of {written.samples} samples, {written.size / 1e6:.1f} MB"))
    if written.unreadable:
        click.echo(plain(f"natocc: {written.unreadable} samples have files that cannot be read; see natocc verify"), err=True)


@click.command()
@click.argument("dataset", type=LocalPath())
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, histograms too.")
def stats(dataset: Path, as_json: bool) -> None:
    """Print the numbers of DATASET that its report plots: samples, rejected ones by reason, ratios, categories, sets, splits.

    \b
    natocc stats out/demo
    natocc stats out/demo --json
    """
    import json

    from natocc.report.html import count_samples

    tally = count_samples(dataset)
    if as_json:
        click.echo(json.dumps(tally.to_json()))
        return
    mean = tally.mean_ratio
    click.echo(f"samples {tally.made}, faces {len(tally.faces)}" + ("" if mean is None else f", mean occlusion ratio {mean:.3f}"))
    click.echo(f"rejected {tally.samples - tally.made}")
    counts = [("rejected", tally.reasons.most_common()), ("split", sorted(tally.splits.items()))]
    for title, named in [*counts, ("category", tally.categories.most_common())]:
        for name, count in named:
            click.echo(plain(f"  {title} {name}: {count}"))
    for name, of_set in tally.sets.items():
        click.echo(plain(f"  set {name} ({of_set.method}): {of_set.made} samples, {of_set.rejected} rejected"))
    for name in tally.parts:
        if (covered := tally.mean_part(name)) is not None:
            click.echo(f"  {name}: {covered:.1%} covered, mean")


def _originals(dataset: Path, most: int, sources: bool | None, workspace: Workspace) -> tuple[Originals | None, str]:
    """What makes samples again, where it is wanted and can; else the reason, for the page."""
    from natocc.core.errors import NatoccError
    from natocc.dataset.description import read_dataset
    from natocc.pipeline.replay import originals_of

    samples = read_dataset(dataset).samples
    few = min(most if samples is None else samples, most) <= _MADE_AGAIN
    if sources is False or (sources is None and not few):
        return None, "samples were not made again; natocc report --sources does"
    try:
        return originals_of(dataset, workspace), "the sample could not be made again from its inputs"
    except NatoccError:  # its message may show what stands in files that the dataset's recipe names, and the page is passed on
        if sources:
            raise
        return None, "inputs not found; natocc report --sources says which"
