"""F31, F32, F36: neither the machine's settings nor how the work is shared out show in the data, and nothing asks the network."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyarrow.parquet
import pytest
from runs import Runs, files

_OTHERWISE = """if True:
    import os
    os.umask(0o077)
    scandir, listdir = os.scandir, os.listdir
    class Reversed:
        def __init__(self, *place):
            with scandir(*place) as entries:
                self.entries = iter(list(entries)[::-1])
        def __iter__(self): return self.entries
        def __next__(self): return next(self.entries)
        def __enter__(self): return self
        def __exit__(self, *_): pass
        def close(self): pass
    os.scandir, os.listdir = Reversed, lambda *place: listdir(*place)[::-1]"""

_NO_NETWORK = """if True:
    import socket, sys
    def refuse(event, arguments):
        if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind", "socket.sendto"):
            if event != "socket.connect" or not isinstance(arguments[1], str):
                raise SystemExit(f"network: {event} {arguments}")
    sys.addaudithook(refuse)"""


def _samples(out: Path) -> list[dict[str, object]]:
    columns = ["index", "set", "face", "variant", "images_sha256", "masks_sha256", "plan", "reason"]
    rows: list[dict[str, object]] = pyarrow.parquet.read_table(out / "manifest.parquet", columns=columns).to_pylist()
    return rows


def _locale() -> str:
    """Turkish, whose i is another letter, where it is installed."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    return next((name for name in known if name.lower() in ("tr_tr.utf8", "tr_tr.utf-8")), "C")


@pytest.mark.slow
def test_f31_f32_circumstances_do_not_show(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = runs.recipe(30)
    runs.run("build", recipe, "-o", tmp_path / "plain", "--backend", "threading", "-j", 1, PYTHONHASHSEED=1)
    monkeypatch.chdir("/")
    settings = {"LC_ALL": _locale(), "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"}
    common = ("build", recipe, "-j", 4, "-o", tmp_path / "other")
    runs.run(*common, code=_OTHERWISE, **settings)
    assert files(tmp_path / "other") == files(tmp_path / "plain")
    assert (tmp_path / "other" / "manifest.parquet").stat().st_mode & 0o077 == 0
    # Other shards, and a start of the same samples.
    few = ("-n", 17, "--set", "output.shard_size=5", "--backend", "threading", "-j", 2)
    runs.run("build", recipe, "-o", tmp_path / "few", *few)
    assert _samples(tmp_path / "few") == _samples(tmp_path / "plain")[:17]


@pytest.mark.slow
def test_f36_nothing_asks_the_network(runs: Runs, cache: Path, tmp_path: Path) -> None:
    told = runs.run("build", "demo", "-n", 4, "-o", tmp_path / "out", "-j", 2, "--cache", cache, code=_NO_NETWORK)
    assert "4 samples" in told
