"""``captchalab export-data``: a data set for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.terminal.options import Out


def export_data(
    data: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a data set.")],
    out: Out,
    format: Annotated[str, typer.Option(help="folder: PNGs with the text in the name; or tfrecord.")] = "folder",
) -> None:
    """Write a data set as a folder of files with the text in the name, or as TFRecord files. import reads both back."""
    if format not in ("folder", "tfrecord"):
        raise typer.BadParameter(f"expected folder or tfrecord, received {format!r}.", param_hint="--format")
    from captcha_core.dataset.export import export_folder, export_tfrecord
    from captcha_core.dataset.store import Dataset
    from captcha_core.progress import progress_bar

    dataset = Dataset.open(data)
    export = export_folder if format == "folder" else export_tfrecord
    with progress_bar(f"exporting {data}", sum(dataset.counts.values())) as advance:
        count = export(dataset, Path(out), advance)
    print(f"{count:,} captchas in {out}")
