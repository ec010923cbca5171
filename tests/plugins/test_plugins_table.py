"""A plug-in is one file plus one line in a table, found by name."""

from __future__ import annotations

import pytest

from natocc.compose.blend import BLENDS, BlendRule
from natocc.compose.colour import TRANSFERS, ColourRule
from natocc.faces import SOURCES as FACES
from natocc.faces.sources.base import FaceOptions
from natocc.occluders import SOURCES as OCCLUDERS
from natocc.occluders import TEXTURES
from natocc.occluders.shapes.textures import TextureOptions
from natocc.occluders.source import OccluderOptions
from natocc.plugins.options import Options, plugin
from natocc.plugins.table import Table


@pytest.mark.parametrize(("table", "base"), [(FACES, FaceOptions), (OCCLUDERS, OccluderOptions), (TEXTURES, TextureOptions)])
def test_every_line_names_a_plugin_that_knows_its_name(table: Table[type[Options]], base: type[Options]) -> None:
    for name in table:
        options = plugin(table, "source", name)
        assert issubclass(options, base)
        assert options.model_validate({"source": name}).model_dump()["source"] == name


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'hands'"):
        plugin(OCCLUDERS, "source", "hand")


def test_what_a_recipe_may_name_is_what_there_is() -> None:
    for transfer in ("none", *TRANSFERS):
        assert ColourRule(transfer=transfer).transfer == transfer
    for blend in BLENDS:
        assert BlendRule(method=blend).method == blend
