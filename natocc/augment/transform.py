"""Occlusion as an augmentation: a transform for training loops, in the manner of albumentations and of torchvision's v2."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from natocc.augment import tensors
from natocc.augment.occlude import Occluder, Rules, as_generator, as_rules, as_source, occlude, shown_values
from natocc.core import seeds
from natocc.core.errors import BadDataError
from natocc.core.samples import IGNORE, Image, occluded
from natocc.occluders.source import OccluderSource

_LOG = logging.getLogger("natocc")


class Occlude:
    """Lay occluders on faces while training.

    Called as albumentations does, with ``image=`` and ``mask=``, it returns a dictionary; called as torchvision's v2 transforms
    are, with an image and a mask, a tuple. What else it is given comes back as it is. Images are (H, W, 3) uint8 arrays, or
    tensors (3, H, W), uint8 or float in [0, 1]; masks are label maps (H, W), or tensors (H, W) or (1, H, W), of any type of
    numbers. A picture on which nothing can be laid (no face in its mask, no room) comes back as it is, and the reason is logged
    at debug level. A mask of 0 and 255 needs ``face=(255,)`` or ``mask > 0``, and is refused otherwise; other masks in which none
    of the labels in `face` turns up are logged once, as a warning.

    It may stand among the transforms of an ``albumentations.Compose``; it draws by its own seed there, not by the Compose's.

    Parameters
    ----------
    occluders : OccluderSource, sequence, Cutout or array
        What to lay on faces: see :func:`natocc.occlude`; items of a sequence are drawn with equal probability.
    p : float
        Probability that a picture is changed.
    seed : int
        Decides everything random.
    rules : ComposeRules or mapping, optional
        As for :func:`natocc.occlude`. Mirroring (``finish.flip``) is refused: that is the task of another transform.
    face : sequence of int
        Labels of the face.
    occluded : int
        Label of covered face; by default 0, the background.

    Notes
    -----
    The n-th call draws from (seed, n). In a worker of PyTorch's ``DataLoader`` it draws from (seed, the worker's seed, n), so
    that no two workers and no two epochs draw the same; seed the loader (``generator=torch.Generator().manual_seed(0)``) to
    repeat a run with the same number of workers. For results that do not depend on workers, pass
    ``rng=natocc.generator(seed, epoch, index)`` in the dataset's ``__getitem__``; in processes started by anything else this is
    the only right way, since each has a copy of this object.

    Threads may call it at the same time, and it can be pickled.

    Examples
    --------
    >>> face = np.zeros((64, 64), np.uint8)
    >>> face[12:52, 16:48] = 1
    >>> photograph = np.full((64, 64, 3), 180, np.uint8)
    >>> transform = Occlude(np.full((20, 20, 4), (255, 0, 0, 255), np.uint8), p=1, seed=3)
    >>> done = transform(image=photograph, mask=face, name="a")
    >>> sorted(done), bool(done["mask"].sum() < face.sum())
    (['image', 'mask', 'name'], True)
    >>> image, mask = transform(photograph, face, rng=seeds.generator(3, 0, 17))
    """

    def __init__(
        self,
        occluders: Occluder | OccluderSource | Sequence[Occluder],
        *,
        p: float = 0.5,
        seed: int = 0,
        rules: Rules | None = None,
        face: Sequence[int] = (1,),
        occluded: int = 0,
    ) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p: expected a probability, found {p}")
        self._rules = as_rules(rules)
        if self._rules.finish.flip:
            raise ValueError("rules.finish.flip: labels must be mirrored too; use a transform that mirrors both")
        self._source = as_source(occluders)
        self._p, self._seed, self._faces, self._occluded = p, seed, tuple(face), occluded
        self._calls = 0
        self._warned = False
        self._lock = threading.Lock()

    @property
    def available_keys(self) -> set[str]:
        """What it changes, as ``albumentations.Compose`` asks its transforms."""
        return {"image", "mask"}

    def __repr__(self) -> str:
        return f"Occlude(p={self._p}, seed={self._seed}, face={self._faces}, occluded={self._occluded})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    @overload
    def __call__(
        self, *, image: Any, mask: Any, landmarks: Any = None, rng: np.random.Generator | int | None = None, **others: Any
    ) -> dict[str, Any]: ...

    @overload
    def __call__(
        self, image: Any, mask: Any, /, *others: Any, landmarks: Any = None, rng: np.random.Generator | int | None = None
    ) -> tuple[Any, ...]: ...

    def __call__(
        self, *given: Any, landmarks: Any = None, rng: np.random.Generator | int | None = None, **named: Any
    ) -> dict[str, Any] | tuple[Any, ...]:
        """Cover a face, with probability `p`.

        Parameters
        ----------
        image, mask
            By keyword or in this order. Not changed.
        landmarks : (68, 2) or (5, 2), optional
            In pixels; returned with the other keywords.
        rng : numpy.random.Generator or int, optional
            Replaces the seed and the number of the call.

        Raises
        ------
        TypeError
            If image or mask is missing.
        ValueError
            If one has the wrong shape, type or values; if the mask is of 0 and 255, and 255 is not among the labels of faces.
        """
        if (given and named) or len(given) == 1 or (not given and not {"image", "mask"} <= set(named)):
            raise TypeError("expected image=..., mask=..., or an image and a mask")
        image, mask = given[:2] if given else (named["image"], named["mask"])
        covered = self._covered(image, mask, landmarks, rng)
        if given:
            return (*covered, *given[2:])
        others = named if landmarks is None else named | {"landmarks": landmarks}
        return others | dict(zip(("image", "mask"), covered, strict=True))

    def _covered(self, image: Any, mask: Any, landmarks: Any, rng: np.random.Generator | int | None) -> tuple[Any, Any]:
        """Image and mask afterwards, of the same kinds as before."""
        draws = self._generator() if rng is None else as_generator(rng)
        if draws.random() >= self._p:
            return image, mask
        before = tensors.picture_array(image) if tensors.is_tensor(image) else image
        labels = tensors.labels_array(mask) if tensors.is_tensor(mask) else np.asarray(mask)
        result = self._composited(before, labels, landmarks, draws)
        if result is None:
            return image, mask
        picture, labels = result
        return (
            tensors.picture_like(picture, before, image) if tensors.is_tensor(image) else picture,
            tensors.labels_like(labels, mask) if tensors.is_tensor(mask) else labels,
        )

    def _composited(
        self, picture: Image, labels: npt.NDArray[Any], landmarks: Any, draws: np.random.Generator
    ) -> tuple[Image, npt.NDArray[Any]] | None:
        face = np.isin(labels, self._faces)
        if not face.any():
            self._check_labels(labels)
        try:
            composite = occlude(picture, face, self._source, rng=draws, landmarks=landmarks, rules=self._rules)
        except BadDataError as error:
            _LOG.debug("not occluded: %s", error)
            return None
        ignored = (composite.ignored > 0) & (labels != 0)
        if ignored.any() and not np.can_cast(np.uint8, labels.dtype):
            raise ValueError(f"mask: expected a type that holds {IGNORE}, the label of what is ignored, found {labels.dtype}")
        after = labels.copy()
        after[occluded(composite) > 0] = self._occluded
        after[ignored] = IGNORE
        return composite.image, after

    def _check_labels(self, labels: npt.NDArray[Any]) -> None:
        """Tell a mask without a face from one whose values mean something else."""
        values = set(np.unique(labels).tolist())
        if values == {0}:
            return
        message = f"mask: none of the labels in face={self._faces} is there, found {shown_values(labels)}"
        if values <= {0, IGNORE}:
            raise ValueError(f"{message}; pass mask > 0, or face=({IGNORE},)")
        if not self._warned:
            self._warned = True
            _LOG.warning("%s; pictures with such masks are not occluded", message)

    def _generator(self) -> np.random.Generator:
        """The generator of this call and no other."""
        with self._lock:
            number = self._calls
            self._calls += 1
        worker = tensors.worker_seed()
        return seeds.generator(self._seed, "occlude", *(() if worker is None else (worker,)), number)
