"""Where COCO files and their pictures lie: COCO's own layout, and those in which tools export its form."""

from __future__ import annotations

import collections
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from natocc.core.errors import BadDataError, UsageError
from natocc.core.text import counted
from natocc.io.files import is_dir, is_file, open_file
from natocc.io.folders import walk
from natocc.io.notes import Notes
from natocc.io.paths import SUFFIXES
from natocc.occluders.coco.instances import read_instances
from natocc.occluders.coco.names import existing_picture, last_part, name_of_url

LAYOUT = (
    "COCO's layout: annotations/instances_NAME.json beside a folder NAME of pictures (NAME such as val2017), "
    "or a COCO JSON beside its pictures"
)
_KEYS = "say where with annotations=[FILE] and images=FOLDER"
_GENERAL = ("images", "JPEGImages", "imgs", "img", "image", "photos", "pictures", "data")  # names of folders of pictures
_ABOVE = ("annotations", "labels", "annots", "json", "jsons")  # folders of JSONs alone
_DEPTH = 3  # folders below the root in which JSONs are looked for
_MOST = 64  # JSONs of a folder that are looked at: one a picture are another form
_ENDS = 1 << 20  # bytes at the beginning and at the end of a file, which show how it names its pictures
_SAMPLED = 20  # names
_NAME = re.compile(r'"(file_name|coco_url)"\s*:\s*("(?:[^"\\]|\\.)*")')
_PARTS = re.compile(r"[._\-]+")
_OTHERS = ("captions_", "person_keypoints_", "panoptic_", "stuff_", "image_info_")  # COCO's, beside its instances
_OTHER_FORMS = {
    ".xml": "XML as of Pascal VOC",
    ".txt": "text as of YOLO",
    ".csv": "CSV",
    ".jsonl": "JSON Lines",
    ".parquet": "Parquet",
    ".tfrecord": "TFRecord",
    ".zip": "ZIP archives, to be unpacked",
    ".tar": "TAR archives, to be unpacked",
    ".gz": "gzip, to be unpacked",
}


def find_annotations(root: Path) -> list[tuple[Path, Path]]:
    """Every COCO file below a folder, or the one that is given in place of it, with the folder of its pictures.

    Raises
    ------
    UsageError
        If there is none; says what there is instead.
    """
    files = list_annotations(root)
    pairs = [(path, picture_folder(path, root)) for path in files]
    if complete := [(path, folder) for path, folder in pairs if folder is not None]:
        return complete
    return [(files[0], require_pictures(files[0], root))]


def list_annotations(root: Path) -> list[Path]:
    """COCO files below a folder: ``annotations/instances_*.json``, else whatever looks like one; the folder may be a file.

    Raises
    ------
    UsageError
        If there is none; says what there is instead.
    """
    if is_file(root):
        return [root]
    if not is_dir(root):
        raise UsageError(f"no folder {root}; expected {LAYOUT} (say where with --data or --occluders-root)")
    if own := sorted((root / "annotations").glob("instances_*.json")):
        return own
    files = list({os.path.realpath(path): path for path in reversed(list(_jsons(root)))}.values())[::-1]
    alike = [path for path in files if _is_alike(path)]
    found = [path for path in alike if not path.name.startswith(_OTHERS)] or alike or files[:1]
    if not found:
        raise UsageError(f"no annotations with pictures below {root}; expected {LAYOUT}; found {_contents(root)} ({_KEYS})")
    return found


def require_pictures(file: Path, root: Path, given: bool = False) -> Path:
    """Folder of the pictures of a COCO file.

    Parameters
    ----------
    file : Path
        The COCO file.
    root : Path
        Folder of the whole data set, or the one that is given for the pictures.
    given : bool
        Which of them.

    Raises
    ------
    UsageError
        If there is none; names the folders that were looked into.
    """
    if given:
        below = [root, *(root / name for name in _split_names(file))]
        return _most_names(below, sample_names(file)) or root
    if folder := picture_folder(file, root):
        return folder
    entries = read_instances(file).pictures.values()  # or says what else the file is
    names = [entry.file_name for entry in entries][:_SAMPLED]
    named = f", such as {names[0]!r}," if names else ""
    raise UsageError(
        f"no annotations with pictures below {root}: {file.name} names {counted(len(entries), 'picture')}{named} not where they "
        f"are looked for; {_elsewhere(root, names) or f'found {_contents(root)}'}; expected {LAYOUT} ({_KEYS})"
    )


def _elsewhere(root: Path, names: Sequence[str]) -> str:
    """Text that names a folder with one of the pictures, and the keys that take it; empty if there is none."""
    for folder, files in _walk(root):
        for name in {last_part(name) for name in names}.intersection(files):
            as_written = _count(folder, names) > 0
            return f"{folder} has {name!r}: images={folder}{'' if as_written else ' with file_names=last_part'}"
    return ""


def picture_folder(file: Path, root: Path) -> Path | None:
    """Folder of a COCO file's pictures: of those by the layouts the one that has most of them; None where there is none."""
    names, candidates = sample_names(file), _candidates(file, root)
    if folder := _most_names(candidates, names) or _most_names(candidates, [last_part(name) for name in names]):
        return folder
    name = file.stem.removeprefix("instances_")
    own = [root / name, root / "images" / name] if _is_name(name) else []
    return next((folder for folder in own if is_dir(folder)), None)


def sample_names(file: Path) -> list[str]:
    """Some names of pictures that a COCO file has, from its beginning and its end; none if it cannot be read."""
    found: list[str] = []
    for key, quoted in _NAME.findall(read_ends(file).decode("utf-8", "replace")):
        try:
            name = json.loads(quoted)
        except ValueError:
            continue
        found.append(name if key == "file_name" else name_of_url(name))
    step = max(1, len(found) // _SAMPLED)
    return found[::step][:_SAMPLED]


def read_ends(file: Path) -> bytes:
    """The first and the last mebibyte of a file, or all of a small one; nothing if it cannot be read."""
    try:
        with open_file(file) as stream:
            head = stream.read(_ENDS)
            stream.seek(max(_ENDS, os.fstat(stream.fileno()).st_size - _ENDS))
            return head + stream.read(_ENDS)
    except OSError:
        return b""


def item_names(files: Sequence[Path]) -> list[str]:
    """What the ids of a COCO file's objects begin with: its stem, after the folders that tell files of one name apart.

    Raises
    ------
    UsageError
        If a file is given twice.

    Examples
    --------
    >>> item_names([Path("a/train/x.json"), Path("a/valid/x.json"), Path("a/y.json")])
    ['train/x', 'valid/x', 'y']
    """
    parts = [path.absolute().with_suffix("").parts for path in files]
    names = [path[-1] for path in parts]
    for length in range(2, max(map(len, parts), default=0) + 1):
        repeated = {name for name, count in collections.Counter(names).items() if count > 1}
        names = ["/".join(path[-length:]) if name in repeated else name for name, path in zip(names, parts, strict=True)]
    twice = next((path for path, count in collections.Counter(map(Path.absolute, files)).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"annotations: {twice} is given twice")
    return names


def _candidates(file: Path, root: Path) -> list[Path]:
    """Folders in which a COCO file's pictures may lie, the likeliest first."""
    parent = file.parent
    above = parent.parent if parent.name.lower() in _ABOVE or (parent != root and parent.is_relative_to(root)) else parent
    places = list(dict.fromkeys([root, parent, above]))
    general = [place / name for place in places for name in _GENERAL]
    names = [*_split_names(file), *([] if parent in (root, root / "annotations") else [parent.name])]
    return list(
        dict.fromkeys([*(place / name for name in names for place in [*places, *general]), *general, parent, above, root])
    )


def _split_names(file: Path) -> list[str]:
    """Names of the split that a COCO file's own name may hold, such as ``val2017``."""
    name = file.stem.removeprefix("instances_")
    parts = [name, *_PARTS.split(name)]
    return [part for part in dict.fromkeys(parts) if _is_name(part)]


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..")  # `instances_...json` would mean the folder above


def _most_names(folders: Sequence[Path], names: Sequence[str]) -> Path | None:
    """The first of those folders that have most of the pictures; None if none has any."""
    counts = [_count(folder, names) for folder in folders]
    most = max(counts, default=0)
    return folders[counts.index(most)] if most else None


def _count(folder: Path, names: Sequence[str]) -> int:
    """How many of the pictures a folder has."""
    return sum(_has(folder, name) for name in names) if is_dir(folder) else 0


def _has(folder: Path, name: str) -> bool:
    try:
        return existing_picture(folder, name.replace("\\", "/")) is not None
    except BadDataError:
        return False


def _jsons(root: Path) -> Iterator[Path]:
    """JSONs below a root, of each folder the largest."""
    for folder, names in _walk(root):
        paths = [folder / name for name in names if name.lower().endswith(".json")]
        yield from sorted(paths, key=_size, reverse=True)[:_MOST]


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders below a root, not too deep, and the names of their files."""
    for folder in walk(root, "follow", Notes(), on_error=lambda error: None):
        if folder.prefix.count("/") <= _DEPTH:
            yield Path(folder.path), sorted(entry.name for entry in folder.files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_alike(path: Path) -> bool:
    """Whether a JSON looks as COCO's: entries with names of pictures, and annotations."""
    text = read_ends(path)
    return _NAME.search(text.decode("utf-8", "replace")) is not None and (b'"annotations"' in text or b'"image_id"' in text)


def _contents(root: Path) -> str:
    """What a folder holds, for a message."""
    counts: collections.Counter[str] = collections.Counter()
    for _, names in _walk(root):
        counts.update(Path(name).suffix.lower() for name in names)
    pictures = sum(counts[suffix] for suffix in SUFFIXES)
    found = [counted(pictures, "picture")] if pictures else []
    found += [f"{counts['.json']} JSON"] if counts[".json"] else []
    found += [f"{counts[suffix]} {suffix} ({what})" for suffix, what in _OTHER_FORMS.items() if counts[suffix]]
    return ", ".join(found[:4]) or "nothing of the kind"
