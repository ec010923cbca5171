"""Masks that a network finds on photographs that have none."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_photographs import LANDMARKS, draw_photograph
from small_networks import red_network

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.samples import AlignedFace, FaceSample, Image, Mask, Origin, Points
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.io.segmenter import Segmenter

ORIGIN = Origin("test", "1", "0" * 64)
FIVE = LANDMARKS[[45, 42, 36, 39, 33]]


@pytest.fixture
def network(tmp_path: Path) -> Segmenter:
    return Segmenter.open(red_network(tmp_path / "red.onnx", side=128))


def _align(image: Image, network: Segmenter, others: tuple[Points, ...] = (), **options: object) -> AlignedFace:
    sample = FaceSample(image, None, None, LANDMARKS, ORIGIN, "given", others)
    return align_face(sample, AlignOptions.model_validate(options), LandmarkFinder(68), network)


def _iou(one: Mask, other: Mask) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


@pytest.mark.parametrize("options", [{"method": "none"}, {"method": "none", "size": 200}, {"size": 96}, {"size": 400}])
def test_what_the_network_finds_is_the_mask_whatever_the_alignment(network: Segmenter, options: dict[str, object]) -> None:
    image, truth = draw_photograph()
    face = _align(image, network, **options)
    red = (face.image[..., 0].astype(int) - face.image[..., 2] >= 0.15 * 255).astype(np.uint8)
    assert face.mask_estimated
    assert _iou(face.face_mask, red) > 0.96
    if options == {"method": "none"}:
        assert _iou(face.face_mask, truth) > 0.96
    assert face.unlabelled is None
    assert face.mask_confidence is not None
    assert face.mask_confidence > 0.95


def test_a_bar_before_the_face_is_not_face_and_both_pieces_are(network: Segmenter) -> None:
    image, truth = draw_photograph()
    image[150:170] = (20, 40, 220)
    truth[150:170] = 0
    face = _align(image, network, method="none")
    assert _iou(face.face_mask, truth) > 0.94
    assert cv2.connectedComponents(face.face_mask)[0] == 3


def test_a_network_that_is_less_sure_is_trusted_less(tmp_path: Path) -> None:
    image, _ = draw_photograph()
    confidences = []
    for weight in (2, 6, 40):
        face = _align(image, Segmenter.open(red_network(tmp_path / "red.onnx", weight=weight)))
        confidences.append(face.mask_confidence)
    logits = np.array([2, 6, 40]) * (110 / 255 - 0.15)
    assert np.allclose(np.array(confidences, dtype=float), np.tanh(logits / 2), atol=0.05)


def test_another_face_is_unlabelled_whether_it_was_detected_or_not(network: Segmenter) -> None:
    image, truth = draw_photograph()
    other = np.zeros_like(truth)
    cv2.ellipse(other, (245, 50), (16, 20), 0, 0, 360, 1, -1)
    image[other > 0] = (220, 150, 110)
    face = _align(image, network, method="none")
    assert _iou(face.face_mask, truth) > 0.96
    assert face.unlabelled is not None
    assert _iou(face.unlabelled, other) > 0.8

    beside = LANDMARKS + np.float32([150, 0])  # cheek to cheek: one piece to the network
    image, truth = draw_photograph()
    image[np.roll(truth, 150, axis=1) > 0] = (220, 150, 110)
    face = _align(image, network, (beside.astype(np.float32),), method="none")
    assert face.unlabelled is not None
    assert face.unlabelled[150, 330]
    assert face.face_mask[150, 150]
    assert not face.face_mask[150, 330]


@pytest.mark.parametrize("colour", [(20, 40, 220), (128, 128, 128)])
def test_a_face_of_which_nothing_is_found_is_rejected(network: Segmenter, colour: tuple[int, int, int]) -> None:
    image, truth = draw_photograph()
    image[truth > 0] = colour
    image[200:206, 150:156] = (220, 150, 110)
    with pytest.raises(BadDataError, match=r"finds [0-9]% of the face") as caught:
        _align(image, network, method="none")
    assert caught.value.reason == Reason.EMPTY_MASK


def test_five_landmarks_are_enough(network: Segmenter) -> None:
    image, truth = draw_photograph()
    sample = FaceSample(image, None, None, FIVE.astype(np.float32), ORIGIN, "given")
    face = align_face(sample, AlignOptions(method="none", points=5), LandmarkFinder(5), network)
    assert _iou(face.face_mask, truth) > 0.96


def test_threads_and_processes_find_the_same(network: Segmenter) -> None:
    images = [draw_photograph(shade)[0] for shade in range(8)]
    alone = [network.face(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(network.face, images * 4))
    assert all((mask == alone[number % 8]).all() for number, mask in enumerate(shared))
    sent = pickle.loads(pickle.dumps(network))
    assert (sent.face(images[0]) == alone[0]).all()


def test_a_network_that_is_changed_under_way_is_refused(network: Segmenter) -> None:
    sent = pickle.loads(pickle.dumps(network))
    red_network(network.path, side=128, least=0.3)
    with pytest.raises(RunError, match="was changed while it was in use"):
        sent.face(draw_photograph()[0])
