"""Connects to a cluster by the name of its kind."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import urllib.parse
from collections.abc import Iterator
from types import MappingProxyType

from natocc.core.addresses import has_credentials, is_url
from natocc.core.errors import RunError, UsageError
from natocc.executors.cluster_base import ANSWER_SECONDS, Cluster
from natocc.executors.cluster_dask import dask_cluster
from natocc.executors.cluster_ray import ray_cluster


@contextlib.contextmanager
def connected(backend: str, address: str | None) -> Iterator[Cluster]:
    """Workers of a cluster, until the block is left.

    Parameters
    ----------
    backend : str
        A key of :data:`CLUSTERS`.
    address : str, optional
        Where its scheduler listens, such as ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If there is no address, or the extra is not installed.
    RunError
        Within seconds, if nobody answers there.
    """
    if address is None:
        raise UsageError(f"--backend {backend} needs --address, where its scheduler listens, such as {_EXAMPLES[backend]}")
    if importlib.util.find_spec(_PACKAGES[backend]) is None:
        raise UsageError(f"--backend {backend} needs the package {_PACKAGES[backend]}: pip install 'natocc[{backend}]'")
    _check_reachable(backend, address)
    with CLUSTERS[backend](address) as cluster:
        yield cluster


CLUSTERS = MappingProxyType({"dask": dask_cluster, "ray": ray_cluster})
"""A name for ``--backend`` to what connects to the cluster at an address."""


_PACKAGES = MappingProxyType({"dask": "distributed", "ray": "ray"})


_EXAMPLES = MappingProxyType({"dask": "tcp://host:8786", "ray": "host:6379"})


def _check_reachable(backend: str, address: str) -> None:
    """Refuse an address at which nobody listens, before a client waits for it."""
    url = address if is_url(address) else f"tcp://{address}"
    if has_credentials(url):
        raise UsageError(f"--address: expected one without password or token, such as {_EXAMPLES[backend]}")
    parts = urllib.parse.urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise UsageError(f"--address {address} names no host and port: expected one such as {_EXAMPLES[backend]}")
    try:
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        raise RunError(f"nobody answers at {address} ({error.strerror or error}): is the scheduler running?") from error
