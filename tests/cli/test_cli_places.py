"""Places that lack something, a home, a terminal, a folder to write to: one line with the remedy, or a fallback."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.core.errors import RunError
from natocc.io.cache import Cache
from natocc.io.workspace import Workspace, cache_folder

NOT_WRITTEN = 0o555


def _run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def _shell(command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A shell's command, in which ``natocc`` is this one."""
    script = f'natocc() {{ "{sys.executable}" -m natocc "$@"; }}\n{command}'
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        ["bash", "-c", script],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets only what lies below some folders be written, as far as anybody asks; root may write anywhere."""
    access = os.access

    def allow(*folders: Path) -> None:
        def may(path: str | Path, mode: int, **rest: bool) -> bool:
            below = any(Path(path).is_relative_to(folder) for folder in folders)
            return access(path, mode, **rest) and (below or not mode & os.W_OK)

        monkeypatch.setattr("os.access", may)

    yield allow
    tempfile.tempdir = None


@pytest.mark.parametrize("home", [None, "/", "relative"])
def test_without_a_home_the_cache_is_in_the_temporary_folder(
    home: str | None, only: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unknown(_: int) -> pwd.struct_passwd:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "NATOCC_CACHE"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "shared").mkdir()
    only(tmp_path / "temporary")
    tempfile.tempdir = None
    folder = cache_folder(tmp_path / "shared" / "data")
    assert folder.parent == tmp_path / "temporary"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert str(folder) in caplog.text
    assert "--cache" in caplog.text
    monkeypatch.setenv("NATOCC_CACHE", "named")
    assert cache_folder(tmp_path / "shared" / "data") == Path("named")


def test_nobody_elses_folder_becomes_the_cache(
    only: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write to the temporary folder may have made one of that name."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", "/nowhere")
    for name in ("XDG_CACHE_HOME", "NATOCC_CACHE"):
        monkeypatch.delenv(name, raising=False)
    only(tmp_path)
    tempfile.tempdir = None
    own = tmp_path / f"natocc-cache-{os.getuid()}"
    own.mkdir()
    own.chmod(0o777)
    assert cache_folder(Path("/nowhere/data")) == Path("/nowhere/.cache/natocc")
    own.rmdir()
    (tmp_path / "elsewhere").mkdir()
    own.symlink_to(tmp_path / "elsewhere")
    assert cache_folder(Path("/nowhere/data")) == Path("/nowhere/.cache/natocc")


def _is_somebody_elses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(folder, 4242, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: 4242)


def test_a_cache_that_others_decide_about_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("data", "natocc-cache", "own"):
        (tmp_path / name).mkdir(mode=0o755)
    monkeypatch.delenv("NATOCC_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    data, beside = tmp_path / "data", tmp_path / "natocc-cache"
    assert cache_folder(data) == beside
    assert Workspace.at(data, tmp_path / "own").cache == tmp_path / "own"
    assert caplog.text == ""
    beside.chmod(0o775)
    assert cache_folder(data) == beside
    assert f"others may write to the cache {beside}" in caplog.text
    _is_somebody_elses(beside, monkeypatch)
    assert cache_folder(data) == tmp_path / "home" / "natocc"
    assert f"the cache {beside} is not used: it belongs to " in caplog.text
    assert Workspace.at(data, beside).cache == beside
    assert f"the cache {beside} belongs to " in caplog.text


def test_a_cache_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="--cache or NATOCC_CACHE"):
        Cache(tmp_path / "file" / "x", str).put("0" * 32, "value")
    done = _run("build", "demo", "-n", 1, "--cache", tmp_path / "file" / "x", "-o", tmp_path / "out", code=1)
    assert done.stderr.splitlines()[-1].endswith("--cache or NATOCC_CACHE")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir(mode=NOT_WRITTEN)
    monkeypatch.chdir(tmp_path / "locked")
    for command in (["build", "demo", "-n", 1], ["preview", "--count", 1]):
        done = _run(*command, "--cache", cache, code=1)
        assert done.stderr.splitlines()[-1].endswith("with -o")


def test_doctor_reports_a_damaged_library_and_goes_on(tmp_path: Path, cache: Path) -> None:
    _run("build", "demo", "-n", 2, "--cache", tmp_path, "-o", tmp_path / "out", "--backend", "threading")
    (library,) = (path.parent for path in tmp_path.glob("*/summary.json"))
    assert "cutouts of" in _run("doctor", "--cache", tmp_path).output
    summary = library / "summary.json"
    for content in ("", "{}", "[]", '{"cutouts": 7, "categories": {}}'):
        summary.write_text(content)
        done = _run("doctor", "--cache", tmp_path)
        assert f"{library} is damaged" in done.output
        assert json.loads(_run("doctor", "--cache", tmp_path, "--json").stdout)["libraries"][0]["fault"]
    summary.unlink()
    assert "is damaged" in _run("doctor", "--cache", tmp_path).output


def test_doctor_goes_on_where_a_folders_name_is_no_text(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "data" / os.fsdecode(b"x\xffy")).mkdir(parents=True)
    for form in ([], ["--json"]):
        assert "nothing" in _run("doctor", "--data", tmp_path / "data", "--cache", cache).output
        assert _run("doctor", "--data", tmp_path / "data", "--cache", cache, *form).exit_code == 0


def test_init_and_the_demo_without_their_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    missing = {"matplotlib"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None if name in missing else find(name, *rest))
    monkeypatch.chdir(tmp_path)
    for command in (["init"], ["build", "demo"], ["build", "demo", "--dry-run"], ["preview"]):
        lines = _run(*command, "--cache", tmp_path / "cache", code=2).stderr.splitlines()
        assert "pip install 'natocc[demo]'" in lines[-1]
        assert len([line for line in lines if line.startswith("natocc: ")]) == 1
    missing |= {"skimage"}
    assert "natocc[demo]" in _run("build", "demo", "--cache", tmp_path / "cache", code=2).stderr
    assert not (tmp_path / "recipe.yaml").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("natocc recipes | head -1; exit ${PIPESTATUS[1]}", 0),
        ("natocc recipes | true", 0),
        ("natocc recipes >&-", 0),
        ("natocc recipes 2>&- >&- <&-", 0),
        ("natocc build demo -n 2 -j 2 -o out --cache cache 2>&- >&- <&-", 0),
        ("natocc build demo -n 2 -j 1 --backend threading -o other --cache cache 2>&-", 0),
        ("natocc build nothing 2>&-", 2),
    ],
)
def test_closed_streams(command: str, code: int, tmp_path: Path, cache: Path) -> None:
    done = _shell(command.replace("--cache cache", f"--cache {cache}"), tmp_path)
    assert done.returncode == code, done.stderr
    assert not done.stderr
    if "build demo" in command:
        out = next(path for path in tmp_path.iterdir() if path.is_dir())
        assert _shell(f"natocc verify {out} --deep", tmp_path).returncode == 0


@pytest.mark.parametrize("columns", ["0", "1", "-3", "x"])
def test_a_terminal_without_name_or_width(columns: str, tmp_path: Path) -> None:
    done = _shell("unset TERM; natocc build --help && natocc recipes", tmp_path, COLUMNS=columns, LINES="0")
    assert done.returncode == 0, done.stderr
    assert "--dry-run" in done.stdout


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    done = _shell("mkdir gone; cd gone; rmdir ../gone; natocc doctor", tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the current folder was deleted" in done.stderr


def test_no_processes_can_be_started(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As without /dev/shm."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("natocc.workers.pool.ProcessPoolExecutor", refuse)
    done = _run("build", "demo", "-n", 1, "--cache", cache, "-o", tmp_path / "out", code=1)
    assert "--backend threading" in done.stderr


@pytest.mark.parametrize("what", ["folder", "file", "missing"])
@pytest.mark.parametrize(
    "command",
    ["verify", "verify --fast", "verify --repair", "replay --index 0", "export --to hf", "stats", "report", "merge out"],
)
def test_what_is_no_dataset_is_one_line(command: str, what: str, tmp_path: Path) -> None:
    place = tmp_path / what
    if what == "folder":
        place.mkdir()
    if what == "file":
        place.touch()
    (line,) = _run(*command.split(), place, code=2).stderr.splitlines()
    assert str(place) in line
    assert "dataset" in line
    assert "Errno" not in line


@pytest.mark.parametrize(
    "command",
    [
        "report ADDRESS", "stats ADDRESS", "export ADDRESS --to hf", "replay ADDRESS --index 0", "merge out ADDRESS",
        "verify ADDRESS --repair", "preview ADDRESS", "doctor --data ADDRESS", "build demo --cache ADDRESS", "extract ADDRESS",
        "build --source folder --source-root ADDRESS", "build --source folder --set faces.root=ADDRESS --cache .", "init ADDRESS",
        "build demo --shards 0 -o ADDRESS", "build ADDRESS", "recipes show ADDRESS", "build demo -o ADDRESS --dry-run",
        "build demo --set name=ADDRESS", "build demo --set occluders.licence=ADDRESS", "build demo --seed ADDRESS", "ADDRESS",
        "verify ADDRESS", "report out --out ADDRESS",
    ],
)  # fmt: skip
def test_a_server_where_a_folder_is_wanted(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = _run(*command.replace("ADDRESS", "s3://KEY:SE/CRET@bucket/folder").split(), code=2)
    assert "s3://***@bucket/folder" in done.stderr
    assert "CRET" not in done.output
    assert "Traceback" not in done.output


def test_an_unfinished_dataset_has_no_sample_to_replay(tmp_path: Path, cache: Path) -> None:
    done = _run("build", "demo", "-n", 2, "--shards", 0, "--cache", cache, "-o", tmp_path / "part")
    assert "a part" in done.output or "all" in done.output
    assert "unfinished" in _run("replay", tmp_path / "part", "--index", 0, code=2).stderr
