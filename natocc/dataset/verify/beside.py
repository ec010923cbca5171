"""What lies beside the samples: the card and the contact sheet as they were written, and nothing that natocc does not write."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from natocc.dataset.description import DatasetDescription
from natocc.dataset.findings import Depth, Finding, Kind
from natocc.dataset.layout import FILES, FOLDERS, OF_THE_DESKTOP, Layout
from natocc.dataset.verify.shard import DatasetFiles
from natocc.io.atomic import final_name
from natocc.io.images import file_sha256


def card_findings(layout: Layout, description: DatasetDescription, depth: Depth) -> Iterator[Finding]:
    """What is wrong with the files that ``dataset.json`` answers for.

    Parameters
    ----------
    layout : Layout
        A folder that holds them; of a dataset on a server, copies.
    description : DatasetDescription
        What ``dataset.json`` says.
    depth : Depth
        ``FAST`` asks only whether they are there.
    """
    for name, sha256 in (description.files or {}).items():
        expected = f"sha256 {sha256}" if depth > Depth.FAST else "the file that natocc wrote"
        found = _found(layout.root / name, sha256, depth)
        if found is not None:
            yield Finding(Kind.CARD, name, expected, found)


def _found(path: Path, sha256: str, depth: Depth) -> str | None:
    """What lies there in place of a file of this digest; None where it is that file."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "something else than a file"
        digest = sha256 if depth == Depth.FAST else file_sha256(path)
    except FileNotFoundError:
        return "no file"
    except OSError as error:
        return error.strerror or str(error)
    return None if digest == sha256 else digest


def strangers(layout: Layout, files: DatasetFiles, complete: bool) -> Iterator[Finding]:
    """What lies in the dataset's folder itself and is not of a dataset, and what interrupted runs left there.

    Hidden names are nobody's business (``.git``, ``.DS_Store``), those that natocc gives apart. A run that resumes may still need
    what another one left: that is told of a complete dataset only.
    """
    own_files, own_folders = (*FILES, layout.dataset.name), (*FOLDERS, layout.records.name)
    for name in files.names(""):
        if name.startswith("."):
            if complete and name == layout.staging.name:
                yield Finding(Kind.LEFTOVER, name, "no staging area in a complete dataset", "one")
            elif complete and final_name(name) != name and final_name(name) in own_files:
                yield Finding(Kind.LEFTOVER, name, "no half-written file", "one")
        elif name in own_folders:
            if not files.is_folder(name):
                yield Finding(Kind.EXTRA, name, "a folder", "something else")
        elif name not in own_files and name not in OF_THE_DESKTOP:
            yield Finding(Kind.EXTRA, name, "what natocc writes only", "something else: move it out of the dataset")
