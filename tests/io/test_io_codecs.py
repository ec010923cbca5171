"""Fast decoders give what Pillow gives, bit for bit, and complain no less than it does."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps

import natocc
from natocc.core.errors import BadDataError
from natocc.io import codecs, colours
from natocc.io.images import decode_rgb, encode_jpeg, encode_png, read_labels, read_mask, read_reduced, read_rgb

ROWS, COLUMNS = np.mgrid[:96, :144]
NOISE = np.random.default_rng(5).integers(0, 60, (96, 144, 3))  # texture, so that every coefficient is there
PHOTO = (np.dstack([COLUMNS, 2 * ROWS, ROWS + COLUMNS]) // 2 + NOISE).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = SRGB.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")  # red is blue


def _saved(array: np.ndarray, format_name: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(array).convert(mode).save(buffer, format_name, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def _exif(orientation: int) -> PillowImage.Exif:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    return exif


def _by_pillow(data: bytes) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(PillowImage.open(io.BytesIO(data))).convert("RGB"))


JPEGS = {
    **{f"4:{name}": simplejpeg.encode_jpeg(PHOTO, 90, "RGB", name) for name in ("444", "422", "420", "440", "411")},
    "grey": _saved(PHOTO, mode="L"),
    "progressive": _saved(PHOTO, progressive=True, quality=90),
    "RGB inside": _saved(PHOTO, keep_rgb=True),
    "restart markers": _saved(PHOTO, restart_marker_blocks=3),
    "odd size": _saved(PHOTO[:93, :131].copy()),
    "one pixel": _saved(PHOTO[:1, :1].copy()),
    "two views": _saved(PHOTO, "MPO", save_all=True, append_images=[PillowImage.fromarray(PHOTO[::-1].copy())]),
    **{f"orientation {value}": _saved(PHOTO, exif=_exif(value)) for value in range(1, 9)},
}


@pytest.mark.parametrize("form", JPEGS)
def test_the_fast_decoder_gives_pillows_pixels(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = decode_rgb(JPEGS[form], "x")
    assert (found == _by_pillow(JPEGS[form])).all()
    monkeypatch.setattr(colours, "to_srgb", None)  # not even asked
    assert (decode_rgb(JPEGS[form], "x") == found).all()


@pytest.mark.parametrize("options", [{"mode": "CMYK"}, {"icc_profile": SWAPPED}, {"icc_profile": b"garbage"}])
def test_colours_that_are_not_plain_go_another_way(options: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    data = _saved(PHOTO, **options)  # type: ignore[arg-type]
    monkeypatch.setattr(simplejpeg, "decode_jpeg", None)  # not even asked
    found = decode_rgb(data, "x").astype(int)
    wanted = _by_pillow(data)
    if options.get("icc_profile") == SWAPPED:
        wanted = wanted[..., ::-1]
        assert np.abs(found - wanted).mean() < 6  # what lies outside sRGB is clipped
    else:
        assert (found == wanted).all()


def test_srgbs_own_profile_needs_no_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    with_profile, without = _saved(PHOTO, icc_profile=SRGB), _saved(PHOTO)
    assert (decode_rgb(with_profile, "x") == decode_rgb(without, "x")).all()
    monkeypatch.setattr(codecs, "_plain_jpeg", lambda *_: None)
    assert (decode_rgb(with_profile, "x") == decode_rgb(without, "x")).all()
    assert (decode_rgb(_saved(PHOTO, "PNG", icc_profile=SRGB), "x") == PHOTO).all()


def test_profiles_of_real_pictures(real_data: Path) -> None:
    """What is taken for sRGB differs from it by a level at most; what is not, by more."""
    seen = set()
    for path in sorted((real_data / "coco").rglob("*.jpg")):
        with PillowImage.open(path) as picture:
            profile = picture.info.get("icc_profile")
            if not profile or profile in seen:
                continue
            seen.add(profile)
            converted = colours._by_profile(picture, profile)
            if converted is not None:
                difference = np.abs(np.asarray(converted).astype(int) - np.asarray(picture)).max()
                assert colours._is_srgb(profile) == (difference <= 1)
    assert len(seen) > 3


@settings(max_examples=60, deadline=None)
@given(form=st.sampled_from(sorted(JPEGS)), data=st.data())
def test_a_damaged_jpeg_is_what_pillow_says_it_is(form: str, data: st.DataObject) -> None:
    """F2: whatever the fast decoder makes of it; the same pixels, or the same rejection."""
    damaged = bytearray(JPEGS[form])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(2, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    damaged = damaged[: data.draw(st.just(len(damaged)) | st.integers(20, len(damaged)))]
    with pytest.MonkeyPatch.context() as patch:
        answers = []
        for _ in range(2):
            try:
                answers.append(decode_rgb(bytes(damaged), "x", 1_000_000).tobytes())
            except BadDataError as error:
                answers.append(error.reason.encode())
            patch.setattr(codecs, "_plain_jpeg", lambda *_: None)
    assert answers[0] == answers[1]


@pytest.mark.parametrize("times", [1, 2, 4, 8])
@pytest.mark.parametrize("form", [*JPEGS, "profile", "CMYK"])
def test_a_reduced_picture_is_pillows_and_near_an_average(
    form: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = JPEGS | {"profile": _saved(PHOTO, icc_profile=SWAPPED), "CMYK": _saved(PHOTO, mode="CMYK")}
    path = tmp_path / "x.jpg"
    path.write_bytes(forms[form])
    whole, digest = read_rgb(path)
    image, same_digest, shape = read_reduced(path, max(whole.shape) // times)
    assert digest == same_digest
    assert shape == whole.shape[:2]
    if form in ("odd size", "one pixel") and times > 1:
        assert (image == whole).all()
        return
    height, width = shape[0] // times, shape[1] // times
    assert image.shape == (height, width, 3)
    average = whole.reshape(height, times, width, times, 3).mean(axis=(1, 3))
    assert np.abs(image - average).mean() < 4  # of noise of 60 levels
    monkeypatch.setattr(codecs, "_plain_jpeg", lambda *_: None)
    assert (image == read_reduced(path, max(whole.shape) // times)[0]).all()


def test_a_picture_is_not_reduced_below_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(JPEGS["4:444"])
    for least, side in ((None, 144), (145, 144), (144, 144), (73, 144), (72, 72), (37, 72), (36, 36), (1, 18)):
        assert max(read_reduced(path, least)[0].shape) == side
    (tmp_path / "x.png").write_bytes(encode_png(PHOTO))
    assert (read_reduced(tmp_path / "x.png", 1)[0] == PHOTO).all()


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.sampled_from([0, 1, 9, 255])))
def test_a_mask_keeps_its_values_whatever_its_channels(tmp_path_factory: pytest.TempPathFactory, labels: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("m") / "m.png"
    for mode in ("L", "RGB", "RGBA", "LA"):
        path.write_bytes(_saved(labels, "PNG", mode))
        assert (read_labels(path) == labels).all()
        if len(set(np.unique(labels)) - {0}) <= 1:
            assert (read_mask(path) == (labels > 0)).all()
            continue
        with pytest.raises(BadDataError, match="expected 0 and one other value"):
            read_mask(path)


@given(arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_sixteen_bits_are_written_as_they_are(array: np.ndarray) -> None:
    assert (np.asarray(PillowImage.open(io.BytesIO(encode_png(array)))) == array).all()


def test_masks_are_written_small() -> None:
    """No larger than Pillow's usual effort makes them."""
    rows, columns = np.mgrid[:512, :512]
    mask = (np.hypot(rows - 250, columns - 260) < 180).astype(np.uint8)
    assert len(encode_png(mask)) <= len(_saved(mask, "PNG", "L", compress_level=4))


def test_a_jpeg_is_written_with_the_accurate_transform() -> None:
    assert encode_jpeg(PHOTO, 95) == _saved(PHOTO, quality=95, subsampling=0)


def test_pixels_that_are_kept_cannot_be_written_on() -> None:
    for data in (JPEGS["4:444"], encode_png(PHOTO)):
        assert not decode_rgb(data, "x").flags.writeable


def test_one_door_to_the_codecs() -> None:
    package = Path(natocc.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if "simplejpeg" in (*named, module):
                assert path.name == "codecs.py"
            if module == "natocc.io.codecs" or (module == "natocc.io" and "codecs" in named):
                assert path.name == "images.py"
            if module == "natocc.io.headers":
                assert path.name in ("codecs.py", "images.py")
