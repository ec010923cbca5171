"""PyTorch tensors to arrays and back. torch is not imported here: whoever passes a tensor has imported it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt


def is_tensor(value: object) -> bool:
    """Whether it is a PyTorch tensor, or one of a subclass such as torchvision's."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def kind_of(value: object) -> str | None:
    """What torchvision's v2 takes it for: ``Image``, ``Mask``, ``BoundingBoxes``, ...; none where that is not said."""
    tv_tensors = sys.modules.get("torchvision.tv_tensors")
    if tv_tensors is None or not isinstance(value, tv_tensors.TVTensor):
        return None
    return type(value).__name__


def looks_like_picture(tensor: Any) -> bool:
    """Whether it is (3, H, W)."""
    return bool(tensor.ndim == 3 and tensor.shape[0] == 3)


def looks_like_labels(tensor: Any, height: int, width: int) -> bool:
    """Whether it is (H, W) or (1, H, W)."""
    return tuple(tensor.shape) in {(height, width), (1, height, width)}


def picture_array(tensor: Any) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 of a picture (3, H, W), uint8 or float in [0, 1].

    Raises
    ------
    ValueError
        If the tensor has another shape, type or range.
    """
    if tensor.ndim != 3 or tensor.shape[0] != 3:
        raise ValueError(f"image: expected a tensor (3, H, W), found {tuple(tensor.shape)}; occlude before pictures are batched")
    array = tensor.detach().cpu().numpy().transpose(1, 2, 0)
    if array.dtype.kind == "f" and array.size and array.min() >= 0 and array.max() <= 1:
        array = np.rint(array * np.float32(255)).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ValueError(f"image: expected uint8, or float in [0, 1], found {tensor.dtype}; occlude before you normalise")
    return np.ascontiguousarray(array)


def picture_like(array: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8], tensor: Any) -> Any:
    """A picture as a tensor of the type, the range and on the device of `tensor`; its own values stay where nothing changed.

    Parameters
    ----------
    array, before : (H, W, 3) uint8
        The picture, and `tensor` as an array.
    tensor : Tensor
        (3, H, W).
    """
    planes = np.ascontiguousarray(array.transpose(2, 0, 1))
    converted = _tensor(planes.astype(np.float32) / 255 if tensor.is_floating_point() else planes)
    changed = _tensor(np.ascontiguousarray((array != before).transpose(2, 0, 1))).to(device=tensor.device)
    return converted.to(device=tensor.device, dtype=tensor.dtype).where(changed, tensor).as_subclass(type(tensor))


def labels_array(tensor: Any) -> npt.NDArray[Any]:
    """(H, W) of a mask (H, W) or (1, H, W); (N, H, W) of masks of N things."""
    array: npt.NDArray[Any] = tensor.detach().cpu().numpy()
    return array[0] if array.ndim == 3 and len(array) == 1 else array


def labels_like(array: npt.NDArray[Any], tensor: Any) -> Any:
    """A mask as a tensor of the type, the shape and on the device of `tensor`."""
    converted = _tensor(np.ascontiguousarray(array)).to(device=tensor.device, dtype=tensor.dtype)
    return converted.reshape(tensor.shape).as_subclass(type(tensor))


def worker_seed() -> int | None:
    """The seed of this worker of PyTorch's ``DataLoader``, different in each worker and epoch; None outside a worker."""
    data = sys.modules.get("torch.utils.data")
    worker = data.get_worker_info() if data is not None else None
    return None if worker is None else int(worker.seed)


def _tensor(array: npt.NDArray[Any]) -> Any:
    return sys.modules["torch"].from_numpy(array)
