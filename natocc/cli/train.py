"""``natocc train``: a network that finds visible face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from natocc.cli.options import LocalPath, data_options
from natocc.cli.pictures import pictures_flags, pictures_of_flags
from natocc.core.text import plain


@click.command()
@click.argument("folders", nargs=-1, required=True, type=LocalPath(), metavar="FOLDER...")
@click.option("-o", "--out", required=True, type=LocalPath(file_okay=False), help="Folder of the network.")
@pictures_flags
@click.option("--network", metavar="NAME", help="unet, pspnet, deeplabv3plus, segformer, ... [default: unet]")
@click.option("--encoder", metavar="NAME", help="resnet18, resnet101, mit_b0, tu-NAME of timm, ... [default: resnet18]")
@click.option("--weights", type=LocalPath(), metavar="FILE", help="Weights to begin with. [default: random ones]")
@click.option("--settings", type=LocalPath(), help="YAML with the keys of a benchmark's training.")
@click.option("--set", "edits", multiple=True, metavar="PATH=VALUE", help="A setting: --set steps=2000 --set augment.rotate=30.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of weights and of the order of pictures."
)
@click.option("--accelerator", type=click.Choice(["auto", "cpu", "gpu"]), default="auto", show_default=True, help="What trains.")
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True, help="How many of them.")
@click.option("--overwrite", is_flag=True, help="Begin anew where a training lies in the folder.")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print what was trained as JSON.")
def train(
    folders: tuple[Path, ...],
    out: Path,
    network: str | None,
    encoder: str | None,
    weights: Path | None,
    settings: Path | None,
    edits: tuple[str, ...],
    seed: int,
    accelerator: str,
    devices: int,
    overwrite: bool,
    data: Path,
    cache: Path,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Train a network to find visible face, on the pictures of all FOLDERs: datasets of natocc's, or pictures and label maps in
    the layouts that natocc evaluate reads.

    Writes net.onnx, which natocc evaluate --model and any ONNX runtime read: its input is RGB, 1 x 3 x S x S, from 0 to 1, its
    output the logit of visible face. Where the folder holds a part of the same training, it goes on. Needs natocc[benchmark].

    \b
    natocc train out/demo -o out/net --set steps=300 --set side=96
    natocc train out/clean out/natocc -o out/net --network pspnet --encoder resnet50 --accelerator gpu
    natocc train out/natocc -o out/soft --set targets=matte
    natocc train LaPa/train --classes lapa -o out/net
    """
    import json

    from natocc.cli.progress import progress_bar
    from natocc.io.workspace import Workspace
    from natocc.training.documents import read_options
    from natocc.training.options import Network, SourceOptions, Training
    from natocc.training.run import NETWORK, Device, is_helper
    from natocc.training.run import train as train_network
    from natocc.training.sources import open_source

    chosen: dict[str, Any] = {"architecture": network, "encoder": encoder}
    if weights is not None:
        chosen["weights"] = str(weights.absolute())
    named = read_options(Network, {key: value for key, value in chosen.items() if value is not None}, "network")
    options = read_options(Training, settings, "training", edits)
    with progress_bar() as progress:
        chosen_sources = [read_options(SourceOptions, pictures_of_flags(folder, flags), str(folder)) for folder in folders]
        sources = [open_source(source, Workspace(data, cache), out, progress) for source in chosen_sources]
        result = train_network(sources, named, options, seed, out, data, progress, Device(accelerator, devices), overwrite)
    if is_helper():
        return
    if as_json:
        click.echo(json.dumps(result.content))
    else:
        pictures = sum(len(source.pictures.names) for source in sources)
        click.echo(plain(f"{out / NETWORK}: {named.title}, {options.steps} steps on {pictures} pictures, loss {result.loss:.4f}"))
