"""``report.html``: one file to open in a browser, no network, no server."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.samples import SampleRecord
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import row_without_plan
from natocc.dataset.records import ShardRecord, read_shard, read_shards, whole_shards
from natocc.io.atomic import with_remedy, write_aside, write_named
from natocc.io.files import real
from natocc.report.gallery import Gallery
from natocc.report.heat import HeatMap, ramp_stops
from natocc.report.tally import BINS, Tally
from natocc.report.thumbnails import Original, side_for, thumbnail

REPORT = "report.html"
_TOP = 16  # categories that have a bar of their own

Originals = Callable[[SampleRecord], Original | None]
"""Makes a sample's original again; None where its inputs cannot be used any more."""


@dataclasses.dataclass(frozen=True)
class WrittenReport:
    """What :func:`write_report` wrote: samples counted and shown, pictures that could not be read, bytes."""

    path: Path
    samples: int
    shown: int
    unreadable: int
    size: int


def count_samples(root: Path) -> Tally:
    """The numbers of all samples that are committed.

    Raises
    ------
    UsageError
        If `root` is no dataset of natocc's, or a record is damaged.
    """
    records = read_shards(Layout(root, read_dataset(root).shard_size))
    return Tally(row_without_plan(sample) for record in records for sample in record.samples)


def write_report(
    root: Path,
    most: int = 10_000,
    jobs: int = 1,
    originals: Originals | None = None,
    no_source: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
    out: Path | None = None,
) -> WrittenReport:
    """Write ``report.html`` into a dataset, or another file.

    Parameters
    ----------
    root : Path
        The dataset's folder; one that is still being built is reported as far as it goes.
    most : int
        Samples in the gallery; of more, an even choice is shown. Numbers are always of all.
    jobs : int
        Threads that read pictures.
    originals : callable, optional
        Makes a sample's source again; see :class:`natocc.report.thumbnails.Original`.
    no_source : str
        What the page says where it has no source to show, and why.
    progress : callable
        Called with how many samples are done, of how many.
    out : Path, optional
        Where to write; by default ``report.html`` in the dataset.

    Returns
    -------
    written : WrittenReport
        The file and what is in it.

    Raises
    ------
    UsageError
        If `root` is no dataset of natocc's, holds no sample, or a record is damaged; if `out` is another file of the dataset.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    path = root / REPORT if out is None else out
    if real(path).is_relative_to(real(root)) and real(path) != real(root / REPORT):
        raise UsageError(f"{path} lies in the dataset, where only {REPORT} may be written; name a file outside it with -o")
    description = read_dataset(root)
    layout = Layout(root, description.shard_size)
    shards = whole_shards(layout)
    if not shards:
        raise UsageError(f"{root} holds no sample yet: build it first")
    total = read_shard(layout, shards[-1]).samples[-1].index + 1
    tally, heat = Tally(), HeatMap()
    gallery = Gallery(side_for(min(total, most)), heat)
    with ThreadPoolExecutor(jobs) as threads:
        for record in read_shards(layout):
            for sample in record.samples:
                tally.add(row_without_plan(sample))
                if sample.rejection is None:
                    heat.add_record(sample)
            for sample, paths, original in _chosen(record, total, most, originals):
                small = None
                if sample.rejection is None:
                    small = threads.submit(thumbnail, root, paths, gallery.side, original)
                gallery.add(sample, paths, small)
                progress(gallery.count, min(total, most))
    gallery.finish()
    context = _context(description, tally, heat, gallery, no_source)
    content = _page(context).encode("utf-8", "backslashreplace")
    if out is None:
        with with_remedy("name another file with -o"):
            write_aside(path, content)
    else:
        write_named(path, content)
    return WrittenReport(path, tally.samples, gallery.count, gallery.unreadable, len(content))


def _chosen(
    record: ShardRecord, total: int, most: int, originals: Originals | None
) -> Iterator[tuple[SampleRecord, Mapping[str, str], Original | None]]:
    """The samples of a shard that are shown, evenly taken over all of the dataset, with their files."""
    paths = record.paths()
    for sample in record.samples:
        if (sample.index + 1) * most // total == sample.index * most // total and most < total:
            continue
        original = originals(sample) if originals is not None and sample.rejection is None else None
        yield sample, paths.get(sample.index, {}), original


def _context(description: DatasetDescription, tally: Tally, heat: HeatMap, gallery: Gallery, no_source: str) -> dict[str, Any]:
    """All that the template is given."""
    categories = tally.categories.most_common()
    return {
        "name": description.name,
        "status": description.status,
        "version": description.natocc,
        "recipe_sha256": description.recipe_sha256[:12],
        "recipe": yaml.safe_dump(description.recipe, sort_keys=False, allow_unicode=True),
        "masks": description.masks,
        "tally": tally,
        "bins": BINS,
        "top": categories[:_TOP],
        "more": categories[_TOP:],
        "heat": heat,
        "ramp": ramp_stops(),
        "gallery": gallery,
        "data": gallery.to_json() | {"no_source": no_source},
        "sheets": gallery.sheets,
    }


def _page(context: Mapping[str, Any]) -> str:
    import jinja2
    import markupsafe

    folder = importlib.resources.files("natocc.report") / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = {name: markupsafe.Markup((folder / f"report.{name}").read_text(encoding="utf-8")) for name in ("css", "js")}
    return environment.get_template("report.html").render(context, **own, packed=_packed)


def _packed(value: Json) -> Any:
    """JSON that may stand in a script element: no ``<``, ``>`` or ``&``, so that nothing ends it."""
    import jinja2.utils

    return jinja2.utils.htmlsafe_json_dumps(value, dumps=lambda content, **_: json.dumps(content, separators=(",", ":")))
