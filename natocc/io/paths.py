"""Where the locations that a recipe names lie on this machine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import NoReturn

from natocc.core.errors import BadDataError, Reason, UsageError


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


def data_root() -> Path:
    """The data root by default: ``NATOCC_DATA``, else ``data``."""
    return Path(os.environ.get("NATOCC_DATA") or "data")


def cache_folder(data: Path) -> Path:
    """The cache folder by default.

    ``NATOCC_CACHE``, else beside the data root, or below the user's cache folder where that cannot be written.
    """
    if folder := os.environ.get("NATOCC_CACHE"):
        return Path(folder)
    beside = data.absolute().parent
    if os.access(beside, os.W_OK):
        return beside / "natocc-cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "natocc"


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
    return inside if inside.is_dir() else package.parent / name


def require_folder(path: Path, layout: str) -> Path:
    """`path`, if it is a folder.

    Raises
    ------
    UsageError
        If it is not; the message names it and the layout that was expected there.
    """
    if not path.is_dir():
        raise UsageError(f"no folder {path}; expected {layout} (say where with --data, --source-root or --occluders-root)")
    return path


def inside(root: Path, name: str) -> Path:
    """Path of a file that a data file names, kept inside its root.

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
    if not name or "\0" in name or "\\" in name or "://" in name or name.startswith("/") or name[1:2] == ":":
        raise BadDataError(Reason.LEAVES_ROOT, f"file name {name!r} is not a plain relative path")
    path = root / name
    if ".." in Path(name).parts or not os.path.realpath(path).startswith(os.path.realpath(root) + os.sep):
        raise BadDataError(Reason.LEAVES_ROOT, f"file name {name!r} leaves {root}")
    return path


def files_below(root: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Names of the files below `root`; linked folders are not followed: they may form a loop.

    Parameters
    ----------
    root : Path
        The folder.
    suffixes : tuple of str
        In lower case; files with others are left out.

    Returns
    -------
    names : list of str
        Paths relative to `root`, with ``/``, sorted. What they name need not be a regular file: nothing is opened.

    Raises
    ------
    UsageError
        If a folder cannot be listed, or a name is not valid UTF-8 and could not be written to a manifest.
    """
    names = []
    for folder, _, files in os.walk(root, onerror=_refuse, followlinks=False):
        below = "" if folder == os.fspath(root) else Path(folder).relative_to(root).as_posix() + "/"
        names += [below + name for name in files if name.lower().endswith(suffixes)]
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:  # how Python reads a name that is not UTF-8
            raise UsageError(f"{root}: the file name {name!a} is not valid UTF-8; rename it") from None
    return sorted(names)


def _refuse(error: OSError) -> NoReturn:
    raise UsageError(f"cannot list {error.filename}: {error.strerror}")


SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def without_suffix(name: str) -> str:
    """`name` without the suffix of a picture, if it has one.

    Examples
    --------
    >>> without_suffix("a/b.JPG"), without_suffix("a/b.c"), without_suffix(".png")
    ('a/b', 'a/b.c', '.png')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and "." + suffix.lower() in SUFFIXES and not stem.endswith("/") and stem else name
