"""A trained network as ONNX, in natocc's contract, tried in OpenCV before it is believed."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from natocc.core.errors import NatoccError, RunError
from natocc.core.plans import Json
from natocc.core.samples import Image
from natocc.core.seeds import generator
from natocc.io.atomic import write_aside
from natocc.io.segmenter import Segmenter, contract, fit_square
from natocc.training.packages import needed, quiet

_TOLERANCE = 1e-3
"""In probability: OpenCV's importer reads some operators of some exporters without complaint, and wrongly."""


def export_onnx(network: Any, side: int, about: dict[str, Json], path: Path) -> float:
    """Write a network so that OpenCV computes with it what PyTorch does.

    Parameters
    ----------
    network : torch.nn.Module
        As :func:`natocc.training.networks.build_network` makes it.
    side : int
        Of its square, px.
    about : dict
        What is to be known of it: JSON.
    path : Path
        Of the file.

    Returns
    -------
    difference : float
        Largest difference in probability on the pictures that it was tried on.

    Raises
    ------
    RunError
        If no way of writing it is read rightly, or the file cannot be written.
    """
    network = network.cpu().float().eval()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for name, write in _WAYS.items():
            draft = Path(folder) / "network.onnx"
            try:
                with quiet(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    write(network, side, draft)
                    _describe(draft, contract(side, {**about, "exporter": name}))
            except Exception as error:  # whatever an exporter says of an operator that it does not know
                failures.append(f"{name}: {' '.join(str(error).split())[:150]}")
                continue
            try:
                difference = _difference(network, Segmenter.open(draft), side)
            except NatoccError as error:
                failures.append(f"{name}: {str(error)[:250]}")
                continue
            if difference <= _TOLERANCE:
                write_aside(path, draft.read_bytes())
                return difference
            failures.append(f"{name}: OpenCV differs from PyTorch by {difference:.3g} in probability")
    raise RunError("the network cannot be written as ONNX that OpenCV reads rightly: " + "; ".join(failures))


def _difference(network: Any, segmenter: Segmenter, side: int) -> float:
    """Largest difference in probability, on pictures of noise that is fine and coarse."""
    torch = needed("torch")
    largest = 0.0
    for square in _trials(side):
        tensor = torch.from_numpy(np.ascontiguousarray(square.transpose(2, 0, 1)[None])).float() / 255
        with torch.no_grad():
            expected = torch.sigmoid(network(tensor))[0, 0].numpy()
        largest = max(largest, float(np.abs(expected - segmenter.probability(square)).max()))
    return largest


def _trials(side: int) -> list[Image]:
    rng = generator(0, "pictures that an exported network is tried on")
    fine = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    coarse = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return [fine, fit_square(coarse, side), np.full((side, side, 3), 128, np.uint8)]


def _describe(path: Path, metadata: dict[str, str]) -> None:
    onnx = needed("onnx")
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, str(path))


def _by_trace(opset: int) -> Callable[[Any, int, Path], None]:
    def write(network: Any, side: int, path: Path) -> None:
        torch = needed("torch")
        example = (torch.zeros(1, 3, side, side),)
        torch.onnx.export(
            network, example, str(path), dynamo=False, opset_version=opset, input_names=["image"], output_names=["logit"]
        )

    return write


def _by_graph(opset: int) -> Callable[[Any, int, Path], None]:
    def write(network: Any, side: int, path: Path) -> None:
        torch = needed("torch")
        example = (torch.zeros(1, 3, side, side),)
        program = torch.onnx.export(
            network, example, dynamo=True, opset_version=opset, input_names=["image"], output_names=["logit"], verbose=False
        )
        program.save(str(path), external_data=False)

    return write


_WAYS = {
    "trace, opset 17": _by_trace(17),
    "graph, opset 20": _by_graph(20),
    "graph, opset 18": _by_graph(18),
    "trace, opset 13": _by_trace(13),
}
"""Which of them OpenCV reads rightly depends on the network."""
