"""One training in its folder: what decides it is written first, checkpoints on the way, the network last."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.core.versions import __version__, versions
from natocc.dataset.layout import LOCK
from natocc.dataset.write.lock import locked
from natocc.evaluation.pictures import Pictures
from natocc.io.atomic import disk_errors, encode_json, final_name, read_json, write_aside
from natocc.io.files import exists, is_file
from natocc.io.images import read_bytes, sha256
from natocc.training.data import Kept, Source, check_targets
from natocc.training.loop import CHECKPOINT, fit
from natocc.training.options import Network, Training
from natocc.training.packages import versions_used

DESCRIPTION, NETWORK, LOG = "training.json", "net.onnx", "log.csv"

_OWN = (DESCRIPTION, NETWORK, LOG, CHECKPOINT, LOCK)


@dataclasses.dataclass(frozen=True)
class Device:
    """What trains.

    Parameters
    ----------
    accelerator : str
        ``auto``, ``cpu`` or ``gpu``.
    count : int
        How many of them.
    """

    accelerator: str = "auto"
    count: int = 1


@dataclasses.dataclass(frozen=True)
class OpenedSource:
    """Pictures that were opened, and what identifies them.

    Parameters
    ----------
    pictures : Pictures
        To train on.
    weight : float, optional
        As :class:`natocc.training.options.SourceOptions` has it.
    identity : dict
        JSON: what a network that was trained on them is recorded with.
    kept : dict
        Pictures that were read already, for the next training of this process.
    """

    pictures: Pictures
    weight: float | None
    identity: dict[str, Json]
    kept: Kept = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @property
    def source(self) -> Source:
        """To draw from."""
        return Source(self.pictures, self.weight or float(len(self.pictures.names)), self.kept)


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training came to.

    Parameters
    ----------
    content : mapping
        ``training.json``.
    net_sha256 : str
        Of the network's file; empty in a helper, see :func:`is_helper`.
    loss : float
        Mean over the last steps.
    seconds : float
        That the last run took.
    """

    content: Mapping[str, Json]
    net_sha256: str
    loss: float
    seconds: float


def train(
    sources: Sequence[OpenedSource],
    network: Network,
    options: Training,
    seed: int,
    out: Path,
    data: Path,
    progress: Progress,
    device: Device = Device(),
    overwrite: bool = False,
) -> Trained:
    """Train a network, go on with it, or find that it is done.

    Parameters
    ----------
    sources : sequence of OpenedSource
        What it is trained on.
    network, options, seed
        What is trained, how, and the seed of its weights and of the pictures drawn.
    out : Path
        Its folder: ``training.json``, ``log.csv``, ``last.ckpt``, ``net.onnx``.
    data : Path
        The data root.
    progress : Progress
        Hears how it goes.
    device : Device
        What trains.
    overwrite : bool
        Whether what lies there may go.

    Returns
    -------
    trained : Trained
        In a helper (:func:`is_helper`) without anything measured.

    Raises
    ------
    UsageError
        If the folder is another's or another training's, or a setting or the data do not fit.
    RunError
        If the loss is no longer a number, or the machine fails.
    """
    from natocc.training.networks import build_network

    drawn = [source.source for source in sources]
    check_targets(drawn, options)
    described: dict[str, Json] = {
        "network": network.model_dump(mode="json"),
        "training": options.model_dump(mode="json"),
        "seed": seed,
        "data": [{**source.identity, "weight": source.weight} for source in sources],
    }
    with contextlib.nullcontext() if is_helper() else _claimed(out, overwrite):
        before = _before(out, described)
        if before.get("status") == "complete" and _is_whole(out, before):
            progress("the network is there", 0, None)
            return _trained(before)
        built = build_network(network, data, seed)
        used = {**versions(), **versions_used()}
        if not is_helper():
            _write(out, {"natocc": __version__, "status": "training", **described, "versions": used})
        begin = time.monotonic()
        history = fit(built, drawn, options, seed, out, progress, device.accelerator, device.count)
        if is_helper():
            return Trained(described, "", math.nan, math.nan)
        seconds = time.monotonic() - begin
        progress("writing the network", 0, None)
        return _trained(_finished(out, built, described, options.side, history, used, seconds, device))


def _finished(
    out: Path,
    built: object,
    described: dict[str, Json],
    side: int,
    history: Iterable[tuple[int, float]],
    used: dict[str, str],
    seconds: float,
    device: Device,
) -> dict[str, Json]:
    """Write the network, the log, and last of all that it is done."""
    from natocc.training.export import export_onnx

    history = list(history)
    write_aside(out / LOG, "".join(["step,loss\n", *(f"{step},{loss:.6f}\n" for step, loss in history)]).encode())
    about = {"natocc": __version__, **described}
    difference = export_onnx(built, side, about, out / NETWORK)
    result: dict[str, Json] = {
        "natocc": __version__,
        "status": "complete",
        **described,
        "versions": used,
        "device": {"accelerator": device.accelerator, "count": device.count},
        "loss": history[-1][1],
        "seconds": round(seconds, 1),
        "opencv_difference": difference,
        "net_sha256": sha256(read_bytes(out / NETWORK)),
    }
    _write(out, result)
    (out / CHECKPOINT).unlink(missing_ok=True)  # three times as large as the network
    return result


def _trained(content: Mapping[str, Json]) -> Trained:
    """The numbers of a ``training.json`` that is complete."""
    loss, seconds = (float(str(content[key])) for key in ("loss", "seconds"))
    return Trained(content, str(content["net_sha256"]), loss, seconds)


def identity_of(pictures: Pictures, **described: Json) -> dict[str, Json]:
    """What identifies pictures: how they are described, how many there are, and a hash of their names."""
    names = hashlib.sha256(json.dumps(pictures.names).encode()).hexdigest()
    return {**described, "pictures": len(pictures.names), "names_sha256": names}


def _is_own(name: str) -> bool:
    """Whether a training gives such names to its files, or a benchmark to the results that it puts beside them."""
    name = final_name(name)
    return name in _OWN or (name.startswith("on-") and name.endswith(".json"))


def is_helper() -> bool:
    """Whether this process is one that Lightning started for a further device: only the first one writes."""
    return os.environ.get("LOCAL_RANK", "0") != "0"


@contextlib.contextmanager
def _claimed(out: Path, overwrite: bool):  # type: ignore[no-untyped-def]
    """The folder, ours alone while the block lasts; with `overwrite` without what was in it."""
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        others = sorted(path.name for path in out.iterdir() if not _is_own(path.name))
    if others and not exists(out / DESCRIPTION):
        raise UsageError(f"{out} holds {others[0]!r}, which natocc train did not write; name a new folder with -o")
    with locked(out):
        with disk_errors(out):
            for path in out.glob(".*.part"):  # of a training that was killed
                if _is_own(path.name):
                    path.unlink(missing_ok=True)
            for name in _OWN[:-1] if overwrite else ():
                (out / name).unlink(missing_ok=True)
        yield


def _before(out: Path, described: dict[str, Json]) -> dict[str, Json]:
    """What lies in the folder, if it is of the same training."""
    if not exists(out / DESCRIPTION):
        return {}
    before = read_json(out / DESCRIPTION)
    for key, value in json.loads(json.dumps(described)).items():
        if before.get(key) != value:
            difference = _first_difference(before.get(key), value, key)
            raise UsageError(f"{out} holds another training ({difference}); name a new folder with -o, or use --overwrite")
    return before


def _is_whole(out: Path, before: dict[str, Json]) -> bool:
    return is_file(out / NETWORK) and sha256(read_bytes(out / NETWORK)) == before.get("net_sha256")


def _first_difference(before: Json, now: Json, path: str) -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            if before.get(key) != now.get(key):
                return _first_difference(before.get(key), now.get(key), f"{path}.{key}")
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (one, other) in enumerate(zip(before, now, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{path}.{index}")
    return f"{path}: there {json.dumps(before)[:80]}, here {json.dumps(now)[:80]}"


def _write(out: Path, content: dict[str, Json]) -> None:
    write_aside(out / DESCRIPTION, encode_json(content, indent=2))
