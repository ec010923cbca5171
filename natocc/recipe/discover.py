"""Which data a data root holds, and in which layout. No picture is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from natocc.core.errors import NatoccError, RunError
from natocc.faces import SOURCES as FACES
from natocc.faces.landmarks.yunet import YuNet
from natocc.faces.sources.base import FaceOptions
from natocc.faces.sources.photographs import once_per_photograph
from natocc.io.files import is_dir
from natocc.io.folders import is_system
from natocc.io.segmenter import Segmenter
from natocc.occluders import SOURCES as OCCLUDERS
from natocc.occluders.source import OccluderOptions
from natocc.plugins.faults import faults
from natocc.plugins.options import choose_by_name


def sources(data: Path, cache: Path) -> Iterator[dict[str, Any]]:
    """Every source at its default location."""
    for kind, table in (("faces", FACES), ("occluders", OCCLUDERS)):
        for name in table:
            yield {"kind": kind, "source": name, **_look(kind, name, None, data, cache)}


def folders(data: Path, cache: Path) -> Iterator[dict[str, Any]]:
    """Every folder of the data root, and what it can be read as."""
    layouts = [("faces", "celebamask"), ("faces", "labelled"), ("occluders", "coco"), ("occluders", "hands")]
    any_pictures = [("faces", "folder"), ("occluders", "cutouts"), ("occluders", "shapes")]
    try:
        entries = sorted(path for path in data.iterdir() if _is_folder(path) and not is_system(path.name))
    except OSError:  # no such folder, or one that may not be listed: sources say which
        return
    for folder in entries:
        # Any pictures can be photographs, cutouts or textures: that is listed only of folders that are nothing else.
        for candidates in (layouts, any_pictures):
            looks = [{"kind": kind, "source": name, **_look(kind, name, folder.name, data, cache)} for kind, name in candidates]
            readable = [look for look in looks if "count" in look]
            if readable:
                break
        yield {"folder": folder.name, "as": readable}


def _is_folder(path: Path) -> bool:
    try:
        return is_dir(path)
    except RunError:  # a link to where nobody may look
        return False


def networks(data: Path) -> Iterator[dict[str, Any]]:
    """Every ONNX file in the data root or a folder of it: what natocc can use it for, or what is wrong with it."""
    try:
        paths = sorted([*data.glob("*.onnx"), *data.glob("*/*.onnx")])
    except OSError:  # a folder that may not be listed
        return
    for path in paths:
        name = path.relative_to(data).as_posix()
        try:
            yield {"path": name, "side": Segmenter.open(path).side}
        except NatoccError as error:
            yield {"path": name, **_as_detector(path, str(error))}


def _as_detector(path: Path, fault: str) -> dict[str, Any]:
    """The use of a network whose name says that it is YuNet, or what is wrong with it; `fault` of any other."""
    if "yunet" not in path.name.lower():
        return {"fault": fault}
    try:
        YuNet(path).check()
    except NatoccError as error:
        return {"fault": str(error)}
    return {"detector": "yunet"}


def _look(kind: str, name: str, root: str | None, data: Path, cache: Path) -> dict[str, Any]:
    """How many faces or pictures a source has, or what is missing."""
    own = name in (FACES if kind == "faces" else OCCLUDERS).own
    entry: dict[str, Any] = {"source": name}
    if root is not None:
        entry |= {"textures": {"source": "textures", "root": root}} if name == "shapes" else {"root": root}
    try:
        if kind == "faces":
            options = choose_by_name(entry, FaceOptions, FACES, "source")
            source = once_per_photograph(options.open(data, cache), cache, divided=False)
            return {
                "count": len(source.ids()),
                "what": "faces",
                "classes": list(source.classes.values()),
                "notes": source.notes().to_json(),
                "remarks": list(source.notes().lines()),
            }
        occluders = choose_by_name(entry, OccluderOptions, OCCLUDERS, "source")
        notes = occluders.notes(data)
        return {
            "count": occluders.check(data),
            "what": occluders.counted,
            "notes": notes.to_json(),
            "remarks": list(notes.lines()),
        }
    except NatoccError as error:
        return {"missing": str(error)}
    except ValidationError as error:  # the name of a folder that no recipe can hold
        return {"missing": faults(error)[0]}
    except OSError as error:  # a folder that may not be looked at
        return {"missing": f"cannot read {error.filename}: {error.strerror}"}
    except Exception as error:
        if own:
            raise
        return {"missing": f"{type(error).__name__}: {error}".splitlines()[0]}  # a plug-in's own fault: others are still tried
