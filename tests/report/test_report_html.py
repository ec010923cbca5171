"""``natocc report`` and ``natocc stats``, the page in a real browser."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from browser import Browser, browsing
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from runs import little_room

from natocc.cli import main
from natocc.core.errors import BadDataError
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import read_manifest
from natocc.dataset.records import read_shard
from natocc.io.images import read_rgb, sha256
from natocc.io.workspace import Workspace
from natocc.pipeline.replay import originals_of
from natocc.report.contact_sheet import sheet_of
from natocc.report.tally import BINS, bin_of
from natocc.report.thumbnails import OCCLUDED, OCCLUDER, VISIBLE, thumbnail

HOSTILE = "<img src=x onerror=document.title='owned'>"
SCRIPT = "<script>document.title='owned'<"
SEEN = "return [...document.querySelectorAll('.sample')].map(each => Number(each.dataset.index))"

CHOOSE = """
const field = document.forms[0].elements[arguments[0]];
field.value = arguments[1];
field.dispatchEvent(new Event("input", {bubbles: true}));
"""
GREEN = """
const canvas = document.querySelector(".sample canvas"), pen = canvas.getContext("2d");
const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
let count = 0;
for (let i = 0; i < pixels.length; i += 4) count += pixels[i] === 0 && pixels[i + 1] === 158;
return count;
"""


def _run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def _until_shown(browser: Browser, indices: list[int]) -> None:
    browser.until(f"{SEEN}.join() === arguments[0]", ",".join(map(str, indices)))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two portraits and a broken one, with cutouts of categories that no page should run."""
    base = tmp_path_factory.mktemp("report")
    faces = base / "data" / "photos"
    faces.mkdir(parents=True)
    PillowImage.fromarray(skimage.data.astronaut()).save(faces / f"{SCRIPT}.png")
    PillowImage.fromarray(skimage.data.astronaut()[:, ::-1].copy()).save(faces / "plain.png")
    (faces / f"broken {SCRIPT}.png").write_text("x")
    for category, colour in ((HOSTILE, (200, 40, 40, 255)), (SCRIPT, (40, 40, 200, 255))):
        cup = np.zeros((120, 100, 4), np.uint8)
        cup[20:100, 20:80] = colour
        (base / "data" / "cutouts" / category).mkdir(parents=True)
        PillowImage.fromarray(cup).save(base / "data" / "cutouts" / category / "cup.png")
    edits = (
        "faces.align.size=96",
        "sets.0.placement.max_enlargement=9",
        "output.masks=[face,amodal,occluder]",
        "output.shard_size=7",
    )
    sets = [part for edit in edits for part in ("--set", edit)]
    common = ("--data", base / "data", "--cache", base / "cache")
    source = ("--source", "folder", "--occluders", "cutouts", "-n", 18, "-j", 1, "--backend", "threading", "--max-rejected", 1)
    _run("build", *source, *common, *sets, "-o", base / "out")
    return base


@pytest.fixture(scope="module")
def page(base: Path) -> Path:
    told = json.loads(_run("report", base / "out", "--data", base / "data", "--cache", base / "cache", "--json").stdout)
    assert told["samples"] == told["shown"] == 18
    assert told["unreadable"] == 0
    assert told["bytes"] == (base / "out" / "report.html").stat().st_size
    return base / "out" / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


@given(st.floats(0, 1))
def test_every_share_has_a_bin(share: float) -> None:
    assert 0 <= bin_of(share) < BINS
    assert bin_of(share) <= share * BINS + 1e-6


def test_the_numbers_are_those_of_the_manifest(base: Path) -> None:
    rows = read_manifest(base / "out")
    made = [row for row in rows if row["status"] == "made"]
    numbers = json.loads(_run("stats", base / "out", "--json").stdout)
    assert numbers["samples"] == len(rows) == 18
    assert numbers["made"] == len(made) == sum(numbers["occlusion_ratio"]["bins"]) == sum(numbers["parts"]["nose"]["bins"])
    assert numbers["rejected"] == {"unreadable-image": len(rows) - len(made)}
    assert numbers["occlusion_ratio"]["mean"] == pytest.approx(np.mean([row["occlusion_ratio"] for row in made]), abs=1e-4)
    assert sum(numbers["categories"].values()) == len(made)
    text = _run("stats", base / "out").stdout
    assert f"samples {len(made)}, faces 2" in text
    assert f"category {HOSTILE}" in text


def test_names_are_escaped_and_nothing_is_fetched(page: Path) -> None:
    text = page.read_text()
    assert HOSTILE not in text
    assert SCRIPT not in text
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert "http" not in re.sub(r"http-equiv", "", text.split('id="recipe"')[0])
    assert text.count("<script") == text.count("</script>")


def test_labels_are_what_the_masks_say(base: Path) -> None:
    row = next(row for row in read_manifest(base / "out") if row["status"] == "made")
    files = {folder: row[f"{folder}_path"] for folder in ("images", "masks", "amodal", "occluders")}
    whole = thumbnail(base / "out", files, 96)
    assert whole is not None
    assert np.count_nonzero(whole.labels == VISIBLE) == row["visible_pixels"]
    assert np.count_nonzero(whole.labels == OCCLUDED) == row["face_pixels"] - row["visible_pixels"]
    assert (whole.labels == OCCLUDER).any()
    bare = thumbnail(base / "out", {folder: files[folder] for folder in ("images", "masks")}, 48)
    assert bare is not None
    assert bare.picture.shape == (48, 48, 3)
    assert set(np.unique(bare.labels)) <= {0, VISIBLE}
    assert (bare.has_face, bare.has_occluded, bare.has_occluder) == (True, False, False)
    assert thumbnail(base / "out", {"images": "images/gone.jpg"}, 48) is None


def test_the_page_opens_filters_and_answers_to_keys(page: Path, browser: Browser) -> None:
    rows = read_manifest(page.parent)
    browser.open(page)
    assert browser.run(SEEN) == list(range(18))
    assert browser.run("return document.title").endswith("natocc report")
    rejected = sum(row["status"] == "rejected" for row in rows)
    assert browser.run("return document.querySelector('#n-made').textContent") == str(18 - rejected)

    browser.run(CHOOSE, "status", "rejected")
    _until_shown(browser, [row["index"] for row in rows if row["status"] == "rejected"])
    assert "rejected" in browser.run("return document.querySelector('.sample .missing').textContent")
    browser.run(CHOOSE, "status", "")
    browser.run(CHOOSE, "category", HOSTILE)
    wanted = [row["index"] for row in rows if any(each["category"] == HOSTILE for each in row["occluders"] or [])]
    _until_shown(browser, wanted)
    assert "category=" in browser.run("return location.hash")
    browser.click("#filters [type=reset]")
    browser.until("return document.querySelector('#found').textContent.startsWith('18 of')")
    browser.run(CHOOSE, "from", "30")
    high = [row["index"] for row in rows if row["status"] == "made" and round(row["occlusion_ratio"], 4) >= 0.3]
    _until_shown(browser, high)

    browser.open(page, "#status=made")
    shown = "return document.querySelector('.sample').dataset.view"
    drawn = "return document.querySelector('.sample canvas').dataset.shown?.endsWith(arguments[0])"
    first = browser.run(SEEN)[0]
    for view in ("picture", "overlay", "occluder", "source"):
        assert browser.run(shown) == view
        browser.until(drawn, view)
        browser.click(".sample .picture")
    assert browser.run(shown) == "picture"
    browser.press("2")
    assert browser.run("return [...document.querySelectorAll('.sample')].every(each => each.dataset.view === 'overlay')")
    browser.until(drawn, "overlay")
    count = browser.run(GREEN)
    assert count > 20  # the line around the visible face
    browser.press("right", "enter")
    assert browser.run("return document.querySelector('#viewer').open")
    title = "return document.querySelector('#viewer h3').textContent"
    second = browser.run(title)
    assert second != f"Sample {first}"
    browser.press("left")
    assert browser.run(title) == f"Sample {first}"
    browser.press("1")
    browser.until("return !document.querySelector('#viewer img').hidden")  # the file itself, beside the report
    browser.press("2")
    browser.until("return document.querySelector('#viewer canvas').dataset.shown.endsWith('tint')")  # its mask, over the file
    browser.press("escape")
    assert not browser.run("return document.querySelector('#viewer').open")
    browser.press("/")
    assert browser.run("return document.activeElement.name") == "find"

    assert browser.run("return document.title").endswith("natocc report")  # no name was run
    assert not browser.complaints()
    assert {url.split(":")[0] for url in browser.requests()} <= {"file", "data", "blob", "about"}


def test_a_bar_of_a_plot_filters(page: Path, browser: Browser) -> None:
    browser.open(page)
    browser.click(".rows a[href^='#category']")
    browser.until("return !document.querySelector('#found').textContent.startsWith('18')")
    assert browser.run("return document.forms[0].elements.category.value") in (HOSTILE, SCRIPT)


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_window(page: Path, browser: Browser, width: int) -> None:
    browser.ask("/window/rect", {"width": width, "height": 800})
    # Headless windows have a least width: a phone is what the page is told.
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.ask("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})
    browser.open(page)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.ask("/goog/cdp/execute", {"cmd": "Emulation.clearDeviceMetricsOverride", "params": {}})


def test_what_is_not_there_is_said(base: Path, browser: Browser) -> None:
    """Without inputs there is no source, and the page says so; asked for, it is an error."""
    arguments = ("report", base / "out", "--data", base / "none", "--cache", base / "cache")
    assert "none" in _run(*arguments, "--sources", code=2).output
    _run(*arguments)
    browser.open(base / "out" / "report.html", "#status=made&view=source")
    assert "inputs not found" in browser.run("return document.querySelector('.sample .missing').textContent")
    _run(*arguments, "--no-sources", "--most", 5)
    browser.open(base / "out" / "report.html")
    assert len(browser.run(SEEN)) == 5
    assert "5 of 18 samples" in browser.run("return document.querySelector('#gallery .note').textContent")


def test_nothing_outside_a_dataset_is_shown(base: Path, tmp_path: Path) -> None:
    """Neither what links in it lead to, nor what its recipe names: reports are passed on."""
    out, secret = Path(shutil.copytree(base / "out", tmp_path / "out")), tmp_path / "token"
    row = next(row for row in read_manifest(out) if row["status"] == "made")
    files = {folder: row[f"{folder}_path"] for folder in ("images", "masks", "amodal", "occluders")}
    for folder, path in files.items():
        picture = out / path
        picture.rename(tmp_path / "picture")
        picture.symlink_to(tmp_path / "picture")
        assert thumbnail(out, files, 96) is None, folder
        picture.unlink()
        (tmp_path / "picture").rename(picture)
    (out / "images" / "00000").rename(tmp_path / "pictures")
    (out / "images" / "00000").symlink_to(tmp_path / "pictures")
    assert thumbnail(out, files, 96) is None
    with pytest.raises(BadDataError, match="leaves"):
        sheet_of(Layout(out, 7))
    secret.write_text("secret-of-mine\n")
    description = read_dataset(out)
    recipe = {**description.recipe, "faces": {**description.recipe["faces"], "include": str(secret)}}
    digest = sha256(json.dumps(recipe, sort_keys=True).encode())
    write_dataset(out, dataclasses.replace(description, recipe=recipe, recipe_sha256=digest))
    said = _run("report", out, "--data", base / "data", "--cache", base / "cache").output
    assert "secret-of-mine" not in said + (out / "report.html").read_text()
    assert "inputs not found" in (out / "report.html").read_text()


@pytest.mark.parametrize("name", ["report.html", "new.html"])
def test_a_report_that_does_not_fit_leaves_the_one_before(base: Path, tmp_path: Path, name: str) -> None:
    out = Path(shutil.copytree(base / "out", tmp_path / "out"))
    path = (out if name == "report.html" else tmp_path) / name
    path.write_text("good")
    with little_room(1000):
        done = _run("report", out, "--no-sources", *([] if name == "report.html" else ["-o", path]), code=1)
    assert done.stderr.splitlines()[-1].startswith(f"natocc: cannot write {path}: File too large; name another file")
    assert path.read_text() == "good"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_broken_file_is_told_and_stops_nothing(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base / "out", tmp_path / "out")
    row = next(row for row in read_manifest(base / "out") if row["status"] == "made")
    (tmp_path / "out" / row["images_path"]).write_bytes(b"no picture")
    assert json.loads(_run("report", tmp_path / "out", "--no-sources", "--json").stdout)["unreadable"] == 1
    assert "is not a natocc dataset" in _run("report", base, code=2).output
    _run("verify", base / "out")  # a report is no damage


def test_a_source_is_that_of_the_sample_or_none(base: Path, tmp_path: Path) -> None:
    """Inputs that were changed since would show a face that was never covered."""
    record = read_shard(Layout(base / "out", 7), 0)
    made = [sample for sample in record.samples if sample.rejection is None]
    original_of = originals_of(base / "out", Workspace(base / "data", base / "cache"))
    for sample in made:
        original = original_of(sample)
        assert original is not None
        image = read_rgb(base / "out" / record.paths()[sample.index]["images"])[0]
        apart = np.abs(image.astype(int) - original.source).max(axis=2)
        assert np.median(apart[original.covered == 0]) < 8  # but for the file's compression
        assert np.count_nonzero(original.amodal) == sample.measures["face_pixels"]
    shutil.copytree(base / "data", tmp_path / "data")
    for photo in (tmp_path / "data" / "photos").iterdir():
        PillowImage.fromarray(skimage.data.astronaut()[1:]).save(photo)
    changed = originals_of(base / "out", Workspace(tmp_path / "data", base / "cache"))
    assert [changed(sample) for sample in made] == [None] * len(made)
