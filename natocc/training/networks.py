"""Networks of segmentation_models_pytorch that take natocc's contract: RGB in [0, 1] in, the logit of "visible face" out."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from natocc.core.errors import UsageError
from natocc.core.text import nearest
from natocc.io.files import is_file
from natocc.io.paths import locate
from natocc.training.options import Network
from natocc.training.packages import needed, quiet

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures: what published weights expect, and a good scale for others."""

_FIXED: dict[str, Any] = {"encoder_weights": None, "in_channels": 3, "classes": 1}


def build_network(options: Network, data: Path, seed: int) -> Any:
    """A network, its weights drawn by the seed or read from a file.

    Parameters
    ----------
    options : Network
        Which.
    data : Path
        The data root, for weights.
    seed : int
        Of random weights.

    Returns
    -------
    network : torch.nn.Module
        (N, 3, S, S) in [0, 1] to logits (N, 1, S, S).

    Raises
    ------
    UsageError
        If the architecture or the encoder is unknown or they do not go together, or weights do not fit.
    """
    torch, smp = needed("torch"), needed("segmentation_models_pytorch")
    known = list(smp.MODEL_ARCHITECTURES_MAPPING)
    if options.architecture.lower() not in known:
        raise UsageError(f"unknown architecture {options.architecture!r}{nearest(options.architecture, known)}")
    settings = list(inspect.signature(smp.MODEL_ARCHITECTURES_MAPPING[options.architecture.lower()]).parameters)
    for key in options.settings:
        if key not in settings or key in _FIXED:  # the package takes any keyword, and passes over what it does not know
            usable = [name for name in settings if name not in _FIXED]
            raise UsageError(f"settings: {options.architecture} has no {key!r}{nearest(key, usable)}")
    encoders = smp.encoders.get_encoder_names()
    if options.encoder not in encoders and not options.encoder.startswith("tu-"):
        raise UsageError(f"unknown encoder {options.encoder!r}{nearest(options.encoder, encoders)}; those of timm begin with tu-")
    torch.manual_seed(seed)
    try:
        with quiet():
            inner = smp.create_model(options.architecture, options.encoder, **_FIXED, **options.settings)
    except (KeyError, ValueError, RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise UsageError(f"{options.architecture} with the encoder {options.encoder} cannot be made: {why}") from None
    if options.weights is not None:
        _load(inner, locate(options.weights, data))
    return _normalised(inner)


def _normalised(inner: Any) -> Any:
    """The network behind the normalisation that it expects, so that a file of it is whole."""
    torch = needed("torch")

    class Normalised(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner
            self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
            self.register_buffer("deviation", torch.tensor(_DEVIATION).view(1, 3, 1, 1))

        def forward(self, images: Any) -> Any:
            return self.inner((images - self.mean) / self.deviation)

    return Normalised()


def _load(inner: Any, path: Path) -> None:
    """Weights of the whole network, or of its encoder."""
    torch = needed("torch")
    if not is_file(path):
        raise UsageError(f"no file of weights {path}")
    try:
        if path.suffix == ".safetensors":
            state = needed("safetensors.torch").load_file(str(path))
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state) if isinstance(state, dict) else state
        whole = set(state) >= set(inner.state_dict())
        target = inner if whole else inner.encoder
        absent, _ = target.load_state_dict(state, strict=False)
    except UsageError:
        raise
    except Exception as error:  # whatever a damaged file makes of the packages that read it
        raise UsageError(f"{path} holds no weights of this network: {' '.join(str(error).split())[:300]}") from None
    absent = [name for name in absent if not name.endswith("num_batches_tracked")]
    if absent:
        raise UsageError(f"{path} holds no weights of this network: {len(absent)} are missing, such as {absent[0]}")
