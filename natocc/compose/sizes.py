"""How long things are, in centimetres; at which end, and where at a face, they are held."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from natocc.compose.places import HoldPlace

Tip: TypeAlias = Literal["wide", "narrow", "top", "either"]

_BETWEEN = re.compile(r"[\s_\-]+")
_REMARK = re.compile(r"\(.*\)")  # LVIS: mouse_(computer_equipment)


@dataclasses.dataclass(frozen=True)
class Thing:
    """A kind of thing.

    Parameters
    ----------
    cm : (float, float)
        Least and largest length along its long axis.
    tip : {"wide", "narrow", "top", "either"}
        The end that is brought to the face: the wider one (the head of a fork or of a microphone), the narrower one (the neck of
        a bottle), the one that is on top in its picture (the rim of a cup), or either.
    at : tuple of str
        Where it is held; empty for what nobody holds to a face.
    leaves : (float, float)
        How many degrees away from straight down, to either side, it leaves the mouth or the chin.
    broadest : float, optional
        Largest diameter of a circle within it, cm. It limits the size of a cutout that shows a part only, such as the head of a
        fork, or a fist.
    """

    cm: tuple[float, float]
    tip: Tip = "either"
    at: tuple[HoldPlace, ...] = ()
    leaves: tuple[float, float] = (0.0, 60.0)
    broadest: float | None = None

    @property
    def stands(self) -> bool:
        """Whether people hold it upright: what is held to the mouth alone may be eaten from any side."""
        return bool(set(self.at) - {"mouth"})


_CUTLERY = Thing((17, 21), "wide", ("mouth",), (10, 65), 3.6)
_TUBE = Thing((13, 16), "either", ("mouth",), (20, 80), 2.2)
_PHONE = Thing((13.5, 16), "either", ("ear", "cheek"))
_CUP = Thing((8.5, 11), "top", ("mouth", "cheek", "chin"), (0, 25), 9.5)
_GLASS = Thing((11, 16), "top", ("mouth", "cheek", "chin"), (0, 30), 9)
_REMOTE = Thing((15, 20), "either", ("cheek", "chin"), (0, 40), 6)
_CAKE = Thing((7, 11), "either", ("mouth",), (10, 55))

HAND = Thing((17.5, 19.5), broadest=9)
"""Wrist to finger tips: as long as a face from chin to hairline. A fist is shorter: no palm is broader than 9 cm."""

THINGS: Mapping[str, Thing] = {
    "hand": HAND,
    # held to the mouth
    "toothbrush": Thing((17, 20), "wide", ("mouth",), (30, 85), 2.2),
    "fork": _CUTLERY,
    "spoon": _CUTLERY,
    "teaspoon": Thing((13, 15), "wide", ("mouth",), (10, 65), 3.4),
    "wooden spoon": Thing((25, 31), "wide", ("mouth",), (10, 60), 6.5),
    "chopstick": Thing((22, 25), "narrow", ("mouth",), (15, 70)),
    "bottle": Thing((20, 26), "narrow", ("mouth", "cheek", "chin"), (10, 60), 8),
    "water bottle": Thing((20, 26), "narrow", ("mouth", "cheek", "chin"), (10, 60), 8),
    "beer bottle": Thing((22, 25), "narrow", ("mouth", "cheek", "chin"), (10, 60), 7),
    "wine bottle": Thing((29, 32), "narrow", ("mouth", "cheek", "chin"), (10, 60), 8.5),
    "can": Thing((11.5, 12.5), "top", ("mouth", "cheek", "chin"), (0, 30), 7),
    "beer can": Thing((11.5, 16), "top", ("mouth", "cheek", "chin"), (0, 30), 7),
    "cup": _CUP,
    "mug": _CUP,
    "teacup": Thing((7, 9), "top", ("mouth", "cheek", "chin"), (0, 25), 9),
    "paper cup": Thing((9, 14), "top", ("mouth", "cheek", "chin"), (0, 25), 9),
    "glass": _GLASS,
    "wine glass": Thing((18, 22), "top", ("mouth", "cheek", "chin"), (0, 30), 9),
    "straw": Thing((18, 21), "either", ("mouth",), (0, 40)),
    "microphone": Thing((17, 24), "wide", ("mouth", "chin"), (15, 75), 6),
    "cigarette": Thing((7.5, 9), "either", ("mouth",), (20, 80), 1),
    "cigar": Thing((11, 16), "either", ("mouth",), (20, 80), 2.5),
    "pipe": Thing((13, 16), "narrow", ("mouth",), (20, 75), 5),
    "lollipop": Thing((11, 14), "wide", ("mouth",), (10, 70), 4),
    "pen": _TUBE,
    "pencil": Thing((14, 19), "either", ("mouth",), (20, 80), 1.5),
    "brush": Thing((15, 22), "wide", ("cheek", "mouth"), (20, 80), 6),
    "harmonica": Thing((10, 13), "either", ("mouth",), (60, 90), 4),
    "flute": Thing((33, 40), "either", ("mouth",), (60, 90), 4),
    "whistle": Thing((5, 6), "narrow", ("mouth",), (0, 60)),
    "pacifier": Thing((4, 5), "wide", ("mouth",), (0, 20)),
    # eaten
    "banana": Thing((16, 20), "either", ("mouth",), (10, 55), 5),
    "carrot": Thing((14, 20), "narrow", ("mouth",), (15, 75), 5),
    "hot dog": Thing((14, 18), "either", ("mouth",), (15, 75), 8),
    "sandwich": Thing((10, 14), "either", ("mouth",), (10, 55)),
    "hamburger": Thing((9, 12), "either", ("mouth",), (10, 55)),
    "pizza": Thing((17, 24), "narrow", ("mouth",), (15, 65), 14),
    "donut": Thing((8, 10), "either", ("mouth",), (10, 55)),
    "doughnut": Thing((8, 10), "either", ("mouth",), (10, 55)),
    "apple": Thing((7, 8.5), "either", ("mouth",), (10, 55)),
    "orange": Thing((7, 8.5), "either", ("mouth",), (10, 55)),
    "pear": Thing((8, 11), "narrow", ("mouth",), (10, 55)),
    "lemon": Thing((6.5, 8.5), "either", ("mouth",), (10, 55)),
    "strawberry": Thing((3, 4.5), "narrow", ("mouth",), (10, 55)),
    "cookie": Thing((5, 8), "either", ("mouth",), (10, 55)),
    "cupcake": Thing((6, 8), "top", ("mouth",), (0, 30)),
    "cake": _CAKE,
    "ice cream": Thing((12, 16), "wide", ("mouth",), (0, 45), 7),
    "broccoli": Thing((8, 14)),
    # held to the ear or the cheek
    "cell phone": _PHONE,
    "mobile phone": _PHONE,
    "cellular telephone": _PHONE,
    "phone": _PHONE,
    "smartphone": _PHONE,
    "telephone": Thing((18, 22), "either", ("ear",)),
    "razor": Thing((13, 15), "wide", ("cheek", "chin"), (30, 80), 5),
    "electric shaver": Thing((14, 17), "either", ("cheek", "chin"), (10, 60), 7),
    "remote": _REMOTE,
    "remote control": _REMOTE,
    # not held to a face
    "mouse": Thing((10, 12)),
    "book": Thing((18, 26)),
    "magazine": Thing((26, 30)),
    "newspaper": Thing((38, 45)),
    "laptop": Thing((31, 38)),
    "keyboard": Thing((36, 45)),
    "tablet": Thing((22, 27)),
    "camera": Thing((10, 15)),
    "knife": Thing((20, 28), broadest=5),
    "scissors": Thing((15, 21)),
    "hair drier": Thing((20, 26)),
    "hair dryer": Thing((20, 26)),
    "hairbrush": Thing((20, 25)),
    "clock": Thing((20, 32)),
    "watch": Thing((4, 5)),
    "vase": Thing((20, 32)),
    "bowl": Thing((13, 18)),
    "plate": Thing((20, 27)),
    "tie": Thing((40, 55)),
    "frisbee": Thing((22, 27)),
    "sports ball": Thing((18, 24)),
    "tennis ball": Thing((6.5, 6.9)),
    "tennis racket": Thing((64, 70)),
    "baseball bat": Thing((70, 86)),
    "baseball glove": Thing((27, 32)),
    "baseball": Thing((7, 7.5)),
    "teddy bear": Thing((25, 45)),
    "handbag": Thing((24, 34)),
    "backpack": Thing((40, 50)),
    "umbrella": Thing((80, 100)),
    "potted plant": Thing((25, 45)),
    "cat": Thing((35, 50)),
    "dog": Thing((40, 70)),
    "kite": Thing((60, 90)),
    "bird": Thing((12, 25)),
    "wallet": Thing((10, 12)),
    "credit card": Thing((8.5, 8.6)),
    "spatula": Thing((25, 33)),
    "flower": Thing((6, 12)),
    "rose": Thing((25, 45)),
    "fan": Thing((21, 40)),
    "sunglasses": Thing((14, 15)),
}  # fmt: skip
"""Of COCO's, of LVIS's and of usual categories, by their plain names; lengths as one measures them at home."""


def plain(category: str) -> str:
    """A category's name in lower case, words parted by spaces, without LVIS's remark in brackets.

    Examples
    --------
    >>> plain("Wine_Glass"), plain("mouse_(computer_equipment)")
    ('wine glass', 'mouse')
    """
    return _BETWEEN.sub(" ", _REMARK.sub("", category).casefold()).strip(" ")


def thing_of(category: str, own: Mapping[str, tuple[float, float]]) -> Thing | None:
    """What is known about a category; None where its size is not.

    Parameters
    ----------
    category : str
        As its source names it.
    own : mapping of str to (float, float)
        Sizes that a recipe gives, cm; they come before those of :data:`THINGS`. What is not there can be held anywhere, by either
        end.
    """
    name = plain(category)
    known = THINGS.get(name) or THINGS.get(name.replace(" ", "")) or _SPACED.get(name)
    for given, cm in own.items():
        if plain(given) == name:
            if known is None:
                return Thing(cm, at=("mouth", "cheek", "ear", "chin"))
            return dataclasses.replace(known, cm=cm, broadest=None)
    return known


_SPACED = {name.replace(" ", ""): thing for name, thing in THINGS.items()}  # wineglass
