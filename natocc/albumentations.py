"""Occlusion as a transform of albumentations 2. Nothing else of natocc imports albumentations: install it yourself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from natocc.augment.occlude import Occluder, Rules
from natocc.augment.transform import Occlude as PlainOcclude
from natocc.augment.transform import generator_here
from natocc.core.samples import Composite, Image
from natocc.occluders.source import OccluderSource

try:
    from albumentations import DualTransform
    from albumentations.core.type_definitions import Targets
except ImportError:
    raise ImportError("natocc.albumentations needs albumentations 2: pip install albumentations") from None
if hasattr(DualTransform, "sample_parameters"):
    raise ImportError(
        "natocc.albumentations is for albumentations 2, not AlbumentationsX: call natocc.Occlude before its Compose"
    )


class Occlude(DualTransform):
    """Lay occluders on faces, in an ``albumentations.Compose``.

    It needs ``image=`` (H, W, 3) uint8, RGB, and the label map ``mask=`` (H, W) or (H, W, 1); further masks (``masks=``,
    additional targets) are relabelled like it. Boxes, keypoints and further pictures come back as they are: occlusion moves
    nothing. A picture on which nothing can be laid comes back as it is.

    It can be pickled, but not written as text, as ``albumentations.save`` and ``ReplayCompose`` do.

    What is random is decided by albumentations' own generator, and so by the Compose's `seed`; in a worker of PyTorch's
    ``DataLoader`` also by the worker's seed, so that no two workers and no two epochs lay the same.

    Parameters
    ----------
    occluders, rules, face, occluded
        As for :class:`natocc.Occlude`.
    p : float
        Probability that a picture is changed.
    landmarks : bool
        Whether the keypoints are the 68 or 5 landmarks of the face, which things that are worn, hair and veils need. Keep them
        all (``KeypointParams(..., remove_invisible=False)``), and let it come before what mirrors: mirrored points would have
        another order.

    Raises
    ------
    ValueError
        When called: as :class:`natocc.Occlude`, or if there are not as many keypoints as landmarks.

    Examples
    --------
    >>> import albumentations as A
    >>> red = np.full((20, 20, 4), (255, 0, 0, 255), np.uint8)
    >>> compose = A.Compose([Occlude(red, p=1), A.HorizontalFlip(p=0.5)], seed=3)
    >>> face = np.zeros((64, 64), np.uint8)
    >>> face[12:52, 16:48] = 1
    >>> done = compose(image=np.full((64, 64, 3), 180, np.uint8), mask=face)
    >>> bool(done["mask"].sum() < face.sum())
    True
    """

    _targets = (Targets.IMAGE, Targets.MASK, Targets.BBOXES, Targets.KEYPOINTS)

    def __init__(
        self,
        occluders: Occluder | OccluderSource | Sequence[Occluder],
        *,
        p: float = 0.5,
        rules: Rules | None = None,
        face: Sequence[int] = (1,),
        occluded: int = 0,
        landmarks: bool = False,
    ) -> None:
        self._occlude = PlainOcclude(occluders, p=1, rules=rules, face=face, occluded=occluded)
        self._landmarks = landmarks
        super().__init__(p=p)

    @property
    def targets(self) -> dict[str, Callable[..., Any]]:
        """What it is given by name, and what is done with it."""
        return {
            "image": self.apply,
            "mask": self.apply_to_mask,
            "masks": self.apply_to_masks,
            "bboxes": self.apply_to_bboxes,
            "keypoints": self.apply_to_keypoints,
        }

    @property
    def targets_as_params(self) -> list[str]:
        """What has to be there."""
        return ["image", "mask"]

    def add_targets(self, additional_targets: dict[str, str]) -> None:
        """Further names: those of further pictures are left out, such as a clean one."""
        super().add_targets({name: target for name, target in additional_targets.items() if target != "image"})

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """The composite; None where nothing can be laid on the picture."""
        del params
        labels = _plane(np.asarray(data["mask"]))
        draws = generator_here(self.py_random.getrandbits(32), 0)  # workers have copies of py_random that say the same
        return {"composite": self._occlude.composite(data["image"], labels, self._landmarks_of(data), draws)}

    def apply(self, img: Image, composite: Composite | None = None, **params: Any) -> Image:
        """The covered picture."""
        return img if composite is None else composite.image

    def apply_to_mask(self, mask: npt.NDArray[Any], composite: Composite | None = None, **params: Any) -> npt.NDArray[Any]:
        """The labels of what is still seen."""
        return mask if composite is None else self._occlude.relabel(_plane(mask), composite).reshape(mask.shape)

    def apply_to_bboxes(self, bboxes: npt.NDArray[Any], **params: Any) -> npt.NDArray[Any]:
        """The same boxes."""
        return bboxes

    def apply_to_keypoints(self, keypoints: npt.NDArray[Any], **params: Any) -> npt.NDArray[Any]:
        """The same points."""
        return keypoints

    def get_transform_init_args(self) -> dict[str, Any]:
        """For people: what it shows of itself; occluders are no text."""
        return {}

    @classmethod
    def is_serializable(cls) -> bool:
        """Not as albumentations writes transforms to text: there are pictures in it. It can be pickled."""
        return False

    def _landmarks_of(self, data: dict[str, Any]) -> npt.NDArray[np.float32] | None:
        if not self._landmarks:
            return None
        points = np.asarray(data.get("keypoints", ()), dtype=np.float32)
        if len(points) not in (5, 68):
            raise ValueError(
                f"landmarks=True: expected 68 or 5 keypoints, found {len(points)}; keep those that lie outside with "
                "KeypointParams(..., remove_invisible=False)"
            )
        return points[:, :2]


def _plane(mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(H, W) of (H, W, 1)."""
    return mask[..., 0] if mask.ndim == 3 and mask.shape[2] == 1 else mask
