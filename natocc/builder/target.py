"""Where a whole dataset goes."""

from __future__ import annotations

import contextlib
import dataclasses

from natocc.dataset.layout import Layout
from natocc.dataset.write.destination import Destination, running
from natocc.dataset.write.own_folder import OwnFolder


@dataclasses.dataclass
class Target:
    """A folder. A subclass also uploads what is made in it, step by step.

    Parameters
    ----------
    layout : Layout
        Of the folder.
    """

    layout: Layout

    @property
    def kept_in(self) -> str:
        """Where messages say that samples are kept."""
        return self.layout.shown

    def begin(self) -> None:
        """Called when ``dataset.json`` is written, before anything is made."""

    def destination(self) -> contextlib.AbstractContextManager[Destination]:
        """Where this process commits shards, until the block is left."""
        return contextlib.nullcontext(OwnFolder(self.layout))

    def shared_destination(self) -> contextlib.AbstractContextManager[Destination]:
        """Where the workers of a cluster commit shards."""
        return running(dataclasses.replace(self.layout, root=self.layout.root.absolute()))

    def received(self, shard: int) -> None:
        """Called when a worker of a cluster has committed a shard."""

    def made(self) -> None:
        """Called when all shards are whole; the manifest and the contact sheet come next."""
