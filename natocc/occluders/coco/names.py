"""Where the picture lies that a COCO file names: in its folder, however the tool wrote the name, and nowhere else."""

from __future__ import annotations

import functools
import os
import unicodedata
import urllib.parse
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from natocc.core.errors import BadDataError, Reason
from natocc.io.paths import inside

_LAST_PART = "file_names=last_part takes the last part of each name"


def name_of_url(url: str) -> str:
    """Name of a picture by the address that it was downloaded from: its folder and file.

    Examples
    --------
    >>> name_of_url("http://images.cocodataset.org/train2017/000000391895.jpg")
    'train2017/000000391895.jpg'
    """
    path = url.partition("#")[0].partition("?")[0].partition("://")[2]
    return urllib.parse.unquote("/".join(path.split("/")[1:][-2:]))


def find_picture(folder: Path, name: str, shortened: bool = False) -> Path:
    """Path of a picture; if there is none under any form of its name, the path that the name itself means.

    A name may have a Windows computer's separators, begin with the folder's own name, be percent-encoded, or compose its letters
    otherwise than the disk does (NFC, NFD). Capitals count.

    Parameters
    ----------
    folder : Path
        Folder of the pictures.
    name : str
        As the COCO file has it.
    shortened : bool
        Whether only what follows the last separator counts.

    Raises
    ------
    BadDataError
        ``leaves-root`` if the name leaves the folder, ``bad-annotation`` if it is no text, ``missing-file`` if another name
        may be meant, which the message then has.
    """
    with_slashes = name if name.startswith("\\") or name[1:2] == ":" else name.replace("\\", "/")
    if shortened:
        with_slashes = last_part(name)
    try:
        path = _inside(folder, with_slashes)
    except BadDataError as error:
        last = last_part(name)
        helps = error.reason == Reason.LEAVES_ROOT and last not in ("", ".", "..", with_slashes)
        if not helps or not os.path.lexists(folder / last):
            raise
        raise BadDataError(error.reason, f"{error.detail}; {folder} has {last!r}: {_LAST_PART}") from None
    found = existing_picture(folder, with_slashes)
    if found is None and (hint := _hint(folder, with_slashes)):
        raise BadDataError(Reason.MISSING_FILE, f"no file {path}{hint}")
    return found or path


def existing_picture(folder: Path, name: str) -> Path | None:
    """As :func:`find_picture`, of a name with ``/``; None if there is none; raises the same for names that are refused."""
    path = _inside(folder, name)
    if os.path.lexists(path):
        return path
    form = next((form for form in _other_forms(folder, name) if os.path.lexists(folder / form)), None)
    return None if form is None else inside(folder, form)


def _inside(folder: Path, name: str) -> Path:
    try:
        name.encode()
    except UnicodeEncodeError:  # JSON can escape half a character, which no file is named
        raise BadDataError(Reason.BAD_ANNOTATION, f"file name {name!r} is no text") from None
    return inside(folder, name)


def last_part(name: str) -> str:
    """What follows the last separator of a name, whatever computer wrote it."""
    return name.replace("\\", "/").rpartition("/")[2]


def _other_forms(folder: Path, name: str) -> Iterator[str]:
    """Other forms of a name that is a plain relative path."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    above = folder.absolute().parts
    names = [name]
    names += ["/".join(parts[count:]) for count in range(1, len(parts)) if tuple(parts[:count]) == above[-count:]]
    decoded = urllib.parse.unquote(name)
    if decoded != name and not decoded.startswith("/") and "\0" not in decoded and ".." not in decoded.split("/"):
        names.append(decoded)
    for form in names:
        yield from (form, unicodedata.normalize("NFC", form), unicodedata.normalize("NFD", form))


def _hint(folder: Path, name: str) -> str:
    """Text that names the picture that may be meant by a name that is not there; empty if there is none."""
    parent, _, last = name.rpartition("/")
    if near := _stems(folder / parent).get(_stem(last)):
        return f" (did you mean {near!r}? Capitals and suffix count)"
    if parent and os.path.lexists(folder / last):
        return f"; {folder} has {last!r}: {_LAST_PART}"
    return ""


@functools.lru_cache(maxsize=4)
def _stems(folder: Path) -> dict[str, str]:
    """Names in a folder by what they are whatever their capitals and suffix; none if it cannot be listed."""
    try:
        return {_stem(path.name): path.name for path in folder.iterdir()}
    except (OSError, ValueError):
        return {}


def _stem(name: str) -> str:
    return unicodedata.normalize("NFC", PurePosixPath(name).stem).casefold()
