"""``natocc verify``: is a dataset still what was written?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from natocc.cli.options import data_options, jobs_option
from natocc.core.text import counted, plain
from natocc.io.files import is_dir


@click.command()
@click.argument("dataset", type=click.Path())
@click.option("--fast", is_flag=True, help="Sizes and counts only; no file of a sample is read.")
@click.option("--deep", is_flag=True, help="Decode every file and compute labels, partition, counts and ratio again.")
@click.option("--repair", is_flag=True, help="Make what is damaged again, from --data, and verify once more.")
@data_options
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify(dataset: str, fast: bool, deep: bool, repair: bool, data: Path, cache: Path, jobs: int, as_json: bool) -> None:
    """Look for damage in DATASET: every file against the sha256 that its shard's record has, the manifest against the records.

    One line per problem: what was expected, what was found. Exit code 0 if there is none, 4 if there is. A dataset that is still
    being built, or a part of one (build --shards), is verified as far as it goes; that it is unfinished is no damage. What does
    not belong to it is: files and folders that natocc does not write there. Not looked at are report.html, what has a hidden name
    beside the folders of samples (.git), and what file managers leave (.DS_Store, Thumbs.db).

    --repair makes damaged samples again from their plans, whole shards where their record is lost, and manifest, card and contact
    sheet from the records, each written aside and renamed. Nothing takes the place of a file unless it has the sha256 that was
    recorded. Files that natocc did not write are left, and listed.

    DATASET may be a URL, such as one that build wrote to: its files are fetched, looked at and not kept; --fast asks for listings
    only. To repair it, copy it here first.

    \b
    natocc verify out/demo
    natocc verify out/coco --deep -j 8 --json
    natocc verify out/coco --repair --data /datasets
    natocc verify s3://bucket/demo
    """
    import contextlib
    import json

    from natocc.builder.repair import Repair
    from natocc.cli.progress import progress_bar
    from natocc.core.addresses import is_url, shown_address
    from natocc.core.errors import UsageError
    from natocc.dataset.findings import Depth
    from natocc.dataset.links import refuse_linked_folders
    from natocc.dataset.verify.dataset import verify_folder
    from natocc.dataset.verify.remote import verify_remote
    from natocc.dataset.write.lock import locked
    from natocc.io.storage import Storage
    from natocc.io.workspace import Workspace

    if fast and deep:
        raise UsageError("--fast and --deep: choose one")
    shown = shown_address(dataset)
    if repair and is_url(dataset):
        raise UsageError(f"--repair works in a folder: copy {shown} here, repair the copy, and bring back what was repaired")
    root = Path(dataset)
    depth = Depth.FAST if fast else Depth.DEEP if deep else Depth.HASH
    left: dict[str, str] = {}
    alone = locked(root) if repair and is_dir(root) else contextlib.nullcontext()
    with alone, progress_bar() as progress:
        if is_url(dataset):
            verified = verify_remote(Storage(dataset), depth, jobs, progress)
        else:
            verified = verify_folder(root, depth, jobs, progress)
        before = verified
        if repair and verified.findings:
            refuse_linked_folders(root)
            repair_run = Repair(root, verified.findings, Workspace(data, cache, jobs), progress)
            repair_run.run()
            left = repair_run.left
            verified = verify_folder(root, depth, jobs, progress)
    damaged = {finding.path for finding in verified.findings}
    repaired = sorted({finding.path for finding in before.findings} - damaged)
    if as_json:
        content = {"dataset": shown, "depth": depth.name.lower(), **verified.to_json()}
        click.echo(json.dumps(content | ({"repaired": repaired, "left": left} if repair else {})))
    else:
        for path in repaired:
            click.echo(plain(f"{path}: repaired"))
        for finding in verified.findings:
            click.echo(f"{finding}" + (plain(f"; left: {left[finding.path]}") if finding.path in left else ""))
        if verified.status == "part":
            click.echo(plain(f"{shown} is a part: verified the {counted(verified.shards, 'shard')} that it holds"))
        if verified.status == "building":
            click.echo(plain(f"{shown} is unfinished: verified the {counted(verified.shards, 'shard')} that are complete"))
        size = f"{counted(verified.samples, 'sample')}, {counted(verified.files, 'file')}, {verified.bytes / 1e6:.1f} MB"
        problems = counted(len(verified.findings), "problem") if verified.findings else "no damage"
        click.echo(plain(f"{shown}: {size}, {problems}"), err=True)
    if verified.findings:
        sys.exit(4)
