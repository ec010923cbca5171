"""``natocc doctor``: what is installed, which data are where, and what is missing."""

from __future__ import annotations

import os
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
    """Report what is installed, which data were found in which layout, and the expected layout of missing data.

    Every folder below the data root is tried as every source; what is left out there is counted. No picture is decoded. Of
    networks (ONNX) it says which find faces for natocc.

    \b
    natocc doctor --data /datasets
    """
    import json

    from natocc.io.processor import processor
    from natocc.recipe.discover import folders, networks, sources

    state: dict[str, Any] = {
        "versions": _versions(),
        "processor": processor(),
        "models": _models(),
        "plugins": [*_plugins()],
        "data": str(data),
        "sources": [*sources(data, cache)],
        "folders": [*folders(data, cache)],
        "networks": [*networks(data)],
        "cache": str(cache),
        "libraries": [*_libraries(cache)],
    }
    click.echo(json.dumps(state) if as_json else _lines(state))


def _versions() -> dict[str, str]:
    from natocc.core.versions import __version__, versions

    return {"natocc": __version__, **versions()}


def _plugins() -> Iterator[dict[str, str]]:
    """Plug-ins of other packages, with the fault of those that cannot be used."""
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
    """Libraries of occluders in the cache, with the fault of those that cannot be used."""
    from natocc.io.cache import DAMAGE
    from natocc.occluders.library.library import INDEX, SUMMARY, open_whole

    try:
        paths = sorted(cache.iterdir()) if cache.is_dir() else []
    except OSError as error:
        yield {"path": str(cache), "fault": f"{cache} cannot be read: {error.strerror}"}
        return
    for path in paths:
        if path.name.startswith(".") or not any(os.path.lexists(path / name) for name in (INDEX, SUMMARY)):
            continue
        try:
            library = open_whole(path)
            counts = {"cutouts": len(library), "categories": len(library.categories)}
            yield {"path": str(path), "of": library.name, **counts}
        except (OSError, *DAMAGE) as error:
            yield {"path": str(path), "fault": f"{path} is damaged ({error}); it is made again when it is needed"}


def _named(plugin: dict[str, str]) -> str:
    return f"{plugin['group']} {plugin['name']!r} of {plugin['package']} {plugin['version']}"


def _lines(state: dict[str, Any]) -> str:
    lines = [", ".join(f"{name} {version}" for name, version in state["versions"].items())]
    lines.append(f"processor: {state['processor']}")
    lines.append(f"landmark models: {state['models']}")
    for plugin in state["plugins"]:
        lines.append(f"plug-in {plugin.get('fault') or _named(plugin)}")
    lines.append(f"data root {state['data']}:")
    for source in state["sources"]:
        name = f"{source['kind']} {source['source']}"
        if "count" in source:
            classes = source.get("classes", [])
            suffix = f", classes: {', '.join(classes)}" if len(classes) > 2 else ""
            lines.append(f"  {name}: {source['count']} {source['what']}{suffix}")
            lines += [f"    {remark}" for remark in source["remarks"]]
        else:
            lines.append(f"  {name}: {source['missing']}")
    for folder in state["folders"]:
        readings = [f"{look['kind']} {look['source']} ({look['count']} {look['what']})" for look in folder["as"]]
        lines.append(f"folder {folder['folder']} can be read as: {'; '.join(readings) or 'nothing that natocc knows'}")
        lines += [f"  {remark}" for remark in dict.fromkeys(remark for look in folder["as"] for remark in look["remarks"])]
    for network in state["networks"]:
        fault = network.get("fault")
        use = f"not for natocc's masks of faces: {fault}" if fault else f"finds visible face, {network.get('side')} px"
        if network.get("detector"):
            use = "finds faces where HOG finds none, as faces.align.yunet"
        lines.append(f"network {network['path']}: {use}")
    if not any(network.get("detector") for network in state["networks"]):
        lines.append("no detector YuNet (*yunet*.onnx) in the data root: it finds covered faces, as faces.align.yunet")
    lines.append(f"cache {state['cache']}:")
    for library in state["libraries"]:
        fault = library.get("fault")
        counts = "" if fault else f"{library['cutouts']} cutouts of {library['categories']} categories, from {library['of']}"
        lines.append(f"  {fault or counts}")
    return "\n".join(plain(line) for line in lines)
