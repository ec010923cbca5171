"""The nouns: what travels between the rooms.

Arrays are (row, column); points are (x, y) and named ``_xy``. Images are sRGB uint8. Masks are uint8 0/1. Mattes are uint8
coverage, 0-255, so that a matte written to disk decides the label exactly as the one in memory did.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.arrays import check_image, check_landmarks, check_mask, check_plane
from natocc.core.errors import Reason
from natocc.core.plans import Affine, Plan

Image: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.uint8]
Matte: TypeAlias = npt.NDArray[np.uint8]
Points: TypeAlias = npt.NDArray[np.float32]
Landmark: TypeAlias = tuple[float, float, bool]

IGNORE = 255
"""Value in label maps of pixels that are neither."""

MATTE_THRESHOLD = 128
"""A pixel is occluded where the matte reaches this value: half covered. The one label rule."""


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a picture came from.

    Parameters
    ----------
    dataset : str
        Name of the source.
    item : str
        Id within the dataset, unique there.
    sha256 : str
        Of the file's bytes, hexadecimal.
    licence : str, optional
        As its owner states it.
    """

    dataset: str
    item: str
    sha256: str
    licence: str | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class FaceSample:
    """A face as its source gives it.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    face_mask : (H, W) uint8, optional
        1 on the face, 0 elsewhere; none where the source has no masks and one is to be made.
    parts : (H, W) uint8, optional
        The source's own classes, named by its :attr:`~natocc.faces.sources.base.FaceSource.classes`; 0 is background, 255
        not labelled.
    landmarks_xy : (68, 2) or (5, 2) float32, optional
        In pixels, where the source has them.
    origin : Origin
    detector : str, optional
        Where the landmarks come from: ``given``, or the detector that found the face; none without landmarks.
    others_xy : tuple of (68, 2) or (5, 2) float32
        Landmarks of other faces in the picture, in pixels, where the source knows them.
    """

    image: Image
    face_mask: Mask | None
    parts: Mask | None
    landmarks_xy: Points | None
    origin: Origin
    detector: str | None = None
    others_xy: tuple[Points, ...] = ()

    def __post_init__(self) -> None:
        check_image("image", self.image)
        if self.face_mask is not None:
            check_mask("face_mask", self.face_mask, self.image.shape[:2])
        if self.parts is not None:
            check_plane("parts", self.parts, self.image.shape[:2])
        if self.landmarks_xy is not None:
            check_landmarks(self.landmarks_xy)


class _Measured:
    """Some measures of it are kept once they were asked for; it is pickled without them, the same whatever was asked before."""

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True, eq=False)
class AlignedFace(_Measured):
    """A face after its similarity transform (the identity where its dataset is aligned already).

    Parameters
    ----------
    image, parts, landmarks_xy, origin, detector
        As in :class:`FaceSample`, in crop pixels.
    face_mask : (H, W) uint8
        1 on the face; not empty.
    matrix : (2, 3) float64
        Source pixels to crop pixels.
    inter_ocular : float, optional
        Distance between the eye centres in crop pixels, where there are landmarks.
    mask_estimated : bool
        True where the mask was made from landmarks, or by a network, rather than by hand.
    mask_confidence : float, optional
        How far an estimated mask is to be trusted, in [0, 1]; none for a mask that was measured.
    unlabelled : (H, W) uint8, optional
        1 where nobody knows whether there is face, outside `face_mask`: other faces of a photograph, what covers an
        estimated one, and what the source's label map leaves open. Labels are :data:`IGNORE` there, unless something covers it.
    """

    image: Image
    face_mask: Mask
    parts: Mask | None
    landmarks_xy: Points | None
    origin: Origin
    matrix: Affine
    inter_ocular: float | None
    mask_estimated: bool
    mask_confidence: float | None = None
    detector: str | None = None
    unlabelled: Mask | None = None

    def __post_init__(self) -> None:
        check_image("image", self.image)
        check_mask("face_mask", self.face_mask, self.image.shape[:2])
        if self.unlabelled is not None:
            check_mask("unlabelled", self.unlabelled, self.image.shape[:2])
            if (self.unlabelled & self.face_mask).any():
                raise ValueError("unlabelled must not overlap face_mask")
        if not self.box[2]:
            raise ValueError("face_mask must not be empty")
        if self.parts is not None:
            check_plane("parts", self.parts, self.image.shape[:2])
        if self.landmarks_xy is not None:
            check_landmarks(self.landmarks_xy)
        if self.matrix.shape != (2, 3):
            raise ValueError(f"matrix must be (2, 3), got {self.matrix.shape}")

    @functools.cached_property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the face mask's box, px; kept, since it is asked for ten times a sample."""
        left, top, width, height = cv2.boundingRect(self.face_mask)
        return left, top, width, height


@dataclasses.dataclass(frozen=True, eq=False)
class Cutout(_Measured):
    """An occluder, cut out.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB, straight (not premultiplied), valid beyond the edge of the matte: no background bleeds in when it is resampled.
    matte : (h, w) uint8
        Coverage, 0-255; the outermost pixels are 0, so that every edge is soft.
    category, origin : str, Origin
        Such as ``cup`` or ``hand``; of the picture that it was cut from.
    points_to_xy : (float, float), optional
        Unit vector in cutout pixels in which a hand's fingers point, where there is such a direction.
    was_premultiplied : bool
        Whether its colours came multiplied by the matte, which was undone.
    at_xy : (int, int), optional
        Where its first pixel lies on the face that it was made for: it is not placed anywhere else.
    """

    foreground: Image
    matte: Matte
    category: str
    origin: Origin
    points_to_xy: tuple[float, float] | None = None
    was_premultiplied: bool = False
    at_xy: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_image("foreground", self.foreground)
        check_plane("matte", self.matte, self.foreground.shape[:2])
        if self.matte.max(initial=0) < MATTE_THRESHOLD:
            raise ValueError("matte must cover at least one pixel")

    @functools.cached_property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the box of what is half covered or more, px."""
        left, top, width, height = cv2.boundingRect((self.matte >= MATTE_THRESHOLD).view(np.uint8))
        return left, top, width, height


@dataclasses.dataclass(frozen=True, eq=False)
class Composite(_Measured):
    """A covered face and its labels.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    amodal : (H, W) uint8
        1 on the face as it was before anything covered it.
    modal : (H, W) uint8
        1 on the face that is still visible, :data:`IGNORE` on the face under see-through occluders that are labelled so, and
        where nothing lies on what is not labelled.
    occluders : tuple of (H, W) uint8
        One mask an occluder, 1 where its matte reaches the level from which it is labelled, :data:`MATTE_THRESHOLD` unless it is
        see-through; before occluders cover each other.
    mattes, categories : tuple of (H, W) uint8, tuple of str
        One an occluder; mattes as they were blended (before opacity).
    ignored : (H, W) uint8
        1 where only occluders lie that are to be ignored, and where nothing lies on what is not labelled.
    """

    image: Image
    amodal: Mask
    modal: Mask
    occluders: tuple[Mask, ...]
    mattes: tuple[Matte, ...]
    ignored: Mask
    categories: tuple[str, ...] = ()

    @property
    def occlusion_ratio(self) -> float:
        """Occluded face pixels over face pixels before, in [0, 1]."""
        before = cv2.countNonZero(self.amodal)
        return (before - cv2.countNonZero(self.modal & self.amodal)) / before

    @functools.cached_property
    def occluded(self) -> Mask:
        """(H, W) mask: 1 where any occluder lies that is labelled as one, on the face or off it; kept."""
        covered = functools.reduce(np.bitwise_or, self.occluders, np.zeros_like(self.modal))
        return covered & (1 - self.ignored)


@dataclasses.dataclass(frozen=True)
class Rejection:
    """Why a sample was not made: counted, never silent."""

    reason: Reason
    stage: str
    detail: str


@dataclasses.dataclass(frozen=True)
class SampleRecord:
    """One row of the manifest.

    Parameters
    ----------
    index : int
        Of the sample in the dataset.
    set_name, method : str
        The set it belongs to, and ``natocc``, ``randocc`` or ``none``.
    face, variant : str, int
        Which face, and the zero-based repeat of this face within its set.
    identity, split : str, str or None
        Who it is, as far as the source knows, and the split that the sample belongs to, where there are splits.
    face_origin, face_labels_sha256, occluder_origins, categories
        Where its parts came from, and the sha256 of what labels the face; empty for what was not reached before a rejection.
    plan : Plan, optional
        None for a rejected sample.
    measures : mapping of str to float
        Numbers about the sample, such as ``occlusion_ratio``.
    detector, landmarks : str or None, tuple of (float, float, bool)
        What found the face, if it was searched for, and the landmarks: x and y in crop pixels, and whether they are hidden.
    files : mapping of str to str
        Folder (``images``, ``masks``) to the sha256 of the file written there; empty for a rejected sample.
    rejection : Rejection, optional
        Why there is no sample.
    """

    index: int
    set_name: str
    method: str
    face: str
    variant: int
    identity: str
    split: str | None = None
    face_origin: Origin | None = None
    face_labels_sha256: str | None = None
    occluder_origins: tuple[Origin, ...] = ()
    categories: tuple[str, ...] = ()
    plan: Plan | None = None
    measures: Mapping[str, float] = dataclasses.field(default_factory=dict)
    detector: str | None = None
    landmarks: tuple[Landmark, ...] = ()
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    rejection: Rejection | None = None

    def __post_init__(self) -> None:
        if (self.rejection is None) == (self.plan is None):
            raise ValueError("a record has either a plan or a rejection")


@dataclasses.dataclass(frozen=True, eq=False)
class MadeSample:
    """A sample in memory: its record, and what was made unless it was rejected.

    Parameters
    ----------
    record : SampleRecord
        Without the sha256 of files, since none is written yet.
    face, composite : AlignedFace, Composite, optional
        None where the face itself, or the sample, was rejected.
    """

    record: SampleRecord
    face: AlignedFace | None
    composite: Composite | None
