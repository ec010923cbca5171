"""Where the locations that a recipe names lie on this machine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from natocc.core.addresses import is_url, shown_address
from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.io.files import is_dir

SCHEMES = ("package:", "asset:")
"""What a location may begin with that is no path; any other colon is part of a name."""


def locate(location: str, data: Path) -> Path:
    """Path that a recipe's location means.

    Parameters
    ----------
    location : str
        A path, relative to the data root unless absolute; ``package:NAME/sub`` for files that an installed package ships;
        ``asset:sub`` for natocc's own.
    data : Path
        The data root.

    Returns
    -------
    path : Path
        Need not exist.

    Raises
    ------
    UsageError
        If the package is not installed, ``package:`` or ``asset:`` climb out of their folder, or it is no path at all.
    """
    if is_url(location):
        raise UsageError(f"{shown_address(location)} is no path of this machine: copy what lies there here, and name that")
    scheme, colon, rest = location.partition(":")
    if "\0" in location:
        raise UsageError(f"{location!r} is no path: it has a NUL")
    if colon and scheme == "package":
        name, _, below = rest.partition("/")
        return _below(package_folder(name), below, location)
    if colon and scheme == "asset":
        return _below(own_folder("assets"), rest, location)
    try:
        return data / Path(location).expanduser()
    except RuntimeError as error:  # ~ of somebody unknown
        raise UsageError(f"{location!r} is no path: {error}") from None


def _below(folder: Path, name: str, location: str) -> Path:
    """`name` in a folder that is not the user's; links inside it are the package's own affair."""
    if name.startswith("/") or ".." in Path(name).parts:
        raise UsageError(f"{location!r} leaves {folder}; name a file in it, or a path without package: or asset:")
    return folder / name


def package_folder(name: str) -> Path:
    """Folder of an installed package, found without importing it.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None  # of a dotted name the parent would be imported
    except ValueError:  # a module without a place, such as __main__
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the Python package {name!r} is needed and not installed: pip install 'natocc[demo]'")
    return Path(next(iter(spec.submodule_search_locations)))


def own_folder(name: str) -> Path:
    """natocc's ``assets`` or ``pipelines``: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / name
    return inside if is_dir(inside) else package.parent / name


def require_folder(path: Path, layout: str) -> Path:
    """`path`, if it is a folder.

    Raises
    ------
    UsageError
        If it is not; the message names it and the layout that was expected there.
    """
    if not is_dir(path):
        raise UsageError(
            f"no folder {path}; expected {layout} (say where with --data, --source-root or --occluders-root; a path of a flag is "
            "looked for in the current folder, then in the data root)"
        )
    return path


def inside(root: Path, name: str) -> Path:
    """Path of a file that a data file names, kept inside its root. Names from a listing of the root are not asked for this.

    Parameters
    ----------
    root : Path
        The folder it may not leave, not even through a symbolic link.
    name : str
        As the data file has it, such as COCO's ``file_name``.

    Raises
    ------
    BadDataError
        ``leaves-root`` if the name is absolute, a URL, climbs out of the root, or has a NUL.
    """
    _expect_plain(name)
    path = root / name
    if ".." in Path(name).parts or not os.path.realpath(path).startswith(os.path.realpath(root) + os.sep):
        raise BadDataError(Reason.LEAVES_ROOT, f"file name {name!r} leaves {root}")
    return path


def _expect_plain(name: str) -> None:
    if not name or "\0" in name or "\\" in name or "://" in name or name.startswith("/") or name[1:2] == ":":
        raise BadDataError(Reason.LEAVES_ROOT, f"file name {name!r} is not a plain relative path")


def unlinked(root: Path, name: str) -> Path:
    """Path of a file that natocc wrote below `root`; natocc makes no links, so that neither it nor a folder above it is one.

    Parameters
    ----------
    root : Path
        The folder; itself it may be a link.
    name : str
        As a record or a manifest has it, such as ``images/00000/000000000.jpg``.

    Raises
    ------
    BadDataError
        ``leaves-root`` if it is no plain relative path, or a link is on the way.
    """
    _expect_plain(name)
    if os.path.realpath(root / name) != os.fspath(Path(os.path.realpath(root)) / name):
        raise BadDataError(Reason.LEAVES_ROOT, f"{root / name} is a link or lies below one, or leaves {root}: not followed")
    return root / name


SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")


def without_suffix(name: str) -> str:
    """`name` without the suffix of a picture, if it has one.

    Examples
    --------
    >>> without_suffix("a/b.JPG"), without_suffix("a/b.c"), without_suffix(".png")
    ('a/b', 'a/b.c', '.png')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and "." + suffix.lower() in SUFFIXES and not stem.endswith("/") and stem else name
