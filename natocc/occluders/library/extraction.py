"""Filling an occluder library: every picture once, in parallel, written aside and renamed."""

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import cv2

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.plans import Json
from natocc.core.progress import report_progress
from natocc.core.rejections import explained, not_kept
from natocc.core.samples import Cutout
from natocc.io.atomic import encode_json
from natocc.io.cache import DAMAGE, FolderCache, entry_key
from natocc.io.folders import Links, walk
from natocc.io.images import file_sha256, sha256
from natocc.io.notes import Notes
from natocc.io.paths import SUFFIXES
from natocc.io.sealed_json import seal
from natocc.io.tables import write_table
from natocc.occluders.cutting.judging import JudgedCutout, PoorCutoutError
from natocc.occluders.library.best_refused import keep_best, keep_refused
from natocc.occluders.library.library import INDEX, SUMMARY, Library, open_whole
from natocc.occluders.library.packed import pack
from natocc.workers.crew import Crew, in_order
from natocc.workers.piece import Lost, Piece

VERSION = 9
"""Of the extraction; raised when the same inputs give other cutouts, so that old libraries are left alone."""

_LOG = logging.getLogger("natocc")
_CHUNK = 32  # pictures that one task cuts up and one folder holds
_Chunk: TypeAlias = tuple[list[dict[str, Any]], list[BadDataError], list[dict[str, Any]]]
_TIME_LIMIT = 600.0  # seconds for one picture, which may have a hundred objects that a network enlarges


class SourcePicture(Protocol):
    """A picture with objects to cut out; picklable."""

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """A cutout for each object that can serve, and the error for each that cannot."""
        ...

    def __str__(self) -> str:
        """How messages name it."""
        ...


def library_key(options: str, paths: Iterable[Path], folders: Iterable[Path], links: Links = "follow") -> str:
    """Name of the library that these options and inputs make.

    Parameters
    ----------
    options : str
        The source's options as JSON.
    paths : paths
        Files known by what they hold.
    folders : paths
        Folders whose pictures are known by name, size and time of change (ns).
    links : str
        Whether links that lead out of these are followed.

    Returns
    -------
    key : str
        32 hexadecimal digits.

    Raises
    ------
    UsageError
        If one of them cannot be listed.
    """
    try:
        contents: list[Json] = [[path.name, file_sha256(path)] for path in paths]
        known = [picture for folder in folders for picture in sorted(_pictures(folder, links))]
    except OSError as error:
        raise UsageError(f"cannot read {error.filename}: {error.strerror}") from None
    states: list[Json] = [[name, status.st_size, status.st_mtime_ns] for name, status in known]
    return entry_key([[f"library {VERSION}", options, contents], *states])


def _pictures(root: Path, links: Links) -> Iterator[tuple[str, os.stat_result]]:
    for folder in walk(root, links, Notes()):
        for entry in folder.files:
            if entry.name.lower().endswith(SUFFIXES) and entry.is_file():
                yield folder.prefix + entry.name, entry.stat()


def open_library(cache: Path, key: str, name: str, pictures: Callable[[], Sequence[SourcePicture]], jobs: int) -> Library:
    """The library `key` in `cache`, extracted if there is none or a damaged one.

    Parameters
    ----------
    cache : Path
        Folder of libraries; made if missing.
    key : str
        See :func:`library_key`.
    name : str
        The source that is extracted, for messages.
    pictures : callable
        Gives what to extract; called only if the library has to be made.
    jobs : int
        Processes.

    Returns
    -------
    library : Library
        Not empty.

    Raises
    ------
    UsageError
        If no object can serve; says how many were refused, by reason.
    RunError
        If the cache can be neither read nor written.
    """
    kept = FolderCache(cache, open_whole)
    return kept.get(key, lambda folder: extract_library(folder, name, pictures(), jobs))


def extract_library(folder: Path, name: str, pictures: Sequence[SourcePicture], jobs: int) -> None:
    """Write the cutouts of all pictures, their index and a summary into a folder.

    The folder is empty, or holds what an interrupted extraction of the same pictures left: chunks that it finished are kept.
    The bytes written depend on the pictures and their order alone, neither on `jobs` nor on interruptions.

    Raises
    ------
    UsageError
        If no object can serve, or two have the same id.
    RunError
        If a file is there and cannot be read: no permission, or the disk fails.
    """
    starts = range(0, len(pictures), _CHUNK)
    chunks = (  # each put together when a worker is free
        [(number, picture) for picture in pictures[start : start + _CHUNK]] for number, start in enumerate(starts)
    )
    crew = Crew(functools.partial(_extract_chunk, folder), jobs, _shown, _TIME_LIMIT, folder / "begun")
    rows: list[dict[str, Any]] = []
    refused: collections.Counter[Reason] = collections.Counter()
    examples: dict[Reason, str] = {}
    poor: list[dict[str, Any]] = []
    report_progress(doing := f"extracting occluders from the pictures of {name}", 0, len(pictures))
    with contextlib.closing(crew.run(chunks)) as done:
        for number, (chunk_rows, refusals, chunk_poor) in enumerate(in_order(done), start=1):
            report_progress(doing, min(number * _CHUNK, len(pictures)), len(pictures))
            rows += chunk_rows
            poor += chunk_poor
            refused.update(error.reason for error in refusals)
            for error in refusals:
                examples.setdefault(error.reason, error.detail)
    if not rows:
        if not refused:
            raise UsageError(f"{name}: no object can serve as an occluder; there is none of the wanted categories")
        counts = {str(reason): count for reason, count in refused.items()}
        shown = {str(reason): example for reason, example in examples.items()}
        raise UsageError(f"{name}: no object can serve as an occluder; refused:", *explained(counts, shown))
    rows.sort(key=lambda row: row["item"])
    for before, after in itertools.pairwise(rows):
        if before["item"] == after["item"]:
            raise UsageError(f"{name}: two objects have the id {after['item']!r}")
    if premultiplied := sum(row["premultiplied"] for row in rows):
        _LOG.warning(
            "%s: the colours of %d of %d cutouts were premultiplied by their alpha; undone", name, premultiplied, len(rows)
        )
    write_index(folder / INDEX, rows)
    keep_best(folder, poor)
    summary: dict[str, Json] = {
        "version": VERSION,
        "name": name.encode("utf-8", "backslashreplace").decode(),  # the name of a folder may be no text
        "cutouts": len(rows),
        "index": file_sha256(folder / INDEX),
        "categories": dict(sorted(collections.Counter(row["category"] for row in rows).items())),
        "refused": dict(sorted(refused.items())),
        "examples": dict(sorted(examples.items())),
    }
    (folder / SUMMARY).write_bytes(encode_json(seal(summary), indent=1))
    for number in range(len(starts)):
        _chunk_file(folder, number).unlink()


def _chunk_file(folder: Path, number: int) -> Path:
    """Rows and refusals of a finished chunk; deleted when the library is finished."""
    return folder / f"{number:05d}.json"


def _shown(numbered: tuple[int, SourcePicture]) -> str:
    return str(numbered[1])


def _extract_chunk(folder: Path, piece: Piece[tuple[int, SourcePicture]]) -> _Chunk:
    """Cut out the objects of some pictures: rows, refusals, and those of the latter that were best.

    One chunk fills its own files, so that chunks never meet.
    """
    cv2.setNumThreads(1)  # each worker has a core of its own
    if piece.trial:  # a picture of which a worker may have died
        for (_, picture), _ in piece:
            collections.deque(picture.objects(), maxlen=0)
        return [], [], []
    number = piece.items[0][0]
    finished = _chunk_file(folder, number)
    kept = _read_chunk(finished)
    if kept is None:
        rows: list[dict[str, Any]] = []
        refusals: list[tuple[str, str]] = []
        poor: list[PoorCutoutError] = []
        for result in itertools.chain.from_iterable(_objects(picture, lost) for (_, picture), lost in piece):
            if isinstance(result, BadDataError):
                not_kept(result)
                refusals.append((result.reason, result.detail))
                poor += [result] if isinstance(result, PoorCutoutError) else []
                continue
            file = f"{number:05d}/{len(rows):06d}.png"
            (folder / file).parent.mkdir(exist_ok=True)
            data = pack(result.foreground, result.matte)
            (folder / file).write_bytes(data)
            rows.append({**_row(file, result), "file_sha256": sha256(data)})
        part = finished.with_suffix(".part")
        part.write_text(json.dumps([rows, refusals, keep_refused(folder, number, poor)]), encoding="ascii")
        part.replace(finished)
        kept = _read_chunk(finished)
    assert kept is not None
    return kept


def _read_chunk(finished: Path) -> _Chunk | None:
    """What :func:`_extract_chunk` gives; None where it has not been finished, or a power cut has damaged that."""
    with contextlib.suppress(*DAMAGE):
        rows, refused, best = json.loads(finished.read_text(encoding="ascii"))
        return rows, [BadDataError(Reason(reason), detail) for reason, detail in refused], best
    return None


def _objects(picture: SourcePicture, lost: Lost | None) -> Iterator[Cutout | BadDataError]:
    return picture.objects() if lost is None else iter([BadDataError(lost.reason, f"{picture}: {lost.detail}")])


def _row(file: str, cutout: Cutout) -> dict[str, Any]:
    quality = cutout.quality if isinstance(cutout, JudgedCutout) else None
    return {
        "item": cutout.origin.item,
        "file": file,
        "category": cutout.category,
        "dataset": cutout.origin.dataset,
        "sha256": cutout.origin.sha256,
        "licence": cutout.origin.licence,
        "premultiplied": cutout.was_premultiplied,
        "points_to": None if cutout.points_to_xy is None else list(cutout.points_to_xy),
        "width": cutout.matte.shape[1],
        "height": cutout.matte.shape[0],
        "quality": None if quality is None else quality.score,
        "flaw": None if quality is None else quality.flaw,
    }


def write_index(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the index of a library, a row for each cutout, sorted by item."""
    import pyarrow

    names = ("item", "file", "file_sha256", "category", "dataset", "sha256", "licence", "flaw")
    texts = [(name, pyarrow.string()) for name in names]
    numbers = [("width", pyarrow.int32()), ("height", pyarrow.int32())]
    measures = [("points_to", pyarrow.list_(pyarrow.float64())), ("quality", pyarrow.float64())]
    schema = pyarrow.schema([*texts, *measures, *numbers])
    write_table(path, pyarrow.Table.from_pylist(rows, schema=schema))
