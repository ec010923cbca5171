"""``natocc replay``: one sample made again from its plan."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from natocc.cli.options import LocalPath, data_options
from natocc.core.text import plain


@click.command()
@click.argument("dataset", type=click.Path())
@click.option("--index", type=click.IntRange(0), required=True, help="Of the sample.")
@data_options
@click.option("-o", "--out", type=LocalPath(file_okay=False), help="Folder to write the files to.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def replay(dataset: str, index: int, data: Path, cache: Path, out: Path | None, as_json: bool) -> None:
    """Make a sample of DATASET again from the plan in its manifest, and compare it with its files.

    One line per file: same, or what is different. Exit code 0 if all are the same, 4 if not. Of a rejected sample there is no
    plan: its reason is printed, and the exit code is 0.

    \b
    natocc replay out/demo --index 7
    natocc replay out/coco --index 123 --data /datasets -o again
    """
    import json

    from natocc.core.addresses import is_url, shown_address
    from natocc.core.errors import UsageError
    from natocc.io.workspace import Workspace
    from natocc.pipeline.replay import changed_since, other_processor_than, replay_sample, row_of

    if is_url(dataset):
        raise UsageError(f"replay reads folders: copy {shown_address(dataset)} here first, and replay the copy")
    root = Path(dataset)
    row = row_of(root, index)
    if row["status"] == "rejected":
        content = {"index": index, "rejected": row["reason"], "stage": row["stage"], "detail": row["detail"]}
        text = plain(f"sample {index} was rejected ({row['reason']}, {row['stage']}): {row['detail']}")
        click.echo(json.dumps(content) if as_json else text)
        return
    files = replay_sample(root, row, Workspace(data, cache))
    if out is not None:
        _write(out, {file.path: file.content for file in files})
    if as_json:
        content = {"index": index, "files": [{"path": file.path, "same": file.same, "verdict": file.verdict} for file in files]}
        click.echo(json.dumps(content))
    else:
        for file in files:
            click.echo(plain(f"{file.path}: {file.verdict}"))
    same = all(file.same for file in files)
    for line in [*changed_since(root), *([] if same else other_processor_than(root))]:
        click.echo(plain(f"natocc: {line}"), err=True)
    if not same:
        sys.exit(4)


def _write(out: Path, files: dict[str, bytes]) -> None:
    """Write files below a folder, under the paths that they have in their dataset; no link in it is followed."""
    from natocc.core.errors import BadDataError, UsageError
    from natocc.io.atomic import write_named
    from natocc.io.paths import unlinked

    for path, content in files.items():
        try:
            write_named(unlinked(out, path), content, "name another folder with -o")
        except BadDataError as error:
            raise UsageError(f"{error.detail}; name another folder with -o") from None
