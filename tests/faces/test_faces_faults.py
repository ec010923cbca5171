"""Files as they come: what every face source does with bad names, bad links and bad masks (faults F5 to F9)."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces.sources.base import FaceOptions, FaceSource
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.folder import FolderFaces
from natocc.faces.sources.labelled import LabelledFaces
from natocc.io.images import encode_jpeg, encode_png
from natocc.io.notes import BROKEN_LINKS, FOLLOWED_LINKS, LOOPS, OUTER_LINKS

PIXELS = np.full((40, 32, 3), 120, np.uint8)
PICTURE = encode_jpeg(PIXELS, 90)
MASK = np.zeros((40, 32), np.uint8)
MASK[10:30, 8:24] = 1
MASKED = encode_png(MASK)
SOURCES = ("celebamask", "folder", "labelled")


class Bench:
    """One source over a folder of its own, filled as a test likes."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        self.pictures = root / {"celebamask": "CelebA-HQ-img", "folder": "", "labelled": "images"}[name]
        self.masks = root / {"celebamask": "CelebAMask-HQ-mask-anno/0", "folder": "", "labelled": "masks"}[name]
        self.pictures.mkdir(parents=True)
        self.masks.mkdir(parents=True, exist_ok=True)

    def picture(self, number: int) -> Path:
        return self.pictures / f"{number}.jpg"

    def mask(self, number: int) -> Path:
        return self.masks / (f"{number:05d}_skin.png" if self.name == "celebamask" else f"{number}.png")

    def put(self, number: int, picture: bytes | None = PICTURE, mask: bytes | None = MASKED) -> None:
        if picture is not None:
            self.picture(number).write_bytes(picture)
        if mask is not None and self.name != "folder":
            self.mask(number).write_bytes(mask)

    def open(self, **more: str) -> FaceSource:
        options: dict[str, type[FaceOptions]] = {
            "celebamask": CelebAMaskFaces,
            "folder": FolderFaces,
            "labelled": LabelledFaces,
        }
        return options[self.name].model_validate({"source": self.name, "root": str(self.root), **more}).open(self.root, self.root)

    def id_of(self, number: int) -> str:
        return f"{number}.jpg" if self.name == "folder" else str(number)

    def rejected(self, number: int) -> Reason:
        with pytest.raises(BadDataError) as caught:
            self.open().read(self.id_of(number))
        return caught.value.reason


@pytest.fixture(params=SOURCES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    made = Bench(request.param, tmp_path / "data")
    made.put(1)
    return made


@pytest.fixture(params=["celebamask", "labelled"])
def masked(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    made = Bench(request.param, tmp_path / "data")
    made.put(1)
    return made


def _saved(array: np.ndarray, path: Path, mode: str | None = None, **options: object) -> bytes:
    picture = PillowImage.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)  # type: ignore[arg-type]
    return path.read_bytes()


def _palette(labels: np.ndarray, path: Path) -> bytes:
    picture = PillowImage.new("P", (labels.shape[1], labels.shape[0]))
    picture.putdata(labels.ravel())
    picture.putpalette([200, 3, 3, 3, 200, 3, 3, 3, 200] + [0] * 759)
    picture.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK"])
def test_f5_pictures_of_other_modes(bench: Bench, tmp_path: Path, mode: str) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    bench.put(2, _saved(PIXELS, tmp_path / f"p.{suffix}", mode))
    assert bench.open().read(bench.id_of(2)).image.shape == PIXELS.shape


def test_f5_sixteen_bit_and_float_pictures(bench: Bench, tmp_path: Path) -> None:
    bench.put(2, _saved(PIXELS[..., 0].astype(np.uint16) * 257, tmp_path / "p.png"))
    bench.put(3, _saved(PIXELS[..., 0].astype(np.float32), tmp_path / "p.tiff"))
    assert (bench.open().read(bench.id_of(2)).image == 120).all()
    assert bench.rejected(3) == Reason.UNSUPPORTED_IMAGE


FORMS = [
    "0/1",
    "0/255",
    "0/225",
    "palette",
    "RGB",
    "RGBA",
    "1-bit",
    "16-bit 0/1",
    "16-bit 0/65535",
    "soft JPEG",
    "JPEG in a PNG's name",
]


@pytest.mark.parametrize("form", FORMS)
def test_f6_masks_of_every_form(masked: Bench, tmp_path: Path, form: str) -> None:
    made = tmp_path / "m.png"
    content = {
        "0/1": lambda: _saved(MASK, made),
        "0/255": lambda: _saved(MASK * np.uint8(255), made),
        "0/225": lambda: _saved(MASK * np.uint8(225), made),
        "palette": lambda: _palette(MASK * np.uint8(2), made),
        "RGB": lambda: _saved(MASK * np.uint8(255), made, "RGB"),
        "RGBA": lambda: _saved(MASK * np.uint8(255), made, "RGBA"),
        "1-bit": lambda: _saved(MASK * np.uint8(255), made, "1"),
        "16-bit 0/1": lambda: _saved(MASK.astype(np.uint16), made),
        "16-bit 0/65535": lambda: _saved(MASK.astype(np.uint16) * 65535, made),
        "soft JPEG": lambda: _saved(MASK * np.uint8(255), tmp_path / "m.jpg", quality=75),
        "JPEG in a PNG's name": lambda: _saved(MASK * np.uint8(255), tmp_path / "m.jpg", quality=75),
    }[form]()
    if form == "soft JPEG" and masked.name == "labelled":
        masked.put(2, mask=None)
        masked.mask(2).with_suffix(".jpg").write_bytes(content)
    else:
        masked.put(2, mask=content)
    face = masked.open().read("2")
    assert face.face_mask is not None
    assert (face.face_mask == MASK).all()


@pytest.mark.parametrize("form", ["three values", "palette of three", "colours", "16 bit of three"])
def test_f6_other_masks_are_rejected_naming_the_values(masked: Bench, tmp_path: Path, form: str) -> None:
    three = MASK.copy()
    three[12:14] *= 3
    colours = np.dstack([three * np.uint8(50), three * np.uint8(20), three])
    content = {
        "three values": lambda: _saved(three, tmp_path / "m.png"),
        "palette of three": lambda: _palette(three, tmp_path / "m.png"),
        "colours": lambda: _saved(colours, tmp_path / "m.png"),
        "16 bit of three": lambda: _saved(three.astype(np.uint16) * 500, tmp_path / "m.png"),
    }[form]()
    masked.put(2, mask=content)
    with pytest.raises(
        BadDataError, match="found the colours #000000, " if form == "colours" else "found 0, (1, 3|500, 1500)"
    ) as caught:
        masked.open().read("2")
    assert caught.value.reason == Reason.BAD_MASK


@pytest.mark.parametrize(
    ("form", "serves"), [("palette", True), ("16-bit", True), ("RGB", True), ("wide", False), ("JPEG", False)]
)
def test_f6_label_maps(tmp_path: Path, form: str, serves: bool) -> None:
    labels = MASK.copy()
    labels[12:14] *= 6
    root = tmp_path / "faces"
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    (root / "images" / "a.png").write_bytes(encode_png(PIXELS))
    path = root / "labels" / ("a.jpg" if form == "JPEG" else "a.png")
    {
        "palette": lambda: _palette(labels, path),
        "16-bit": lambda: _saved(labels.astype(np.uint16), path),
        "wide": lambda: _saved(labels.astype(np.uint16) * 300, path),
        "RGB": lambda: _saved(labels, path, "RGB"),
        "JPEG": lambda: _saved(labels, path, quality=95),
    }[form]()
    source = LabelledFaces(source="labelled", classes="lapa").open(tmp_path, tmp_path)
    if serves:
        assert (source.read("a").parts == labels).all()
        return
    with pytest.raises(BadDataError, match=r"found 0, 300, 1800|a JPEG does not keep label values") as caught:
        source.read("a")
    assert caught.value.reason == Reason.BAD_MASK


def test_f7_empty_full_tiny_and_odd_masks(masked: Bench) -> None:
    masked.put(2, mask=encode_png(np.zeros((40, 32), np.uint8)))
    masked.put(3, mask=encode_png(np.full((40, 32), 255, np.uint8)))
    masked.put(4, mask=encode_png(np.ones((1, 1), np.uint8)))
    masked.put(5, picture=encode_png(np.zeros((40, 40, 3), np.uint8)), mask=encode_png(np.ones((1, 1), np.uint8)))
    masked.put(6, picture=encode_png(np.zeros((1, 1, 3), np.uint8)), mask=encode_png(np.ones((1, 1), np.uint8)))
    masked.put(7, mask=encode_png(MASK[::2, ::2].copy()))
    masked.put(8, mask=encode_png(MASK[:, :20].copy()))
    pieces = np.zeros((40, 32), np.uint8)
    pieces[::4, ::4] = 1
    masked.put(9, mask=encode_png(pieces))
    assert masked.rejected(2) == Reason.EMPTY_MASK
    assert [masked.rejected(number) for number in (4, 5, 8)] == [Reason.SIZE_MISMATCH] * 3
    source = masked.open()
    expected = {3: np.ones((40, 32)), 6: np.ones((1, 1)), 7: MASK, 9: pieces}
    for number, mask in expected.items():
        assert (source.read(str(number)).face_mask == mask).all()


NAMES = [
    "with space", " leading space", "-leading-dash", "--help", "顔の写真", "😀👋🏽", "ünïcode", "a" * 251, "dots.in.name",
    "#hash", "a;b&c$d", "Upper", "upper", unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"), "line\nbreak",
    "quote'\"", "back\\slash",
]  # fmt: skip


@pytest.mark.parametrize("source", ["folder", "labelled"])
def test_f8_names(tmp_path: Path, source: str) -> None:
    """Every name is one face with its own mask."""
    bench = Bench(source, tmp_path / "data")
    for number, name in enumerate(NAMES):
        (bench.pictures / f"{name}.jpg").write_bytes(PICTURE)
        if source == "labelled":
            mask = np.zeros((40, 32), np.uint8)
            mask[0, : number + 1] = 1
            (bench.masks / f"{name}.png").write_bytes(encode_png(mask))
    opened = bench.open()
    assert sorted(opened.ids()) == sorted(name + (".jpg" if source == "folder" else "") for name in NAMES)
    for number, name in enumerate(NAMES):
        face_id = name + (".jpg" if source == "folder" else "")
        face = opened.read(face_id)
        assert face.origin.item == face_id
        if face.face_mask is not None:
            assert face.face_mask.sum() == number + 1


def test_f8_one_stem_two_suffixes(tmp_path: Path) -> None:
    folder = Bench("folder", tmp_path / "a")
    for name in ("x.jpg", "x.png", "x.JPG"):
        (folder.pictures / name).write_bytes(PICTURE)
    assert sorted(folder.open().ids()) == ["x.JPG", "x.jpg", "x.png"]
    for name, place in (("labelled", "b"), ("celebamask", "c")):
        bench = Bench(name, tmp_path / place)
        bench.put(1)
        bench.picture(1).with_suffix(".png").write_bytes(PICTURE)
        with pytest.raises(UsageError, match=r"1\.jpg and 1\.png"):
            bench.open()


def test_f8_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    for source in ("folder", "labelled"):
        bench = Bench(source, tmp_path / source)
        bench.put(1)
        try:
            Path(os.fsdecode(bytes(bench.pictures) + b"/\xff\xfe.jpg")).write_bytes(PICTURE)
        except OSError:
            pytest.skip("this file system has names in UTF-8 only")
        with pytest.raises(UsageError, match="not valid UTF-8"):
            bench.open()


def test_f9_links(bench: Bench, tmp_path: Path) -> None:
    """A link is followed wherever it leads, and counted; what leads nowhere is left out, and counted; loops end."""
    outside = tmp_path / "elsewhere" / "outside.jpg"
    outside.parent.mkdir()
    outside.write_bytes(PICTURE)
    for number in (2, 3, 4):
        bench.put(number)
        bench.picture(number).unlink()
    bench.picture(2).symlink_to(outside)
    bench.picture(3).symlink_to(bench.picture(3))  # onto itself
    bench.picture(4).symlink_to(bench.pictures / "gone.jpg")
    bench.put(5)
    bench.picture(5).unlink()
    bench.picture(5).symlink_to(bench.picture(1))  # inside
    (bench.pictures / "loop").symlink_to(bench.pictures)
    opened = bench.open()
    assert opened.ids() == tuple(bench.id_of(number) for number in (1, 2, 5))
    for number in (2, 5):
        assert (opened.read(bench.id_of(number)).image == opened.read(bench.id_of(1)).image).all()
    counts = opened.notes().counts
    assert (counts[FOLLOWED_LINKS], counts[BROKEN_LINKS], counts[LOOPS]) == (2, 2, 1)


def test_f9_links_of_strangers(bench: Bench, tmp_path: Path) -> None:
    """``links: inside`` leaves out what leads out of the folder, and counts it."""
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(PICTURE)
    for number in (2, 3):
        bench.put(number)
        bench.picture(number).unlink()
    bench.picture(2).symlink_to(outside)
    bench.picture(3).symlink_to(bench.picture(1))
    (bench.pictures / "everything").symlink_to("/")
    opened = bench.open(links="inside")
    assert opened.ids() == tuple(bench.id_of(number) for number in (1, 3))
    assert opened.notes().counts[OUTER_LINKS] == 2


def test_f9_links_of_masks(masked: Bench, tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(MASKED)
    for number in (2, 3):
        masked.put(number, mask=None)
    masked.mask(2).symlink_to(tmp_path / "outside.png")
    masked.mask(3).symlink_to(masked.mask(3))
    assert (masked.open().read("2").face_mask == MASK).all()
    assert masked.rejected(3) in (Reason.UNREADABLE_IMAGE, Reason.NO_MASK)
    with pytest.raises(BadDataError) as caught:
        masked.open(links="inside").read("2")
    assert caught.value.reason in (Reason.LEAVES_ROOT, Reason.NO_MASK)


@pytest.mark.parametrize("kind", ["picture", "mask"])
def test_f9_a_fifo_does_not_hang(bench: Bench, kind: str) -> None:
    if kind == "mask" and bench.name == "folder":
        pytest.skip("no masks")
    bench.put(2)
    path = bench.picture(2) if kind == "picture" else bench.mask(2)
    path.unlink()
    os.mkfifo(path)
    assert bench.rejected(2) == Reason.NOT_A_FILE


def test_f9_a_folder_in_the_place_of_a_file(bench: Bench) -> None:
    bench.put(2)
    bench.picture(2).unlink()
    bench.picture(2).mkdir()
    assert bench.open().ids() == (bench.id_of(1),)


def test_f9_what_may_not_be_read(bench: Bench) -> None:
    bench.put(2)
    bench.picture(2).chmod(0)
    if os.access(bench.picture(2), os.R_OK):
        pytest.skip("root may read everything")
    assert bench.rejected(2) == Reason.UNREADABLE_IMAGE
    bench.pictures.chmod(0)
    try:
        with pytest.raises(UsageError, match="cannot list"):
            bench.open()
    finally:
        bench.pictures.chmod(0o755)
