"""``captchalab preview``: look at a data set."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.options import Format, check_format


def preview(
    data: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a data set.")],
    out: Annotated[str, typer.Option(metavar="PNG", help="Contact sheet to write; by default DIR/sheet.png.")] = "",
    split: Annotated[str, typer.Option(help="Split to show.")] = "train",
    count: Annotated[int, typer.Option(help="Samples to show, spread evenly over the split.", min=1, max=2000)] = 64,
    columns: Annotated[int, typer.Option(help="Samples in a row.", min=1, max=50)] = 8,
    format: Format = "text",
) -> None:
    """Print what a data set is and write a contact sheet of its samples with their texts."""
    as_json = check_format(format)
    from captcha_core.dataset.sheet import contact_sheet
    from captcha_core.dataset.store import Dataset
    from captcha_core.errors import DataError
    from captcha_core.media.image import encode_png

    dataset = Dataset.open(data)
    samples = dataset.spread(split, count)
    if not samples:
        raise DataError(f"expected samples in the {split} split of {data}, received none; show another --split.")
    place = Path(out) if out else dataset.path / "sheet.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(encode_png(contact_sheet(samples, dataset.spec, columns)))
    manifest = dataset.manifest
    facts = {
        "path": str(dataset.path),
        "source": manifest.source,
        "scheme": manifest.scheme,
        "knobs": manifest.knobs,
        "seed": manifest.seed,
        "spec": json.loads(manifest.spec.to_json()),
        "counts": dataset.counts,
        "digest": dataset.digest,
        "sheet": str(place),
    }
    if as_json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        if value is not None and value != {}:
            print(f"{name + ':':8} {_words(value)}")


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(part)}" for name, part in value.items())
    return str(value)
