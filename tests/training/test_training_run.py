"""``natocc train``: what it writes, going on after a kill, and one line for what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from drawn_faces import draw_cutouts, draw_faces
from needed import need

from natocc.cli import main
from natocc.core.errors import UsageError
from natocc.io.images import read_rgb
from natocc.io.segmenter import Segmenter
from natocc.training.networks import build_network
from natocc.training.options import Network

SMALL = ("--encoder", "tu-mobilenetv3_small_100", "--accelerator", "cpu", "--set", "side=32", "--set", "batch=2")
NO_NETWORK = """
import socket
def refuse(*_):
    raise SystemExit("a connection was asked for")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
"""


@pytest.fixture(scope="module", autouse=True)
def _packages() -> None:
    need("torch", "lightning", "segmentation_models_pytorch", "onnx")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight drawn faces."""
    return draw_faces(tmp_path_factory.mktemp("data") / "faces", 8)


def _start(base: Path, *arguments: object) -> subprocess.Popen[str]:
    """A command by itself, on one core and without a network."""
    site = base / "site"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(NO_NETWORK)
    path = os.pathsep.join([str(site), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-m", "natocc", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(base: Path, *arguments: object, code: int = 0) -> tuple[str, str]:
    process = _start(base, *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err
    return out, err


def _refused(*arguments: object, code: int = 2) -> str:
    """The one line that a command says, in this process."""
    done: Result = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == code, (done.output, done.exception)
    lines = [line for line in done.stderr.splitlines() if line.startswith("natocc: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def _until(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 200
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_a_network_is_trained_quietly_and_read_by_opencv(faces: Path, tmp_path: Path) -> None:
    """Without a connection to anywhere; nothing is said but what natocc says."""
    steps = ("--set", "steps=6", "--set", "checkpoint_steps=3")
    out, err = _run(tmp_path, "train", faces, "-o", tmp_path / "net", *SMALL, *steps)
    assert out.startswith(str(tmp_path / "net" / "net.onnx") + ": unet-tu-mobilenetv3_small_100, 6 steps on 8 pictures, loss ")
    assert all(line.startswith(("training: ", "writing the network")) for line in err.splitlines()), err
    names = sorted(path.name for path in (tmp_path / "net").iterdir() if path.name != ".lock")
    assert names == ["log.csv", "net.onnx", "training.json"]
    assert (tmp_path / "net" / "log.csv").read_text().startswith("step,loss\n3,0.")
    described = json.loads((tmp_path / "net" / "training.json").read_text())
    assert described["status"] == "complete"
    assert described["opencv_difference"] < 1e-3
    assert set(described["versions"]) >= {"torch", "lightning", "timm", "numpy"}
    segmenter = Segmenter.open(tmp_path / "net" / "net.onnx")
    assert segmenter.about["seed"] == 0
    picture = read_rgb(faces / "images" / "0.png")[0][:, :70]
    probability = segmenter.probability(picture)
    assert probability.shape == (96, 70)
    assert 0 <= probability.min() <= probability.max() <= 1
    assert ((probability >= 0.5) == segmenter.face(picture)).mean() > 0.999
    again, _ = _run(tmp_path, "train", faces, "-o", tmp_path / "net", *SMALL, *steps)
    assert again == out  # found, not trained again
    measured, _ = _run(tmp_path, "evaluate", "--model", tmp_path / "net" / "net.onnx", "--truth", faces, "--json")
    assert json.loads(measured)["pictures"] == 8
    other = _refused("train", faces, "-o", tmp_path / "net", *SMALL, *steps, "--seed", 1)
    assert "holds another training (seed: there 0, here 1)" in other
    assert "training.steps: there 6, here 7" in _refused(
        "train", faces, "-o", tmp_path / "net", *SMALL, "--set", "steps=7", "--set", "checkpoint_steps=3"
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_was_ended_goes_on_as_if_it_never_was(faces: Path, tmp_path: Path, number: int) -> None:
    arguments = ("train", faces, *SMALL, "--set", "steps=16", "--set", "checkpoint_steps=2", "-o")
    _run(tmp_path, *arguments, tmp_path / "whole")
    process = _start(tmp_path, *arguments, tmp_path / "ended")
    _until(tmp_path / "ended" / "last.ckpt", process)
    process.send_signal(number)
    _, err = process.communicate(timeout=100)
    if number == signal.SIGTERM and process.returncode != 0:  # it may have been done
        assert process.returncode == 143
        assert "natocc: stopped by SIGTERM" in err.splitlines()[-1]
        assert "Traceback" not in err
    _, err = _run(tmp_path, *arguments, tmp_path / "ended")
    assert (tmp_path / "ended" / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()
    whole, ended = (Segmenter.open(tmp_path / name / "net.onnx") for name in ("whole", "ended"))
    assert whole.sha256 == ended.sha256


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_one_line(faces: Path, tmp_path: Path) -> None:
    steps = ("--set", "steps=8", "--set", "checkpoint_steps=4", "--set", "learning_rate=1e30", "--set", "optimiser=sgd")
    _, err = _run(tmp_path, "train", faces, "-o", tmp_path / "net", *SMALL, *steps, "--set", "clip=0", code=1)
    assert "the loss is no longer a number" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (tmp_path / "net" / "net.onnx").exists()


@pytest.mark.slow
def test_what_is_wrong_is_one_line(faces: Path, tmp_path: Path) -> None:
    import torch

    net = tmp_path / "net"
    assert "did you mean 'unet'" in _refused("train", faces, "-o", net, "--network", "unett")
    assert "did you mean 'resnet18'" in _refused("train", faces, "-o", net, "--encoder", "resnet81")
    assert "cannot be made" in _refused("train", faces, "-o", net, "--encoder", "tu-nothing")
    with pytest.raises(UsageError, match="did you mean 'decoder_channels'"):
        build_network(Network(settings={"decoder_chanels": [16]}), tmp_path, 0)
    assert "no file of weights" in _refused("train", faces, "-o", net, "--weights", tmp_path / "none.pt", *SMALL)
    (tmp_path / "w.pt").write_bytes(b"x")
    assert "holds no weights" in _refused("train", faces, "-o", net, "--weights", tmp_path / "w.pt", *SMALL, "--overwrite")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    assert "are missing" in _refused("train", faces, "-o", net, "--weights", tmp_path / "other.pt", *SMALL, "--overwrite")
    if not torch.cuda.is_available():
        gpu = _refused("train", faces, "-o", tmp_path / "gpu", "--accelerator", "gpu", "--encoder", "tu-mobilenetv3_small_100")
        assert "1 GPUs were asked for" in gpu
    assert "targets: matte needs" in _refused("train", faces, "-o", net, "--set", "targets=matte")
    assert "no folder" in _refused("train", tmp_path / "none", "-o", net)
    assert "did you mean 'steps'" in _refused("train", faces, "-o", net, "--set", "step=3")
    draw_cutouts(tmp_path / "mine", 1)
    assert "did not write" in _refused("train", faces, "-o", tmp_path / "mine", *SMALL)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "training.json").write_text("{")
    assert "is damaged" in _refused("train", faces, "-o", tmp_path / "damaged", *SMALL)


@pytest.mark.slow
def test_a_damaged_checkpoint_is_one_line(faces: Path, tmp_path: Path) -> None:
    arguments = ("train", faces, *SMALL, "--set", "steps=400", "--set", "checkpoint_steps=2", "-o", tmp_path / "net")
    process = _start(tmp_path, *arguments)
    _until(tmp_path / "net" / "last.ckpt", process)
    process.kill()
    process.communicate(timeout=100)
    (tmp_path / "net" / "last.ckpt").write_bytes(b"no checkpoint")
    assert "last.ckpt is damaged" in _refused(*arguments, code=1)
