"""Occlusion as an augmentation: a transform for training loops, in the manner of torchvision's v2."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any, NoReturn, overload

import numpy as np
import numpy.typing as npt

from natocc.augment import kinds, nested, tensors
from natocc.augment.occlude import Occluder, Rules, as_generator, as_rules, as_source, occlude, shown_values
from natocc.core import seeds
from natocc.core.errors import BadDataError
from natocc.core.samples import IGNORE, Composite, Image
from natocc.occluders.source import OccluderSource

_LOG = logging.getLogger("natocc")


class Occlude:
    """Lay occluders on faces while training.

    Called with ``image=`` and ``mask=``, it returns a dictionary; with an image and a mask, a tuple; with one sample (a
    dictionary, a list, a tuple, nested as you like), a sample of the same form. So it stands among the transforms of a
    ``torchvision.transforms.v2.Compose``; for albumentations there is :class:`natocc.albumentations.Occlude`. What else it is
    given comes back as it is. In a sample it changes what torchvision calls an ``Image`` and a ``Mask``, else the first picture
    and the first label map of its size; of several, those under the keys ``image`` and ``mask``.

    Images are (H, W, 3) uint8 arrays, Pillow's pictures, or tensors (3, H, W), uint8 or float in [0, 1]; masks are label maps
    (H, W), pictures of Pillow's with one number a pixel, or tensors (H, W), (1, H, W) or, of N things, (N, H, W), of any type of
    numbers. A picture on which nothing can be laid (no face in its mask, no room) comes back as it is, and the reason is logged
    at debug level. A mask of 0 and 255 needs ``face=(255,)`` or ``mask > 0``, and is refused otherwise; other masks in which none
    of the labels in `face` turns up are logged once, as a warning.

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

    Threads may call it at the same time. It can be pickled; a copy counts its calls anew, so that its bytes, and its hash in
    ``datasets.Dataset.map``, depend on what it was made with alone.

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
        self._source = as_source(occluders)
        self._rules = as_rules(rules, self._source)
        if self._rules.finish.flip:
            raise ValueError("rules.finish.flip: labels must be mirrored too; use a transform that mirrors both")
        self._p, self._seed, self._faces, self._occluded = p, seed, tuple(face), occluded
        self._count = _Count()

    @property
    def available_keys(self) -> NoReturn:
        """What ``albumentations.Compose`` asks its transforms first."""
        raise TypeError("in a Compose of albumentations use natocc.albumentations.Occlude")

    def __repr__(self) -> str:
        return f"Occlude(p={self._p}, seed={self._seed}, face={self._faces}, occluded={self._occluded})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_count"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _count=_Count())

    @overload
    def __call__(
        self, *, image: Any, mask: Any, landmarks: Any = None, rng: np.random.Generator | int | None = None, **others: Any
    ) -> dict[str, Any]: ...

    @overload
    def __call__(self, sample: Any, /, *, landmarks: Any = None, rng: np.random.Generator | int | None = None) -> Any: ...

    @overload
    def __call__(
        self, image: Any, mask: Any, /, *others: Any, landmarks: Any = None, rng: np.random.Generator | int | None = None
    ) -> tuple[Any, ...]: ...

    def __call__(self, *given: Any, landmarks: Any = None, rng: np.random.Generator | int | None = None, **named: Any) -> Any:
        """Cover a face, with probability `p`.

        Parameters
        ----------
        image, mask
            By keyword, in this order, or somewhere in a sample. Not changed.
        landmarks : (68, 2) or (5, 2), optional
            In pixels; returned with the other keywords. In a sample, what lies under this key.
        rng : numpy.random.Generator or int, optional
            Replaces the seed and the number of the call.

        Raises
        ------
        TypeError
            If image or mask is missing.
        ValueError
            If one has the wrong shape, type or values; if the mask is of 0 and 255, and 255 is not among the labels of faces.
        """
        if given and named:
            raise TypeError("expected image=..., mask=..., an image and a mask, or a sample that has them; found some of both")
        if {"image", "mask"} <= set(named):
            covered = self._covered(named["image"], named["mask"], landmarks, rng)
            others = named if landmarks is None else named | {"landmarks": landmarks}
            return others | dict(zip(("image", "mask"), covered, strict=True))
        if len(given) > 1 and kinds.are_plain(*given[:2]):
            return (*self._covered(given[0], given[1], landmarks, rng), *given[2:])
        return self._in_sample(given[0] if len(given) == 1 else given or named, landmarks, rng)

    def composite(
        self, image: Image, labels: npt.NDArray[Any], landmarks: Any, rng: np.random.Generator | int
    ) -> Composite | None:
        """Lay something on a face, whatever `p` is.

        Parameters
        ----------
        image : (H, W, 3) uint8
        labels : (H, W) or (N, H, W)
            Label map, or masks of N things.
        landmarks : (68, 2) or (5, 2), optional
        rng : numpy.random.Generator or int

        Returns
        -------
        composite : Composite, optional
            None where nothing can be laid on it.
        """
        if labels.ndim not in (2, 3) or labels.shape[-2:] != np.shape(image)[:2]:
            raise ValueError(f"mask: expected (H, W) like its image, found shape {labels.shape}; image {np.shape(image)}")
        planes = np.isin(labels, self._faces).reshape(-1, *labels.shape[-2:])
        if not planes.any():
            self._check_labels(labels)
        face: npt.NDArray[np.bool_] = np.logical_or.reduce(planes, axis=0)
        try:
            return occlude(image, face, self._source, rng=as_generator(rng), landmarks=landmarks, rules=self._rules)
        except BadDataError as error:
            _LOG.debug("not occluded: %s", error)
            return None

    def relabel(self, labels: npt.NDArray[Any], composite: Composite) -> npt.NDArray[Any]:
        """Any label map, (..., H, W), of a picture that was covered, as it is afterwards.

        Raises
        ------
        ValueError
            If its type does not hold the label of what is to be ignored, and something is.
        """
        ignored = (composite.ignored > 0) & (labels != 0)
        if ignored.any() and not np.can_cast(np.uint8, labels.dtype):
            raise ValueError(f"mask: expected a type that holds {IGNORE}, the label of what is ignored, found {labels.dtype}")
        after = labels.copy()
        after[..., composite.occluded > 0] = self._occluded
        after[ignored] = IGNORE
        return after

    def _in_sample(self, sample: Any, landmarks: Any, rng: np.random.Generator | int | None) -> Any:
        picture, labels, points = nested.find(sample)
        if landmarks is None and points is not None:
            landmarks = nested.get(sample, points)
        covered = self._covered(nested.get(sample, picture), nested.get(sample, labels), landmarks, rng)
        for path, part in zip((picture, labels), covered, strict=True):
            sample = nested.replaced(sample, path, part)
        return sample

    def _covered(self, image: Any, mask: Any, landmarks: Any, rng: np.random.Generator | int | None) -> tuple[Any, Any]:
        """Image and mask afterwards, of the same kinds as before."""
        draws = self._generator() if rng is None else as_generator(rng)
        if draws.random() >= self._p:
            return image, mask
        before, labels = kinds.picture_array(image), kinds.labels_array(mask)
        points = None if landmarks is None else np.asarray(landmarks)
        composite = self.composite(before, labels, points, draws)
        if composite is None:
            return image, mask
        after = self.relabel(labels, composite)
        return kinds.picture_like(composite.image, before, image), kinds.labels_like(after, mask)

    def _check_labels(self, labels: npt.NDArray[Any]) -> None:
        """Tell a mask without a face from one whose values mean something else."""
        values = set(np.unique(labels).tolist())
        if values <= {0}:
            return
        message = f"mask: none of the labels in face={self._faces} is there, found {shown_values(labels)}"
        if values <= {0, IGNORE}:
            raise ValueError(f"{message}; pass mask > 0, or face=({IGNORE},)")
        if self._count.first_warning():
            _LOG.warning("%s; pictures with such masks are not occluded", message)

    def _generator(self) -> np.random.Generator:
        """The generator of this call and no other."""
        return generator_here(self._seed, self._count.next())


def generator_here(seed: int, number: int) -> np.random.Generator:
    """That of a seed and a number, different in each worker of PyTorch's ``DataLoader`` and each epoch."""
    worker = tensors.worker_seed()
    return seeds.generator(seed, "occlude", *(() if worker is None else (worker,)), number)


class _Count:
    """What a transform remembers from call to call, whatever thread they come from."""

    def __init__(self) -> None:
        self._calls, self._warned = 0, False
        self._lock = threading.Lock()

    def next(self) -> int:
        """Number of this call, from 0."""
        with self._lock:
            self._calls += 1
            return self._calls - 1

    def first_warning(self) -> bool:
        """Whether nothing was warned of before."""
        with self._lock:
            first, self._warned = not self._warned, True
        return first
