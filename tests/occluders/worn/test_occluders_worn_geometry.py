"""What is worn lies where the landmarks say: splines, pose, the sheet that is bent around the head."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import BadDataError, Reason
from natocc.core.seeds import generator
from natocc.occluders.worn.drape import drape
from natocc.occluders.worn.face_model import ANCHORS, CANONICAL, CANONICAL_POINTS, CANVAS, MODEL, Float
from natocc.occluders.worn.fits import fit_of
from natocc.occluders.worn.head_pose import solve_pose
from natocc.occluders.worn.mesh import visible
from natocc.occluders.worn.spline import Similarity, ThinPlate
from natocc.occluders.worn.template import WornTemplate

EVERYWHERE = np.array([[-9999, -9999], [9999, -9999], [9999, 9999], [-9999, 9999]], np.int32)
JAW = [str(index) for index in (*range(2, 15), 28)]


def turned(yaw: float, pitch: float = 0.0, roll: float = 0.0, eyes: float = 100.0) -> Float:
    """(68, 2): the generic head's landmarks, turned by degrees, from a metre away, in a picture of 640 px."""
    about_x, about_y, about_z = (math.radians(angle) for angle in (-pitch, -yaw, roll))
    turn = cv2.Rodrigues(np.array([0, 0, about_z]))[0] @ cv2.Rodrigues(np.array([about_x, 0, 0]))[0]
    seen = MODEL @ (turn @ cv2.Rodrigues(np.array([0, about_y, 0]))[0]).T
    return np.asarray(seen[:, :2] / (1 + seen[:, 2:] / 1000) * eyes / 62.0 + (320, 260))


def sheet(names: list[str], colour: tuple[int, int, int] = (40, 90, 200)) -> WornTemplate:
    """The polygon of some anchors on the canonical face."""
    matte = np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
    cv2.fillPoly(matte, [np.rint([CANONICAL_POINTS[name] for name in names]).astype(np.int32)], 255)
    return WornTemplate(np.full((*matte.shape, 3), colour, np.uint8), matte, CANONICAL_POINTS, "surgical")


def laid(template: WornTemplate, landmarks: Float, wearing: str = "proper", side: int = 640) -> Float:
    """The matte on a picture of `side` px, in [0, 1]."""
    fit = fit_of(template.kind)
    _, matte, (x, y) = drape(template, landmarks.astype(np.float32), fit, wearing, EVERYWHERE, (side, side))  # type: ignore[arg-type]
    picture = np.zeros((side + 40, side + 40))
    picture[y + 20 : y + 20 + matte.shape[0], x + 20 : x + 20 + matte.shape[1]] = matte / 255
    return picture[20:-20, 20:-20]


@given(seed=st.integers(0, 1000), count=st.integers(4, 40))
def test_a_spline_goes_through_its_points_and_keeps_what_is_flat(seed: int, count: int) -> None:
    rng = generator(seed)
    points, values = rng.uniform(-50, 50, (count, 2)), rng.normal(size=(count, 3))
    assert np.allclose(ThinPlate(points, values)(points), values, atol=1e-6)
    matrix = rng.normal(size=(2, 3))
    elsewhere = rng.uniform(-90, 90, (5, 2))
    for stiffness in (0.0, 0.1):
        assert np.allclose(ThinPlate(points, points @ matrix + 3, stiffness)(elsewhere), elsewhere @ matrix + 3, atol=1e-5)


@given(seed=st.integers(0, 1000))
def test_a_similarity_is_found_again(seed: int) -> None:
    rng = generator(seed)
    points, elsewhere = rng.uniform(-50, 50, (5, 2)), rng.uniform(-50, 50, (3, 2))
    angle, scale = rng.uniform(-3, 3), rng.uniform(0.2, 3)
    turn = scale * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    moved = Similarity(points, points @ turn + (7, -2))(elsewhere) + elsewhere
    assert np.allclose(moved, elsewhere @ turn + (7, -2), atol=1e-6)


def test_the_model_is_symmetric_and_the_canonical_face_is_it_from_the_front() -> None:
    assert MODEL[:, 0].sum() == 0
    for side in ("ear", "temple", "neck"):
        (x, *rest), (other_x, *other) = ANCHORS[f"{side}_left"], ANCHORS[f"{side}_right"]
        assert (x, rest) == (-other_x, other)
    assert (CANONICAL > 0).all() and (CANONICAL < CANVAS).all()
    assert float(np.linalg.norm(MODEL[42:48].mean(axis=0) - MODEL[36:42].mean(axis=0))) == pytest.approx(62, abs=1)


@given(turn=st.floats(-35, 35), roll=st.floats(-40, 40), eyes=st.floats(20, 300))
def test_a_pose_is_found_again(turn: float, roll: float, eyes: float) -> None:
    for yaw, pitch in ((1.5 * turn, 0.0), (0.0, turn)):
        pose = solve_pose(turned(yaw, pitch, roll, eyes).astype(np.float32))
        assert pose.yaw == pytest.approx(yaw, abs=5)
        assert pose.pitch == pytest.approx(pitch, abs=5)


@pytest.mark.parametrize(
    ("landmarks", "said"),
    [
        (None, "this face has none"),
        (np.zeros((5, 2)), "this face has 5"),
        (np.full((68, 2), 10.0), "0.0 px apart"),
        (turned(75), "the head is turned by [+]7"),
        (turned(0, 60), "±45°"),
    ],
)
def test_nothing_is_put_on_a_face_that_cannot_be_told(landmarks: Float | None, said: str) -> None:
    with pytest.raises(BadDataError, match=said) as error:
        solve_pose(None if landmarks is None else landmarks.astype(np.float32))
    assert error.value.reason == Reason.NO_PLACEMENT


@pytest.mark.parametrize("yaw", [0, 12, -30, 35])
@pytest.mark.parametrize("roll", [0, 25])
def test_edges_of_a_mask_lie_on_the_landmarks(yaw: float, roll: float) -> None:
    """On any face, not the generic one alone: the anchors of its outline lie on its edge."""
    landmarks = turned(yaw, 0, roll) * (1.0, 1.1)  # longer than the model
    matte = laid(sheet(JAW), landmarks)
    outlines, _ = cv2.findContours((matte >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    near = [index for index in map(int, JAW) if abs(yaw) < 8 or index in (8, 28) or (index > 8) == (yaw < 0)]
    away = [abs(cv2.pointPolygonTest(outline, tuple(map(float, landmarks[index])), True)) for index in near]
    assert max(away) < 4  # percent of the distance of the eyes


def test_the_far_side_of_a_turned_head_is_hidden() -> None:
    """A mask ends at the outline of the far cheek, and nothing of its inside is seen."""
    landmarks = turned(45)
    matte = laid(sheet(JAW), landmarks)
    right = np.flatnonzero(matte.max(axis=0) >= 0.5).max()
    assert right < landmarks[:, 0].max() + 12  # landmarks are those of the jaw; the cheek stands out
    assert right > landmarks[30, 0]


def test_a_mask_may_be_worn_wrongly() -> None:
    landmarks = turned(0)
    tops = [
        int(np.flatnonzero(laid(sheet(JAW), landmarks, wearing)[:, 320] >= 0.5).min())
        for wearing in ("proper", "below_nose", "chin")
    ]
    nose, lip, chin = landmarks[[30, 57, 8], 1]
    assert tops[0] < nose < tops[1] < lip < tops[2] < chin


def test_glasses_keep_their_shape_on_any_face() -> None:
    """They are turned and scaled, not bent: a face whose eyes differ in height has straight glasses."""
    crooked = turned(0)
    crooked[42:48, 1] += 6
    matte = np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
    (left, _), (right, _) = CANONICAL_POINTS["36"], CANONICAL_POINTS["45"]
    cv2.rectangle(matte, (round(left), 420), (round(right), 500), 255, -1)
    glasses = WornTemplate(np.zeros((*matte.shape, 3), np.uint8), matte, CANONICAL_POINTS, "sunglasses")
    outlines, _ = cv2.findContours((laid(glasses, crooked) >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    (_, (width, height), _), area = cv2.minAreaRect(outlines[0]), cv2.contourArea(outlines[0])
    assert area > 0.94 * width * height


def test_see_through_parts_stay_see_through() -> None:
    matte = np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
    for eye in ("37", "44"):
        x, y = CANONICAL_POINTS[eye]
        cv2.circle(matte, (round(x), round(y)), 60, 60, -1)
        cv2.circle(matte, (round(x), round(y)), 60, 255, 12)
    landmarks = turned(10)
    clear = laid(WornTemplate(np.zeros((*matte.shape, 3), np.uint8), matte, CANONICAL_POINTS, "glasses"), landmarks)
    for eye in (37, 44):
        x, y = landmarks[eye]
        assert clear[round(y), round(x)] == pytest.approx(60 / 255, abs=0.01)
    assert clear.max() > 0.98


def test_loops_end_where_the_face_does() -> None:
    """What lies at the sides is cut at the outline that is given; the front is not."""
    landmarks = turned(0)
    band = ["ear_left", "1", "3", "13", "15", "ear_right"]
    fit = fit_of("surgical")
    narrow = np.array([[320 - 100, 0], [320 + 100, 0], [320 + 100, 640], [320 - 100, 640]], np.int32)
    extents = []
    for outline in (EVERYWHERE, narrow):
        _, matte, (x, _) = drape(sheet(band), landmarks.astype(np.float32), fit, "proper", outline, (640, 640))
        columns = np.flatnonzero(matte.max(axis=0) >= 128) + x
        extents.append((columns.min(), columns.max()))
    assert extents[0][0] < 320 - 108
    assert extents[1][0] == pytest.approx(320 - 100, abs=2)
    assert extents[1][1] == pytest.approx(320 + 100, abs=2)


def test_the_nearer_sheet_hides_the_farther_and_backs_are_not_seen() -> None:
    y, x = np.mgrid[0:5, 0:9].astype(np.float64)
    there_and_back = np.dstack([np.where(x < 5, x * 4, (8 - x) * 4), y * 4, np.where(x < 5, 1.0, 2.0)])
    looks_at, hit = visible(there_and_back, np.dstack([x, y]), 20, 20)
    assert hit[:16, :16].all()
    assert (looks_at[..., 0][hit] <= 4).all()
    flipped = there_and_back * (-1, 1, 1) + (16, 0, 0)
    looks_at, hit = visible(flipped, np.dstack([x, y]), 20, 20)
    assert (looks_at[..., 0][hit] >= 4).all()


def test_what_shrinks_is_averaged() -> None:
    """Stripes finer than the picture's pixels become grey, not other stripes."""
    template = sheet(JAW)
    stripes = np.broadcast_to((np.arange(CANVAS[1]) % 2 * 255).astype(np.uint8)[:, None, None], template.foreground.shape)
    striped = WornTemplate(np.ascontiguousarray(stripes), template.matte, template.points, "surgical")
    fit = fit_of("surgical")
    foreground, matte, _ = drape(striped, turned(0, eyes=30).astype(np.float32), fit, "proper", EVERYWHERE, (640, 640))
    inside = cv2.erode(matte, np.ones((5, 5), np.uint8)) == 255
    assert np.ptp(foreground[inside].astype(int)) < 40
