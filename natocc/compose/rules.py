"""How the occluders of a set are composed with faces: the keys that all methods share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from natocc.compose.blend import BlendRule
from natocc.compose.colour import ColourRule
from natocc.compose.finish import FinishRule
from natocc.compose.light import LightRule
from natocc.compose.optics import OpticsRule
from natocc.compose.pose import PlacementRule
from natocc.plugins.options import Options
from natocc.plugins.ranges import UnitRange


class TransparencyRule(Options):
    """See-through occluders: how many, how opaque they are, and how they are labelled."""

    probability: float = Field(0.0, ge=0, le=1)
    """Probability that an occluder is see-through."""
    opacity: UnitRange = (0.4, 0.7)
    """Opacity of see-through occluders."""
    label: Literal["opaque", "threshold", "ignore"] = "opaque"
    """``opaque``: labelled as if it were opaque. ``threshold``: labelled as occluding where it hides at least the share
    ``threshold`` of what lies behind it. ``ignore``: the pixels it covers are labelled 255, neither face nor background."""
    threshold: float = Field(0.5, gt=0, le=1)
    """With ``label: threshold``: the least share hidden that counts as occluded."""


class ComposeRules(Options):
    """How the occluders of a set are composed with faces."""

    placement: PlacementRule = PlacementRule()
    """Where occluders lie."""
    colour: ColourRule = ColourRule()
    """Colours that occluders take on."""
    light: LightRule = LightRule()
    """Shading of occluders, and their shadows."""
    optics: OpticsRule = OpticsRule()
    """Sharpness, grain and compression of occluders."""
    blend: BlendRule = BlendRule()
    """Blending of occluders into the picture."""
    transparency: TransparencyRule = TransparencyRule()
    """How many occluders are see-through."""
    finish: FinishRule = FinishRule()
    """Steps applied to the whole picture."""

    @model_validator(mode="after")
    def _labels_can_cover(self) -> ComposeRules:
        if self.placement.coverage is not None and self.transparency.probability > 0 and self.transparency.label != "opaque":
            raise ValueError("placement.coverage counts occluded pixels: it needs transparency.label opaque, or probability 0")
        return self

    def with_usual(self, usual: Mapping[str, Mapping[str, Any]]) -> Self:
        """The rules with other defaults: what was not set is as an occluder source has it.

        Parameters
        ----------
        usual : mapping of str to mapping
            Of parts, to values of their keys: :attr:`natocc.occluders.source.OccluderOptions.usual`.
        """
        changed = {}
        for part, values in usual.items():
            rule = getattr(self, part)
            changed[part] = rule.model_copy(update={key: values[key] for key in values if key not in rule.model_fields_set})
        return self.model_copy(update=changed) if changed else self
