"""Where an occluder lies on a face: the rule, and a pose drawn by it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from natocc.compose.anchors import Anchor, draw_anchor
from natocc.compose.face_frame import face_frame
from natocc.compose.long_axis import long_axis, scale_to
from natocc.compose.places import USUAL_HANDS, HandPlace, HandWeights, HoldPlace, HoldWeights
from natocc.compose.sizes import HAND, Thing, thing_of
from natocc.core.plans import Placement
from natocc.core.samples import AlignedFace, Cutout
from natocc.plugins.options import Options
from natocc.plugins.ranges import CountRange, PositiveRange, Range, UnitRange, loguniform, uniform
from natocc.plugins.weights import Weight, some_weight

Vector = npt.NDArray[np.float64]

SEARCHED = (0.35, 2.2)
"""Least and largest factor on the drawn scale between which the scale for a wanted coverage is searched."""

_FROM_BELOW = 90.0  # degrees: hands come from below more often than from above
_FROM_SPREAD = 60.0

HELD_COVERS = (0.003, 0.8)
"""Accepted occlusion ratios of what is held, and of hands that lie where hands do."""


Anchors = Annotated[dict[Anchor, Weight], some_weight("anchors need")]


class CoverageRule(Options):
    """Wanted occlusion ratios: one is drawn for each sample, and scale and place are searched until it is met."""

    range: UnitRange = (0.1, 0.6)
    """Least and largest occlusion ratio."""
    distribution: Literal["uniform", "loguniform"] = "uniform"
    """How a ratio is drawn from the range. ``loguniform`` makes small ones as frequent as photographs have them: half of really
    occluded faces are covered by less than 8 %, as half of ``[0.01, 0.6]`` are then."""

    @model_validator(mode="after")
    def _logarithm_exists(self) -> CoverageRule:
        if self.distribution == "loguniform" and self.range[0] <= 0:
            raise ValueError("distribution loguniform needs a range that begins above 0, such as [0.01, 0.6]")
        return self

    def draw(self, rng: np.random.Generator) -> float:
        """A wanted occlusion ratio, rounded to the 4 places that a plan keeps."""
        return (loguniform if self.distribution == "loguniform" else uniform)(rng, self.range)


class PlacementRule(Options):
    """How occluders are laid on faces; the defaults are the ranges of the paper's code."""

    area: PositiveRange = (0.5, 1.0)
    """Area of the occluder's box as a share of the area of the face's box."""
    scale: PositiveRange = (0.8, 1.2)
    """A further factor on both sides of the occluder's box."""
    rotate: Range = (-15.0, 15.0)
    """Rotation, degrees clockwise."""
    shear: Range = (-8.0, 8.0)
    """Shear, degrees clockwise."""
    flip: float = Field(0.5, ge=0, le=1)
    """Probability of mirroring the occluder."""
    occlusion: UnitRange = (0.02, 0.8)
    """Accepted occlusion ratios; the paper leaves them to chance, which gives some samples with nothing covered and some with no
    face left. With `hold` or `hands`, the least is 0.003 unless it is given: a fork covers little."""
    max_enlargement: float = Field(4.0, gt=0)
    """A cutout that would be enlarged more than this is not used, since it would look blurred: its side in its own picture is at
    least the side needed divided by this factor."""
    attempts: int = Field(30, ge=1, le=1000)
    """How often a cutout and its placement are drawn for an occluder before it is given up."""
    coverage: CoverageRule | None = None
    """Ask for occlusion ratios instead of leaving them to chance."""
    anchors: Anchors | None = None
    """Parts of the face to aim at, with their weights, instead of anywhere in its box."""
    reach: bool = False
    """Whether hands reach in from outside, so that the cut at the wrist lies outside the picture or off the face."""
    count: CountRange = (1, 1)
    """Occluders per face; the later ones lie in front."""
    overlap: float = Field(0.3, ge=0, le=1)
    """Largest share of the smaller of two occluders that the other may overlap."""
    size: Literal["area", "physical"] = "area"
    """``area``: as large as `area` and `scale` say. ``physical``: as long as the thing really is, by a table of sizes and the
    distance between the eyes; what the table does not know is as large as `area` says. A wanted `coverage` then decides where an
    occluder lies, not how large it is."""
    sizes: dict[str, PositiveRange] = Field({})
    """Lengths in cm of further categories, or in place of the table's: ``{kazoo: [10, 13]}``."""
    hold: HoldPlace | HoldWeights | None = None
    """Where things are held: a place, or places with weights. A fork ends at the lips, a phone lies along ear and cheek, and the
    other end leaves downwards or outwards. They have their physical size; what is not held there is not used, and hands are laid
    as without it."""
    hands: Literal["usual"] | HandWeights | None = None
    """Where hands lie, with weights; ``usual``: as in photographs. They have their physical size. ``chin_rest``, ``cheek``,
    ``mouth`` and ``brow`` are reached by the finger tips, ``both`` is a hand on either cheek, ``anywhere`` is where they lie
    without this key. With a `coverage`, a hand is moved along its fingers until it is met, and ``both`` is not used."""

    @model_validator(mode="before")
    @classmethod
    def _held_things_cover_little(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and (value.get("hold") or value.get("hands")) and "occlusion" not in value:
            return {**value, "occlusion": HELD_COVERS}
        return value

    @model_validator(mode="after")
    def _go_together(self) -> PlacementRule:
        if self.anchors is not None and (self.hold is not None or self.hands is not None):
            key = "hold" if self.hold is not None else "hands"
            raise ValueError(f"placement.{key} says where things lie, and so does placement.anchors: leave one of them out")
        if self.hold is not None and self.coverage is not None:
            raise ValueError("what is held has its place and its size: leave out placement.coverage, or placement.hold")
        if self.coverage is not None and self.hands is not None and not any(self.hand_places.values()):
            raise ValueError("both hands together cannot meet placement.coverage: give placement.hands another place")
        return self

    @property
    def hold_places(self) -> Mapping[HoldPlace, float]:
        """Weights of the places where things are held."""
        return {self.hold: 1.0} if isinstance(self.hold, str) else self.hold or {}

    @property
    def hand_places(self) -> Mapping[HandPlace, float]:
        """Weights of the places where hands lie, of those that can be had."""
        weights = USUAL_HANDS if self.hands == "usual" else self.hands or {}
        return {place: weight for place, weight in weights.items() if place != "both" or self.coverage is None}

    @property
    def accepted(self) -> tuple[float, float]:
        """Occlusion ratios that are accepted."""
        return self.occlusion if self.coverage is None else self.coverage.range


NOT_ON_LANDMARKS = ("area", "scale", "rotate", "shear", "flip", "max_enlargement", "coverage", "anchors", "reach")
"""Keys of the rule that say nothing about what lies where a face's landmarks say, such as a mask."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pose:
    """A placement that can still be moved and scaled.

    Parameters
    ----------
    linear : (2, 2) float64
        Cutout pixels to face pixels, without the shift.
    middle_xy : (2,) float64
        Centre of the cutout's box, cutout px.
    centre_xy : (2,) float64
        Where that centre lies on the face, face px.
    flip : bool
        Whether the cutout is mirrored.
    anchor : str, optional
        Part of the face that was aimed at.
    points_to_xy : (2,) float64, optional
        Direction in which a hand points, a unit vector in face px.
    size_cm : float, optional
        Its physical length, where it has one: it is not scaled then.
    in_place : bool
        Whether it lies where it is held, or where hands do: it is not moved then, but along its fingers.
    """

    linear: Vector
    middle_xy: Vector
    centre_xy: Vector
    flip: bool
    anchor: str | None
    points_to_xy: Vector | None
    size_cm: float | None = None
    in_place: bool = False

    def placement(self, scale: float = 1.0, move_xy: Vector | tuple[float, float] = (0.0, 0.0)) -> Placement:
        """The placement after a further scaling about the centre, and a move."""
        linear = scale * self.linear
        shift = self.centre_xy + move_xy - linear @ self.middle_xy
        # Rounded, so that the last bit of another machine's sine does not make another plan.
        values = [round(float(value), 6) for value in (*linear[0], shift[0], *linear[1], shift[1])]
        return Placement((values[0], values[1], values[2], values[3], values[4], values[5]), self.flip, self.anchor, self.size_cm)


def draw_pose(rng: np.random.Generator, face: AlignedFace, cutout: Cutout, rule: PlacementRule) -> Pose:
    """Draw a pose by the paper's rule [1]_, or one aimed at an anchor.

    Parameters
    ----------
    rng : numpy.random.Generator
    face : AlignedFace
    cutout : Cutout
        A hand (with `points_to_xy`) is turned so that its fingers point to the centre of the face's box. A hand that reaches in
        comes from below, from a side or, rarely, from above.
    rule : PlacementRule
        The ranges.

    Returns
    -------
    pose : Pose
        The cutout's box is centred on a point drawn uniformly over the face's box, or near the anchor. Of a physical size, its
        long axis has the length drawn, however it is sheared, and what people hold upright is turned upright before.

    References
    ----------
    .. [1] K. T. R. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets",
       CVPR Workshops 2022, section 3.
    """
    face_left, face_top, face_width, face_height = face.box
    left, top, width, height = cutout.box
    flip = bool(rng.random() < rule.flip)
    scale = math.sqrt(rng.uniform(*rule.area) * face_width * face_height / (width * height)) * rng.uniform(*rule.scale)
    angle = math.radians(rng.uniform(*rule.rotate))
    shear = math.tan(math.radians(rng.uniform(*rule.shear)))
    anchor, centre = None, np.array([face_left + face_width * rng.random(), face_top + face_height * rng.random()])
    if rule.anchors is not None:
        anchor, centre = draw_anchor(rng, face, rule.anchors)
    points_to = None
    if cutout.points_to_xy is not None:
        if rule.reach:
            comes_from = math.radians(rng.normal(_FROM_BELOW, _FROM_SPREAD))
            angle += comes_from + math.pi
        else:
            towards = np.array([face_left + face_width / 2, face_top + face_height / 2]) - centre
            angle += math.atan2(towards[1], towards[0])
        points_to = np.array([math.cos(angle), math.sin(angle)])
        points_x, points_y = cutout.points_to_xy
        angle -= math.atan2(points_y, -points_x if flip else points_x)
    cosine, sine = math.cos(angle), math.sin(angle)
    linear = scale * np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1.0, shear], [0.0, 1.0]])
    if flip:
        linear = linear @ np.diag([-1.0, 1.0])
    size_cm = None
    if rule.size == "physical" or (rule.hands is not None and cutout.points_to_xy is not None):
        thing = known_thing(cutout, rule)
        axis = None if thing is None else long_axis(cutout, "either")
        if thing is not None and thing.stands and (held := long_axis(cutout, thing.tip)) is not None:
            linear = linear @ _to_upright(held.along)
        if thing is not None and axis is not None:
            factor, size_cm = scale_to(axis, thing, uniform(rng, thing.cm), face_frame(face).cm)
            linear *= factor / float(np.hypot(*(linear @ axis.along)))
    middle = np.array([left + (width - 1) / 2, top + (height - 1) / 2])
    return Pose(linear, middle, centre, flip, anchor, points_to, size_cm)


def _to_upright(along: Vector) -> Vector:
    """(2, 2): turns a direction straight down."""
    x, y = along
    return np.array([[y, -x], [x, y]])


def known_thing(cutout: Cutout, rule: PlacementRule) -> Thing | None:
    """What the table of sizes, or the rule's own, knows of a cutout; what points anywhere is a hand."""
    if cutout.points_to_xy is None:
        return thing_of(cutout.category, rule.sizes)
    return thing_of("hand", rule.sizes) or HAND


def unsized(categories: Mapping[str, int], rule: PlacementRule) -> dict[str, int]:
    """Those of the categories, with their counts, that `size: physical` lays by their area, since nobody knows their size."""
    if rule.size != "physical" or rule.hold is not None:
        return {}
    return {name: count for name, count in categories.items() if thing_of(name, rule.sizes) is None}


def can_fill(size: tuple[int, int], face: AlignedFace, rule: PlacementRule) -> bool:
    """Whether a cutout of that width and height, laid as small as the rule allows, may not be enlarged too much."""
    if rule.size == "physical" or rule.hold is not None or rule.hands is not None:
        return True  # it may be smaller than its area says
    _, _, face_width, face_height = face.box
    least = math.sqrt(rule.area[0] * face_width * face_height / (size[0] * size[1])) * rule.scale[0]
    return least * (1.0 if rule.coverage is None else SEARCHED[0]) <= rule.max_enlargement


def enlargement(placement: Placement) -> float:
    """Factor by which a cutout's sides grow: the root of the factor on its area."""
    right_x, down_x, _, right_y, down_y, _ = placement.matrix
    return math.sqrt(abs(right_x * down_y - down_x * right_y))
