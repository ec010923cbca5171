"""Training sets compared: every set trains every network with every seed, and is tested on every truth."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.core.versions import __version__, versions
from natocc.dataset.layout import LOCK
from natocc.dataset.write.lock import locked
from natocc.evaluation.counts import FIELDS, Counts
from natocc.evaluation.evaluate import evaluate
from natocc.evaluation.predictions import NetworkPredictions
from natocc.io.atomic import disk_errors, encode_json, final_name, read_json, write_aside
from natocc.io.files import exists
from natocc.io.segmenter import Segmenter
from natocc.io.workspace import Workspace
from natocc.training.benchmark_table import Results, benchmark_table
from natocc.training.options import Benchmark, Network, SourceOptions
from natocc.training.packages import needed, versions_used
from natocc.training.run import NETWORK, Device, OpenedSource, is_helper, train
from natocc.training.sources import open_source

REPORT, TABLE = "benchmark.json", "table.md"


@dataclasses.dataclass(frozen=True)
class BenchmarkRun:
    """A benchmark in its folder.

    Parameters
    ----------
    options : Benchmark
        What is compared.
    out : Path
        Its folder: ``data`` holds what recipes made, ``runs/SET/NETWORK/SEED`` the trainings and their evaluations.
    workspace : Workspace
        As for a build.
    device : Device
        What trains.
    """

    options: Benchmark
    out: Path
    workspace: Workspace
    device: Device = dataclasses.field(default_factory=Device)
    _opened: dict[str, OpenedSource] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    def run(self, progress: Progress) -> Results:
        """Do what is missing, then write table and report.

        Raises
        ------
        UsageError
            If the folder is another benchmark's, or data are missing: before anything is trained.
        RunError
            If a loss is no longer a number, or the machine fails; what was trained stays.
        """
        with disk_errors(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
        with contextlib.nullcontext() if is_helper() else locked(self.out):
            self._claim()
            self._check()
            truths = {truth.name: self._open(truth, progress) for truth in self.options.truths}
            opened = {
                entry.name: [self._open(source, progress) for source in self.options.pictures(entry.name)]
                for entry in self.options.sets
            }
            results = Results(self.options)
            for name, sources in opened.items():
                for network in self.options.networks:
                    for seed in self.options.seeds:
                        self._one(name, sources, network, seed, truths, results, progress)
            if is_helper():
                return results
            write_aside(self.out / TABLE, benchmark_table(results).encode("utf-8"))
            write_aside(self.out / REPORT, encode_json(self._report(results, truths, opened), indent=2))
        return results

    def _claim(self) -> None:
        """A new folder, or one of the same benchmark: each training compares the rest itself."""
        path = self.out / REPORT
        own = (LOCK, "data", "runs", REPORT, TABLE)  # also under the names that a kill left them
        others = [entry.name for entry in self.out.iterdir() if final_name(entry.name) not in own]
        if others:
            raise UsageError(f"{self.out} holds {min(others)!r}, which natocc benchmark did not write; name a new folder with -o")
        if exists(path) and read_json(path).get("name") != self.options.name:
            raise UsageError(f"{self.out} holds the benchmark {read_json(path).get('name')!r}; name a new folder with -o")

    def _check(self) -> None:
        """What would fail in hours fails now: packages, devices, networks."""
        from natocc.training.loop import check_device
        from natocc.training.networks import build_network

        for module in ("lightning.pytorch", "onnx"):
            needed(module)
        check_device(needed("torch"), self.device.accelerator, self.device.count)
        for network in self.options.networks:
            build_network(network, self.workspace.data, 0)

    def _open(self, source: SourceOptions, progress: Progress) -> OpenedSource:
        """Pictures that several sets share are opened, and read, once."""
        key = source.model_dump_json(exclude={"weight"})
        if key not in self._opened:
            self._opened[key] = open_source(source, self.workspace, self.out / "data", progress)
        return dataclasses.replace(self._opened[key], weight=source.weight)

    def _one(
        self,
        name: str,
        sources: list[OpenedSource],
        network: Network,
        seed: int,
        truths: Mapping[str, OpenedSource],
        results: Results,
        progress: Progress,
    ) -> None:
        """One training and its evaluations, or what was kept of them."""
        folder = self.out / "runs" / name / network.title / f"seed-{seed}"
        label = f"{name}, {network.title}, seed {seed}"

        def labelled(doing: str, done: int, total: int | None) -> None:
            progress(f"{label}: {doing}", done, total)

        trained = train(sources, network, self.options.training, seed, folder, self.workspace.data, labelled, self.device)
        if is_helper():
            return
        for truth_name, truth in truths.items():
            path = folder / f"on-{truth_name}.json"
            identity: dict[str, Json] = {"net_sha256": trained.net_sha256, "truth": truth.identity}
            counts = _kept(path, identity)
            if counts is None:
                segmenter = Segmenter.open(folder / NETWORK)
                evaluation = evaluate(truth.pictures, NetworkPredictions(segmenter), labelled)
                counts = evaluation.counts
                kept = {**identity, "fields": list(FIELDS), "counts": counts.tolist(), **evaluation.to_json()}
                write_aside(path, encode_json(kept))
            results.add(name, network.title, seed, truth_name, counts)
        results.seconds[name, network.title, seed] = trained.seconds

    def _report(
        self, results: Results, truths: Mapping[str, OpenedSource], opened: Mapping[str, list[OpenedSource]]
    ) -> dict[str, Json]:
        """Everything that decides the numbers, and the numbers."""
        return {
            "natocc": __version__,
            "name": self.options.name,
            "benchmark": self.options.model_dump(mode="json"),
            "versions": {**versions(), **versions_used()},
            "device": dataclasses.asdict(self.device),
            "truths": {name: truth.identity for name, truth in truths.items()},
            "sets": {name: [source.identity for source in sources] for name, sources in opened.items()},
            "results": results.to_json(),
        }


def _kept(path: Path, identity: dict[str, Json]) -> Counts | None:
    """Counts of an earlier evaluation of the same network on the same truth."""
    if not exists(path):
        return None
    try:
        content = read_json(path)
        counts = np.array(content["counts"], np.int64)
    except (UsageError, KeyError, ValueError, TypeError):
        return None
    same = all(content.get(key) == value for key, value in identity.items()) and content.get("fields") == list(FIELDS)
    return counts if same and counts.ndim == 2 else None
