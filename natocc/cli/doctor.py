"""``natocc doctor``: what is installed, which data lie where, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from natocc.cli.options import data_options
from natocc.core.text import plain


@click.command()
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def doctor(data: Path, cache: Path, as_json: bool) -> None:
    """Say what is installed, which data are found in which layout, and how what is missing should look.

    Every folder below the data root is tried as every source: what natocc can read, it names. No picture is opened.

    \b
    natocc doctor --data /datasets
    """
    import json

    from natocc.recipe.discover import folders, sources

    found: dict[str, Any] = {
        "versions": _versions(),
        "models": _models(),
        "plugins": [*_plugins()],
        "data": str(data),
        "sources": [*sources(data, cache)],
        "folders": [*folders(data, cache)],
        "cache": str(cache),
        "libraries": [*_libraries(cache)],
    }
    click.echo(json.dumps(found) if as_json else _told(found))


def _versions() -> dict[str, str]:
    from natocc.core.versions import __version__, versions

    return {"natocc": __version__, **versions()}


def _plugins() -> Iterator[dict[str, str]]:
    """What other packages add, and what is wrong with it where something is."""
    from natocc.compose.blend import BLENDS
    from natocc.compose.transfers import TRANSFERS
    from natocc.exports import FORMATS
    from natocc.faces import SOURCES as FACES
    from natocc.occluders import SOURCES as OCCLUDERS
    from natocc.occluders import TEXTURES
    from natocc.plugins.table import misnamed, offered

    tables = (FACES, OCCLUDERS, TEXTURES, TRANSFERS, BLENDS, FORMATS)
    for table in tables:
        for offer in offered(table.group):
            fault = table.complaint(offer)
            yield {"group": table.group, "name": offer.name, "package": offer.package, "version": offer.version} | (
                {"fault": fault} if fault else {}
            )
    for offer in misnamed({table.group for table in tables}):
        yield {"group": offer.group, "name": offer.name, "package": offer.package, "version": offer.version} | {
            "fault": f"{offer}: no such group (known: {', '.join(table.group for table in tables)})"
        }


def _models() -> str:
    from natocc.core.errors import NatoccError
    from natocc.faces.landmarks.detector import check_models

    try:
        check_models(68)
        check_models(5)
    except NatoccError as error:
        return str(error)
    return "found"


def _libraries(cache: Path) -> Iterator[dict[str, object]]:
    from natocc.occluders.library.library import Library

    if cache.is_dir():
        for path in sorted(cache.iterdir()):
            if (path / "index.arrow").is_file() and (path / "summary.json").is_file():
                library = Library(path)
                yield {"path": str(path), "of": library.name, "cutouts": len(library), "categories": len(library.categories)}


def _named(plugin: dict[str, str]) -> str:
    return f"{plugin['group']} {plugin['name']!r} of {plugin['package']} {plugin['version']}"


def _told(found: dict[str, Any]) -> str:
    lines = [", ".join(f"{name} {version}" for name, version in found["versions"].items())]
    lines.append(f"landmark models: {found['models']}")
    for each in found["plugins"]:
        lines.append(f"plug-in {each.get('fault') or _named(each)}")
    lines.append(f"data root {found['data']}:")
    for each in found["sources"]:
        name = f"{each['kind']} {each['source']}"
        if "count" in each:
            classes = each.get("classes", [])
            of = f", classes: {', '.join(classes)}" if len(classes) > 2 else ""
            lines.append(f"  {name}: {each['count']} {each['what']}{of}")
        else:
            lines.append(f"  {name}: {each['missing']}")
    for each in found["folders"]:
        can = [f"{look['kind']} {look['source']} ({look['count']} {look['what']})" for look in each["as"]]
        lines.append(f"folder {each['folder']} can be read as: {'; '.join(can) or 'nothing that natocc knows'}")
    lines.append(f"cache {found['cache']}:")
    for each in found["libraries"]:
        lines.append(f"  {each['cutouts']} cutouts of {each['categories']} categories, from {each['of']}")
    return "\n".join(plain(line) for line in lines)
