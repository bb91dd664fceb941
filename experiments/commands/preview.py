"""``captchalab preview``: look at a data set."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.terminal.options import Format, check_format

if TYPE_CHECKING:
    import numpy as np

    from captcha_core.solver import Solver
    from captcha_core.spec.answer import Answer
    from captcha_core.spec.captcha import CaptchaSpec
    from captcha_core.spec.sample import Sample

SHOWN = {"image": (64, 8), "audio": (16, 2)}  # samples and columns
Shown = tuple[
    "list[Sample]", "CaptchaSpec", dict[str, Any], Path
]  # with what is said of them, and where the sheet goes


def preview(
    data: Annotated[
        str, typer.Argument(metavar="DIR|SCHEME", help="Folder of a data set, or a scheme: its name or YAML file.")
    ],
    out: Annotated[
        str, typer.Option(metavar="PNG", help="Contact sheet to write; by default DIR/sheet.png, or SCHEME.png.")
    ] = "",
    split: Annotated[str, typer.Option(help="Split to show.")] = "train",
    count: Annotated[
        int | None,
        typer.Option(help="Samples to show, spread evenly over the split [64, or 16 clips].", min=1, max=2000),
    ] = None,
    columns: Annotated[int | None, typer.Option(help="Samples in a row [8, or 2 clips].", min=1, max=50)] = None,
    model: Annotated[str, typer.Option(metavar="URI", help="Also show what this model reads, and in clips when.")] = "",
    format: Format = "text",
) -> None:
    """Print what a data set or a scheme is and write a contact sheet of samples with their texts.

    A clip is drawn as its waveform and its spectrogram; with --model the characters stand where they were read.
    """
    as_json = check_format(format)
    from captcha_core.dataset.sheet import contact_sheet
    from captcha_core.files import write_file
    from captcha_core.media.fonts import FOLDER_VARIABLE, without_font
    from captcha_core.media.image import encode_png
    from captcha_core.solver import Solver

    solver = Solver.load(model) if model else None
    samples, spec, facts, usual_place = _drawn(data, count) if _is_scheme(data) else _stored(data, split, count, solver)
    answers = _read(solver, samples)
    shown = [_captioned(sample, answers) for sample in samples]
    draw = _clip_drawer(spec, answers) if spec.media == "audio" else None
    place = Path(out) if out else usual_place
    place.parent.mkdir(parents=True, exist_ok=True)
    write_file(place, encode_png(contact_sheet(shown, spec, columns or SHOWN[spec.media][1], draw)))
    facts |= {"sheet": str(place)}
    if lost := without_font(sample.text or "" for sample in samples):
        print(
            f"no font of this machine has {lost}: their codes stand in the sheet; install one, or name its "
            f"folder in {FOLDER_VARIABLE}.",
            file=sys.stderr,
        )
    if as_json:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        if value is not None and value != {}:
            print(f"{name + ':':8} {_words(value)}")


def _is_scheme(name: str) -> bool:
    from captcha_core.yaml_files import is_yaml

    if is_yaml(name) or Path(name).exists():  # a data set needs nothing that draws
        return is_yaml(name)
    from captcha_core.sources.schemes import SCHEMES

    return name in SCHEMES


def _drawn(name: str, count: int | None) -> Shown:
    """Return the first captchas that a scheme draws."""
    from captcha_core.sources.generate import draw_samples
    from captcha_core.sources.schemes import get_scheme

    scheme = get_scheme(name)
    samples = draw_samples(scheme, 0, range(count or SHOWN[scheme.spec.media][0]))
    facts = {
        "scheme": scheme.name,
        "knobs": scheme.knobs.model_dump(mode="json", exclude_defaults=True),
        "seed": 0,
        "spec": json.loads(scheme.spec.to_json()),
    }
    return samples, scheme.spec, facts, Path(f"{scheme.name}.png")


def _stored(folder: str, split: str, count: int | None, solver: "Solver | None") -> Shown:
    """Return captchas of a data set."""
    from captcha_core.dataset.store import Dataset, require_same_spec
    from captcha_core.errors import DataError

    dataset = Dataset.open(folder)
    samples = dataset.spread(split, count or SHOWN[dataset.spec.media][0])
    if not samples:
        raise DataError(f"expected samples in the {split} split of {folder}, received none; show another --split.")
    if solver:
        require_same_spec(dataset, solver.spec)
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
    }
    return samples, dataset.spec, facts, dataset.path / "sheet.png"


def _read(solver: "Solver | None", samples: "list[Sample]") -> "dict[str, Answer | None]":
    return {sample.id: solver.attempt(sample.media) for sample in samples} if solver else {}


def _captioned(sample: "Sample", answers: "dict[str, Answer | None]") -> "Sample":
    """Return the sample with what was read of it beside its text."""
    if sample.id not in answers:
        return sample
    answer = answers[sample.id]
    return replace(sample, text=f"{sample.text or '(no label)'}  read: {answer.text if answer else '(nothing)'}")


def _clip_drawer(spec: "CaptchaSpec", answers: "dict[str, Answer | None]") -> "Callable[[Sample], np.ndarray]":
    from captcha_core.features.clip_picture import draw_clip
    from captcha_core.media.audio import decode_audio

    def draw(sample: "Sample") -> "np.ndarray":
        answer = answers.get(sample.id)
        samples = decode_audio(sample.media, spec.rate_hz, spec.seconds)
        return draw_clip(samples, spec.rate_hz, answer.characters if answer else ())

    return draw


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(part)}" for name, part in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"({len(value)} sets of them)"
    return str(value)
