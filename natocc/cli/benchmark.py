"""``natocc benchmark``: what training sets are worth."""

from __future__ import annotations

from pathlib import Path

import click

from natocc.cli.options import LocalPath, data_options, jobs_option
from natocc.core.text import plain


@click.command()
@click.argument("benchmark", required=False)
@click.option("-o", "--out", type=LocalPath(file_okay=False), help="Folder. [default: out/NAME of the benchmark]")
@click.option("--set", "edits", multiple=True, metavar="PATH=VALUE", help="Edit it: --set training.steps=100.")
@click.option("--accelerator", type=click.Choice(["auto", "cpu", "gpu"]), default="auto", show_default=True, help="What trains.")
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True, help="How many of them.")
@click.option("--list", "listed", is_flag=True, help="List natocc's own benchmarks, and exit.")
@data_options
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def benchmark(
    benchmark: str | None,
    out: Path | None,
    edits: tuple[str, ...],
    accelerator: str,
    devices: int,
    listed: bool,
    data: Path,
    cache: Path,
    jobs: int,
    as_json: bool,
) -> None:
    """Compare training sets by BENCHMARK, a YAML file or one of natocc's own: smoke (minutes, needs no data), small (an hour on
    a CPU), table2 (the paper's Table 2, on a GPU).

    Each set trains each network with each seed, and is tested on each truth. Prints the table and writes it to table.md, and all
    that decides the numbers to benchmark.json. Where the folder holds a part of it, it goes on. Needs natocc[benchmark].

    \b
    natocc benchmark smoke
    natocc benchmark table2 --data /datasets --accelerator gpu -o out/table2
    natocc benchmark small --data /datasets --set seeds=[0,1,2]
    """
    import json

    from natocc.cli.progress import progress_bar
    from natocc.core.errors import UsageError
    from natocc.io.workspace import Workspace
    from natocc.recipe.text import summary
    from natocc.training.benchmark import TABLE, BenchmarkRun
    from natocc.training.documents import own_benchmarks, read_benchmark
    from natocc.training.run import Device, is_helper

    if listed:
        for name, path in own_benchmarks().items():
            click.echo(plain(f"{name:8}  {summary(path.read_text(encoding='utf-8'))}"))
        return
    if benchmark is None:
        raise UsageError(f"name a benchmark: a YAML file, or one of natocc's own: {', '.join(own_benchmarks())}")
    options = read_benchmark(benchmark, edits)
    folder = out or Path("out") / options.name
    with progress_bar() as progress:
        results = BenchmarkRun(options, folder, Workspace(data, cache, jobs), Device(accelerator, devices)).run(progress)
    if is_helper():
        return
    if as_json:
        click.echo(json.dumps(results.to_json()))
    else:
        for line in (folder / TABLE).read_text(encoding="utf-8").splitlines():
            click.echo(plain(line))
