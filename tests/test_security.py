"""What comes in is data: it is never run, never leads out of its folder, and nothing is fetched behind the user's back."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import natocc
from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces.sources.folder import FolderFaces
from natocc.io.images import PICTURE_FORMATS, encode_jpeg
from natocc.io.paths import inside, locate, own_folder, package_folder
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.cutting.upscale import UpscaleOptions
from natocc.recipe.load import load_recipe

PACKAGE = Path(natocc.__file__).parent
PICTURE = encode_jpeg(np.full((40, 32, 3), 120, np.uint8), 90)
OUTSIDE = (
    "../x.jpg", "a/../../x.jpg", "..", "a/..", "/etc/passwd", "C:\\x.jpg", "c:x.jpg", "\\\\host\\share\\x.jpg", "http://host/x.jpg",
    "file:///etc/passwd", "a\0.jpg", "", ".", "a\\..\\b",
)  # fmt: skip


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the package: the file, the dotted name of what is called, the call."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", ast.unparse(node.func), node


def test_nothing_that_is_read_is_run() -> None:
    """Neither pickle nor anything else that makes code or objects of data; YAML by a safe loader."""
    modules = ("pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib.numpy_pickle", "ctypes", "runpy", "code")
    # For prctl; for what one process of a cluster hands to another, which runs what it is handed by its nature.
    allowed = (
        ("signals.py", "ctypes"),
        ("cluster_base.py", "pickle"),
        ("cluster_dask.py", "pickle"),
        ("cluster_ray.py", "pickle"),
    )
    imported = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if (name in modules or name.split(".")[0] in modules) and (path.name, name) not in allowed
    ]
    assert not imported
    forbidden = (
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "joblib.load",
        "np.load",
        "numpy.load",
    )
    # Tensors and plain containers alone are read, by an unpickler that knows nothing else.
    safe = {"torch.load": ("weights_only", "True")}
    guilty = [
        f"{where}: {name}"
        for where, name, call in _calls()
        if name in forbidden
        or name.endswith(("read_pickle", ".unsafe_load", ".full_load", ".load_all"))
        or any(word.arg == "shell" or word.arg == "allow_pickle" for word in call.keywords)
        or (name in safe and safe[name] not in {(word.arg, ast.unparse(word.value)) for word in call.keywords})
        or (name == "yaml.load" and ast.unparse(call.args[1]) != "_StrictLoader")
    ]
    assert not guilty


def test_pictures_are_opened_in_one_place_by_named_decoders() -> None:
    """Pillow's decoders are named, none is looked for, and nobody else decodes a file."""
    decoders = ("Image.open", "ImageFile.Parser", "register_heif_opener", "decoder")
    assert {where.split(":")[0] for where, name, _ in _calls() if name.endswith(decoders)} == {"io/headers.py"}
    assert set(PICTURE_FORMATS) == {"JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF"}
    assert {where.split(":")[0] for where, name, _ in _calls() if name.startswith("simplejpeg.")} == {"io/codecs.py"}
    readers = (
        "cv2.imread",
        "cv2.imdecode",
        "cv2.VideoCapture",
        "dlib.load_rgb_image",
        "skimage.io.imread",
        "plt.imread",
        "io.imread",
    )
    assert not [where for where, name, _ in _calls() if name in readers]


@pytest.mark.parametrize("name", OUTSIDE)
def test_f14_a_name_in_a_data_file_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    """F14: refused before anything is opened."""
    with pytest.raises(BadDataError) as caught:
        inside(tmp_path, name)
    assert caught.value.reason == Reason.LEAVES_ROOT


@given(name=st.text(st.sampled_from("ab./\\:~\0%é "), max_size=12))
def test_f14_whatever_the_name_it_stays(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """F14."""
    root = tmp_path_factory.getbasetemp()
    try:
        path = inside(root, name)
    except BadDataError as error:
        assert error.reason == Reason.LEAVES_ROOT
        return
    assert Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def test_f14_links_out_of_the_folder(tmp_path: Path) -> None:
    """F14: through a linked file, a linked folder, and a link to a link."""
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    out.mkdir()
    (out / "x.jpg").write_bytes(PICTURE)
    (root / "file.jpg").symlink_to(out / "x.jpg")
    (root / "folder").symlink_to(out)
    (root / "again.jpg").symlink_to(root / "file.jpg")
    for name in ("file.jpg", "folder/x.jpg", "again.jpg"):
        with pytest.raises(BadDataError) as caught:
            inside(root, name)
        assert caught.value.reason == Reason.LEAVES_ROOT


@pytest.mark.parametrize(
    "location",
    [
        "asset:../pyproject.toml", "asset:/etc/passwd", "asset:demo/../../x", "package:skimage/../numpy",
        "package:skimage//etc/passwd",
        "package:os.path/x", "package:../x", "package:", "package:.x/y", "package:__main__/x", "package:not_there/x", "a\0b",
        "~nobody_of_this_name/x",
    ],
)  # fmt: skip
def test_a_location_that_leaves_its_scheme_is_refused(tmp_path: Path, location: str) -> None:
    """Recipes travel: ``asset:`` and ``package:`` mean files that were installed, and no others."""
    with pytest.raises(UsageError):
        locate(location, tmp_path)


@given(scheme=st.sampled_from(["asset:", "package:skimage/"]), rest=st.text(st.sampled_from("ab./\\:~é "), max_size=12))
def test_whatever_the_location_it_stays(tmp_path_factory: pytest.TempPathFactory, scheme: str, rest: str) -> None:
    """As above, for any text."""
    folder = own_folder("assets") if scheme == "asset:" else package_folder("skimage")
    try:
        path = locate(scheme + rest, tmp_path_factory.getbasetemp())
    except UsageError:
        return
    assert Path(os.path.normpath(path)).is_relative_to(folder)


def test_a_dotted_package_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding a module inside a package would run the package."""
    (tmp_path / "trap").mkdir()
    (tmp_path / "trap" / "__init__.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError):
        locate("package:trap.inner/x", tmp_path)
    assert locate("package:trap/x", tmp_path) == tmp_path / "trap" / "x"


def test_the_upscaler_is_a_file_of_the_recipes_own(tmp_path: Path) -> None:
    """The network's path is a location like any other; what is missing is refused before a picture is read."""
    (tmp_path / "coco" / "annotations").mkdir(parents=True)
    (tmp_path / "coco" / "v").mkdir()
    empty = {"images": [], "annotations": [], "categories": []}
    (tmp_path / "coco" / "annotations" / "instances_v.json").write_text(json.dumps(empty))
    for model, message in (("asset:../x.onnx", "leaves"), ("x\0.onnx", "NUL"), ("gone.onnx", "no file")):
        with pytest.raises(UsageError, match=message):
            CocoOccluders(upscale=UpscaleOptions(model=model)).open(tmp_path, tmp_path / "cache")


def test_an_annotation_file_cannot_name_the_folder_above(tmp_path: Path) -> None:
    """``instances_NAME.json`` belongs to the folder NAME, which must not be ``..``."""
    (tmp_path / "coco" / "annotations").mkdir(parents=True)
    empty = {"images": [], "annotations": [], "categories": []}
    for name in ("instances_...json", "instances_..json", "instances_.json"):
        (tmp_path / "coco" / "annotations" / name).write_text(json.dumps(empty))
    with pytest.raises(UsageError, match="no annotations with pictures"):
        CocoOccluders().check(tmp_path)
    with pytest.raises(UsageError, match="no annotations with pictures"):
        CocoOccluders(annotations=("coco/annotations/instances_...json",)).check(tmp_path)


@pytest.mark.parametrize("entry", ["../outside.jpg", "/etc/passwd", "C:\\x", "http://host/x", "a\0b", "gone.jpg"])
def test_lists_choose_among_faces_and_open_nothing(tmp_path: Path, entry: str) -> None:
    """An entry of ``include`` that is no face of the source is refused, whatever lies there; one of ``exclude`` drops nothing."""
    (tmp_path / "outside.jpg").write_bytes(PICTURE)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(PICTURE)
    (tmp_path / "list.txt").write_text(entry + "\n")
    with pytest.raises(UsageError, match="matches none of the 1 faces"):
        FolderFaces(source="folder", include="list.txt").open(tmp_path, tmp_path)
    assert FolderFaces(source="folder", exclude="list.txt").open(tmp_path, tmp_path).ids() == ("a.jpg",)


def test_names_in_a_table_of_landmarks_open_nothing(tmp_path: Path) -> None:
    """A row is looked up by the face's id; what it is called is never taken for a path."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(PICTURE)
    points = ",".join(str(number) for number in range(136))
    header = "name," + ",".join(f"x_{number},y_{number}" for number in range(68))
    (tmp_path / "l.csv").write_text(f"{header}\n../../etc/passwd,{points}\na.jpg,{points}\n")
    source = FolderFaces(source="folder", landmarks="l.csv").open(tmp_path, tmp_path)
    assert source.read("a.jpg").landmarks_xy is not None


def test_f16_yaml_is_bounded(tmp_path: Path) -> None:
    """F16: a bomb of aliases, a megabyte too much, brackets without end: one line, at once."""
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
    for text in (
        bomb,
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 50_000,
        "x" * 1_000_001,
        "a: 0x" + "f" * 5000,
        "a: " + "1:" * 5000 + "1",
    ):
        (tmp_path / "r.yaml").write_text(text)
        with pytest.raises(UsageError) as caught:
            load_recipe(str(tmp_path / "r.yaml"))
        assert len(str(caught.value)) < 1000


NO_NETWORK = """
import os, sys
asks = ["socket." + name for name in "connect getaddrinfo gethostbyname bind sendto".split()]
def hook(event, arguments):
    if event in asks:
        if event in ("socket.connect", "socket.bind") and not isinstance(arguments[1], tuple):
            return  # a name in the file system, not the network
        with open(os.environ["NATOCC_TOLD"], "a") as told:
            told.write(f"{event} {arguments[1:]}\\n")
        raise OSError("no network here")
sys.addaudithook(hook)
"""


@pytest.mark.slow
def test_f36_nothing_touches_the_network(tmp_path: Path) -> None:
    """F36: in every process that a command starts, whatever asks for an address or a connection is noted and fails.

    The build finds, aligns, extracts, composes and writes; the cache is empty.
    """
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(NO_NETWORK)
    told = tmp_path / "told"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "hook"), *sys.path]),
        "NATOCC_TOLD": str(told),
        "NATOCC_CACHE": str(tmp_path / "cache"),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=200, check=False)

    assert run("-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')").returncode == 1
    assert told.read_text()  # the hook works
    told.unlink()
    for command in (("build", "demo", "-n", "2", "-j", "2", "-o", "out"), ("preview", "--count", "1"), ("report", "out")):
        done = run("-m", "natocc", *command)
        assert done.returncode == 0, (command, done.stderr)
    assert not told.exists()
    assert (tmp_path / "out" / "manifest.parquet").exists()
    assert (tmp_path / "preview.png").exists()
