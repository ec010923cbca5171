"""One shard against its record: every file is present, whole, the bytes that were written, and nothing else beside them."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import SampleRecord
from natocc.dataset.findings import Depth, Finding, Kind
from natocc.dataset.layout import FOLDERS, OF_THE_DESKTOP, PICTURES, Layout
from natocc.dataset.records import ShardRecord, read_shard
from natocc.dataset.verify.contents import Labels, contradictions
from natocc.io.images import MOST_PIXELS, file_sha256, read_plane, read_rgb
from natocc.workers import piece as workers


@dataclasses.dataclass(frozen=True)
class SampleFile:
    """A file of a sample, as the shard's record has it."""

    path: str
    folder: str
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Piece:
    """Samples of one shard and their files: what one worker checks at a time."""

    shard: int
    samples: tuple[tuple[SampleRecord, tuple[SampleFile, ...]], ...]

    def each(self) -> list[Piece]:
        """Pieces of one sample each."""
        return [Piece(self.shard, (sample,)) for sample in self.samples]


def sound_record(layout: Layout, shard: int, last: int | None) -> ShardRecord | Finding:
    """Record of shard `shard`, or what is wrong with it.

    Parameters
    ----------
    layout : Layout
        Where.
    shard : int
        Its number.
    last : int, optional
        Index of the last sample that it should hold; None where that is not known.
    """
    path = layout.record(shard).relative_to(layout.root).as_posix()
    if not layout.record(shard).exists():
        return Finding(Kind.RECORD, path, f"the record of shard {shard}", "none", shard)
    try:
        record = read_shard(layout, shard)
        indices = [sample.index for sample in record.samples]
        end = indices[-1] if last is None else last
        if indices != list(range(shard * layout.shard_size, end + 1)) or layout.shard_of(end) != shard:
            raise UsageError(f"samples {indices[0]} to {indices[-1]}, {len(indices)} of them")
        named = {file.path: file.size for _, files in _files(layout, record) for file in files}
        if named != dict(record.files):
            raise UsageError("files that are not those of its samples")
    except (UsageError, ValueError, KeyError) as error:
        return Finding(Kind.RECORD, path, "what natocc wrote", str(error), shard)
    return record


def pieces(layout: Layout, record: ShardRecord, size: int = 64) -> Iterator[Piece]:
    """A shard in pieces."""
    samples = _files(layout, record)
    for start in range(0, len(samples), size):
        yield Piece(record.shard, tuple(samples[start : start + size]))


def check_piece(root: Path, piece: Piece, depth: Depth, labels: Labels) -> list[Finding]:
    """What is wrong with the files of a piece; runs in a worker.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    piece : Piece
        What to look at.
    depth : Depth
        How thoroughly.
    labels : mapping
        ``labels`` of ``dataset.json``.
    """
    findings = []
    for record, files in piece.samples:
        wrong = [(file, found) for file in files if (found := _fault(root, file, depth)) is not None]
        findings += [Finding(Kind.FILE, file.path, *found, piece.shard, record.index, file.folder) for file, found in wrong]
        if depth == Depth.DEEP and files and not wrong:
            findings += _contents(root, record, files, piece.shard, labels)
    return findings


def check_samples(root: Path, depth: Depth, labels: Labels, piece: workers.Piece[Piece]) -> list[Finding]:
    """What is wrong with the files of some samples, a piece each; runs in a worker.

    A sample that ends its worker, or takes too long, is damage: of its bytes if they are not those that were written.
    """
    findings = []
    for sample, lost in piece:
        if lost is None:
            findings += check_piece(root, sample, depth, labels)
        else:
            (record, files), *_ = sample.samples
            findings += check_piece(root, sample, Depth.HASH, labels) or [
                Finding(Kind.CONTENT, file.path, "one that can be decoded", lost.detail, sample.shard, record.index, file.folder)
                for file in files[:1]
            ]
    return findings


def shown_sample(piece: Piece) -> str:
    """How messages name a piece of one sample."""
    return f"sample {piece.samples[0][0].index}"


class DatasetFiles:
    """Where the files of a dataset lie: in its folder.

    Parameters
    ----------
    root : Path
        The folder.
    shown : str, optional
        How messages name it; `root` unless given.
    """

    in_processes = True
    """Whether other processes can look at them, too."""

    def __init__(self, root: Path, shown: str | None = None) -> None:
        self.root = root
        self.shown = shown or str(root)

    def names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing, where there is none, or a link to one."""
        place = self.root / folder
        return sorted(path.name for path in place.iterdir()) if not folder or self.is_folder(folder) else []

    def is_folder(self, path: str) -> bool:
        """Whether what lies there is a folder, and no link to one."""
        return (self.root / path).is_dir() and not (self.root / path).is_symlink()

    def check(self, piece: Piece, depth: Depth, labels: Labels) -> list[Finding]:
        """See :func:`check_piece`."""
        return check_piece(self.root, piece, depth, labels)


def unexpected_files(files: DatasetFiles, record: ShardRecord) -> Iterator[Finding]:
    """What lies in the folders of a shard and is not in its record."""
    for folder in FOLDERS:
        place = f"{folder}/{record.shard:05d}"
        try:
            entries = files.names(place)
        except OSError as error:
            yield Finding(Kind.FILE, place, "a folder that can be listed", error.strerror or str(error))
            continue
        for path in (f"{place}/{entry}" for entry in entries if entry not in OF_THE_DESKTOP):
            if path not in record.files:
                yield Finding(Kind.EXTRA, path, "no such file", "one that no record names", record.shard)


def _files(layout: Layout, record: ShardRecord) -> list[tuple[SampleRecord, tuple[SampleFile, ...]]]:
    """Samples, each with its files, which are recognised by their names."""
    paths = record.paths()
    samples = []
    for sample in record.samples:
        own = paths.get(sample.index, {})
        for folder, path in own.items():
            suffix = Path(path).suffix
            if folder not in FOLDERS or layout.file(folder, sample.index, suffix).relative_to(layout.root).as_posix() != path:
                raise ValueError(f"{path!r} as a file of sample {sample.index}")
        if set(own) != set(sample.files):
            raise ValueError(f"files of sample {sample.index} in {sorted(own)}, sha256 of those in {sorted(sample.files)}")
        files = (SampleFile(path, folder, record.files[path], sample.files[folder]) for folder, path in sorted(own.items()))
        samples.append((sample, tuple(files)))
    return samples


def _fault(root: Path, file: SampleFile, depth: Depth) -> tuple[str, str] | None:
    """What was expected of a file and what was found; None where it is sound."""
    path = root / file.path
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "a regular file", "something else"
        if status.st_size != file.size:
            return f"{file.size} bytes", f"{status.st_size} bytes"
        if depth >= Depth.HASH:
            digest = file_sha256(path)
            if digest != file.sha256:
                return f"sha256 {file.sha256}", digest
    except (FileNotFoundError, NotADirectoryError):
        return f"{file.size} bytes", "no file"
    except OSError as error:
        return "a file that can be read", error.strerror or str(error)
    return None


def _contents(root: Path, record: SampleRecord, files: Sequence[SampleFile], shard: int, labels: Labels) -> Iterator[Finding]:
    """Contradictions of a sample whose bytes are those that were written."""
    paths = {file.folder: file.path for file in files}
    planes, sizes = {}, {}
    for folder, path in paths.items():
        try:
            if folder in PICTURES:
                height, width = read_rgb(root / path, MOST_PIXELS)[0].shape[:2]
                sizes[folder] = height, width
            else:
                planes[folder] = read_plane(root / path, MOST_PIXELS)
        except BadDataError as error:
            yield Finding(Kind.CONTENT, path, "a picture that can be decoded", error.detail, shard, record.index, folder)
            return
    if "images" not in sizes:
        return
    for folder, expected, found in contradictions(record, sizes, planes, labels):
        yield Finding(Kind.CONTENT, paths[folder], expected, found, shard, record.index, folder)
