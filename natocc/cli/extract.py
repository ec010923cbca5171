"""``natocc extract``: cut occluders out, once, and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from natocc.cli.completion import complete_occluders
from natocc.cli.options import LocalPath, data_options, jobs_option
from natocc.core.text import plain

if TYPE_CHECKING:
    from natocc.occluders.library.library import Library
    from natocc.report.contact_sheet import Tile


@click.command()
@click.argument("what", shell_complete=complete_occluders)
@click.option("--occluders-root", metavar="DIR", help="Where the occluders lie, if not where their owner puts them.")
@click.option("--set", "edits", multiple=True, metavar="KEY=VALUE", help="Edit the source: --set categories=[cup].")
@data_options
@jobs_option
@click.option("-o", "--out", type=LocalPath(dir_okay=False), help="Write a contact sheet of cutouts (PNG).")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def extract(
    what: str,
    occluders_root: str | None,
    edits: tuple[str, ...],
    data: Path,
    cache: Path,
    jobs: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Extract the occluders WHAT (coco, cutouts, hands), or those of the recipe WHAT; say what came of it.

    A build does the same when it needs them; what is extracted is kept and found again.

    \b
    natocc extract coco --data /datasets --set categories=[cup,bottle] -o cups.png
    natocc extract hands --set masks=background
    natocc extract c-wo-mix
    """
    import json

    from natocc.cli.progress import progress_bar
    from natocc.core.progress import progress_to
    from natocc.occluders import SOURCES
    from natocc.occluders.library.library import Library
    from natocc.recipe.flags import recipe_of_flags

    if what in SOURCES:
        edits = tuple(f"sets.0.occluders.{edit}" for edit in edits)
        recipe = recipe_of_flags(None, "portraits", what, None, None, occluders_root, None, edits)
    else:
        recipe = recipe_of_flags(what, None, None, None, None, occluders_root, None, edits)
    sources = recipe.occluders()
    if not sources and not as_json:
        click.echo(plain(f"{what}: no set has occluders, nothing to extract"))
    with progress_bar() as progress, progress_to(progress):
        opened = [(options.source, options.open(data, cache, jobs)) for options in sources.values()]
    for options in sources.values():
        for line in options.notes(data).lines():
            click.echo(plain(f"{options.source}: {line}"), err=True)
    libraries = [(name, source) for name, source in opened if isinstance(source, Library)]
    for name, source in opened:
        if not isinstance(source, Library) and not as_json:
            click.echo(f"{name}: made on demand, nothing to extract")
    if as_json:
        counts = [
            {"source": name, "path": str(library.path), "cutouts": len(library), "categories": library.categories}
            | {"refused": dict(library.refused)}
            for name, library in libraries
        ]
        click.echo(json.dumps(counts))
    else:
        for name, library in libraries:
            click.echo(_counts(name, library))
    if out is not None and libraries:
        _write_sheet([library for _, library in libraries], out)


def _counts(name: str, library: Library) -> str:
    """Counts of a library: text of a line a category and a line a reason."""
    lines = [f"{name}: {len(library)} cutouts in {library.path}"]
    lines += [f"  {count:6d} {category}" for category, count in sorted(library.categories.items(), key=lambda item: -item[1])]
    refused = sorted(library.refused.items(), key=lambda item: -item[1])
    if refused:
        lines.append(f"refused: {sum(count for _, count in refused)}")
        lines += [f"  {count:6d} {reason}, such as {library.examples[reason]}" for reason, count in refused]
    return "\n".join(plain(line) for line in lines)


def _write_sheet(libraries: list[Library], out: Path, count: int = 60) -> None:
    from natocc.io.atomic import write_named
    from natocc.io.images import encode_png
    from natocc.report.contact_sheet import titled_sheet

    sections = [section for library in libraries for section in _sections(library, count // len(libraries))]
    write_named(out, encode_png(titled_sheet(sections, columns=10, side=180)))
    click.echo(plain(str(out)), err=True)


def _sections(library: Library, count: int, few: int = 20) -> list[tuple[str, list[Tile]]]:
    """Cutouts of a library as they come, the worst that were kept, and the best that were refused."""
    import numpy as np

    from natocc.occluders.library.best_refused import best_refused
    from natocc.report.contact_sheet import cutout_tile, matte_tile

    items = list(library.items())
    chosen = np.unique(np.linspace(0, len(items) - 1, min(len(items), count)).round().astype(int))
    any_of_them = [cutout_tile(library.cutout({"id": items[index]})) for index in chosen]
    worst = []
    for item, score, flaw in library.worst(few):
        cutout = library.cutout({"id": item})
        worst.append(matte_tile(cutout.foreground, cutout.matte, f"{cutout.category} {score:.2f} {flaw}"))
    refused = [
        matte_tile(poor.foreground, poor.matte, f"{poor.category} {poor.score:.2f} {poor.flaw}")
        for poor in best_refused(library.path)[:few]
    ]
    return [
        (f"{library.name}: {len(chosen)} of {len(items)} cutouts", any_of_them),
        ("the worst that were kept: quality, and what is worst", worst),
        ("the best that were refused for their quality", refused),
    ]
