"""ONNX files that are no segmenters of natocc's: one line each, before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import UsageError
from natocc.io.onnx_metadata import onnx_metadata
from natocc.io.segmenter import CONTRACT, Segmenter, contract


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def _model(metadata: dict[str, str]) -> bytes:
    entries = [_field(1, key.encode()) + _field(2, value.encode()) for key, value in metadata.items()]
    return bytes([0x08, 8]) + b"".join(_field(14, entry) for entry in entries)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=4))
def test_metadata_are_read(metadata: dict[str, str]) -> None:
    assert onnx_metadata(_model(metadata)) == metadata


@given(st.binary(max_size=300))
def test_any_bytes_are_metadata_or_refused(data: bytes) -> None:
    try:
        onnx_metadata(data)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b"\xff\xfeno network", "is no ONNX file"),
        (_model({}), "another contract: expected the metadata 'natocc.segmenter', found none"),
        (_model({"author": "x"}), "found 'author'"),
        (_model({CONTRACT: "x"}), "is damaged"),
        (_model({CONTRACT: '{"format": 9, "side": 32}'}), "format 9"),
        (_model(contract(0, {})), "side 0"),
        (_model(contract(32, {})), "OpenCV cannot read this network"),
    ],
)
def test_other_files_are_refused(data: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(UsageError) as error:
        Segmenter.open(path)
    (line,) = error.value.lines
    assert expected in line
    assert "\n" not in line


def test_models_that_find_other_things_are_refused(real_data: Path) -> None:
    with pytest.raises(UsageError, match="another contract"):
        Segmenter.open(real_data / "models" / "yunet_n_640_640.onnx")
    with pytest.raises(UsageError, match="no file"):
        Segmenter.open(real_data / "models" / "none.onnx")
