"""The samples of a report's gallery: a table of what they are, and sheets of thumbnails."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future

from natocc.core.plans import Json
from natocc.core.samples import SampleRecord
from natocc.report.heat import HeatMap
from natocc.report.tally import PARTS
from natocc.report.thumbnails import COLUMNS, ROWS, Thumbnail, sheet

_SHEET = COLUMNS * ROWS

Pending = tuple[SampleRecord, int, "Future[Thumbnail | None] | None"]


class Gallery:
    """Samples in their order; pictures are packed sheet by sheet, so that one sheet of them is in memory at a time.

    Parameters
    ----------
    side : int
        Of a thumbnail, px.
    heat : HeatMap
        Counts the pixels of every thumbnail.
    """

    def __init__(self, side: int, heat: HeatMap) -> None:
        self.side = side
        self.sheets: list[dict[str, str]] = []
        self.count = self.unreadable = self.with_source = 0
        self._rows: list[list[Json]] = []
        self._names: dict[str, int] = {}
        self._pending: deque[Pending] = deque()
        self._open: list[Thumbnail] = []
        self._heat = heat

    def add(self, sample: SampleRecord, paths: Mapping[str, str], small: Future[Thumbnail | None] | None) -> None:
        """Add a sample; `small` will be its thumbnail, None for a rejected one."""
        self.count += 1
        rejection = sample.rejection
        self._rows.append(
            [
                sample.index,
                self._name(sample.set_name),
                self._name(sample.split or ""),
                self._name(sample.face),
                [self._name(category) for category in sample.categories],
                round(sample.measures.get("occlusion_ratio", 0.0), 4),
                [_percent(sample.measures.get(f"{part}_occluded")) for part in PARTS],
                self._name(str(rejection.reason)) if rejection else -1,
                f"{rejection.stage}: {rejection.detail}" if rejection else "",
                paths.get("images", ""),
                self._name(_origin(sample)),
                None,
            ]
        )
        self._pending.append((sample, self.count - 1, small))
        while len(self._pending) > 2 * _SHEET:
            self._take()

    def finish(self) -> None:
        """Wait for the last thumbnails and pack them."""
        while self._pending:
            self._take()
        self._pack()

    def to_json(self) -> dict[str, Json]:
        """The table, its columns those that ``report.js`` names, and the names that its numbers mean."""
        return {"names": list(self._names), "rows": self._rows, "side": self.side, "columns": COLUMNS, "sheet": _SHEET}

    def _name(self, text: str) -> int:
        return self._names.setdefault(text, len(self._names))

    def _take(self) -> None:
        """The oldest thumbnail that is waited for takes its cell."""
        sample, row, future = self._pending.popleft()
        small = None if future is None else future.result()
        if small is None:
            self.unreadable += future is not None
            return
        cell = len(self.sheets) * _SHEET + len(self._open)
        flags = small.has_face + 2 * small.has_occluded + 4 * small.has_occluder + 8 * (small.source is not None)
        self.with_source += small.source is not None
        height, width = small.labels.shape
        self._rows[row][-1] = [cell, width, height, flags]
        self._open.append(small)
        if small.has_occluded:
            self._heat.add_labels(sample, small.labels)
        if len(self._open) == _SHEET:
            self._pack()

    def _pack(self) -> None:
        if self._open:
            self.sheets.append(sheet(self._open, self.side))
            self._open = []


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _origin(sample: SampleRecord) -> str:
    """Where a sample's parts came from, a line each."""
    origins = [*([sample.face_origin] if sample.face_origin else []), *sample.occluder_origins]
    return "\n".join(f"{origin.dataset} {origin.item} ({origin.licence or 'licence not stated'})" for origin in origins)
