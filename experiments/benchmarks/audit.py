"""Does an audit find what is wrong? Labels changed in one character, and pictures encoded, resized or coloured anew."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from captcha_core.audit.doubt import agreement, doubtful_labels
from captcha_core.audit.finding import Place
from captcha_core.audit.looks import look_at
from captcha_core.audit.twins import find_twins
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.media.image import decode_image
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.workflows.audit import FOLDS, read_by
from captcha_core.workflows.fold_readers import Folds, read_out_of_fold

PLANTED = 100  # twins


def run(
    data: Any = (),
    rates: Sequence[float] = (0.01, 0.03, 0.05),
    seeds: int = 3,
    reader: str = "builtin",
    folds: int = 2,
    epochs: int = 4,
    parts: Sequence[str] = ("labels", "twins"),
) -> dict[str, Any]:
    """Plant faults in data sets and count how many an audit finds.

    Args:
        data: Folders of data sets.
        rates: Shares of the labels that are changed in one character.
        seeds: How often each is done.
        reader: ``folds``, each trained for ``epochs`` of 40 batches, or the address of a model that never saw the sets.
        parts: ``labels``, ``twins``.
    """
    rows: list[dict[str, Any]] = []
    for folder in [data] if isinstance(data, str) else data:
        dataset = Dataset.open(folder)
        if "twins" in parts:
            rows += [{"data": Path(folder).name, **twins(dataset, seed)} for seed in range(seeds)]
        if "labels" in parts:
            how = reader, Folds(folds, None, epochs)
            tries = [(rate, seed) for rate in rates for seed in range(seeds)]
            rows += [{"data": Path(folder).name, **labels(dataset, *one, *how)} for one in tries]
    return {"rows": rows}


def table(result: dict[str, Any]) -> str:
    """Return the figures as lines."""
    return "\n".join("  ".join(f"{key} {value}" for key, value in row.items()) for row in result["rows"])


def labels(dataset: Dataset, rate: float, seed: int, reader: str, folds: Folds) -> dict[str, Any]:
    """Change labels in one character each, and return how many are within twice as many of the worst."""
    rng = np.random.default_rng(seed)
    samples = [one for split in SPLITS for one in dataset.samples(split) if one.text is not None]
    chosen = rng.choice(len(samples), round(rate * len(samples)), replace=False)
    for place in chosen:
        samples[place] = replace(samples[place], text=misread(samples[place].text or "", dataset.spec, rng))
    planted = {samples[place].id for place in chosen}
    places = [Place(one.id, "", one.text, one.path) for one in samples]
    if reader == FOLDS:
        readings = read_out_of_fold(dataset, samples, folds, lambda _: None)
    else:
        readings = read_by(Solver.load(reader), dataset.spec, samples) or []
    doubtful = [one.places[0].id for one in doubtful_labels(places, readings)]
    hits = len(planted & set(doubtful[: 2 * len(planted)]))
    return {
        "n": len(samples),
        "rate": rate,
        "planted": len(planted),
        "found": hits,
        "recall": round(hits / max(1, len(planted)), 4),
        "flagged": len(doubtful),
        "reader": reader,
        "agrees": round(agreement(places, readings), 4),
    }


def misread(text: str, spec: CaptchaSpec, rng: np.random.Generator) -> str:
    """Return a label with one character exchanged."""
    place = int(rng.integers(len(text)))
    others = [c for c in spec.alphabet if c != text[place]]
    return text[:place] + others[int(rng.integers(len(others)))] + text[place + 1 :]


def twins(dataset: Dataset, seed: int) -> dict[str, Any]:
    """Plant re-encoded twins, and return how many are found and how many pairs of strangers are taken for twins."""
    rng = np.random.default_rng(seed)
    samples = [one for split in SPLITS for one in dataset.samples(split)]
    before = _pairs(samples, dataset.spec)
    chosen = rng.choice(len(samples), min(PLANTED, len(samples)), replace=False)
    added = [Sample(encoded_anew(samples[place].media, kind % 3, rng), None) for kind, place in enumerate(chosen)]
    pairs = _pairs([*samples, *added], dataset.spec)
    wanted = {(int(place), len(samples) + row) for row, place in enumerate(chosen)}
    false = {pair for pair in pairs - wanted - before if pair[1] < len(samples) or pair[0] >= len(samples)}
    strangers = {pair for pair in pairs - wanted if pair[0] < len(samples) <= pair[1]}
    return {
        "n": len(samples),
        "planted": len(chosen),
        "found": len(pairs & wanted),
        "false": len(strangers | false),
        "in_the_untouched_set": len(before),
    }


def _pairs(samples: Sequence[Sample], spec: CaptchaSpec) -> set[tuple[int, int]]:
    seen = [(row, look_at(one, "train", spec).signature) for row, one in enumerate(samples)]
    known = [(row, one) for row, one in seen if one is not None]
    return {(known[pair.first][0], known[pair.second][0]) for pair in find_twins([one for _, one in known])}


def encoded_anew(media: bytes, kind: int, rng: np.random.Generator) -> bytes:
    """Return a picture as a JPEG (0), 3 % larger or smaller (1), or in other colours (2)."""
    pixels = decode_image(media, channels=3)
    picture, file = Image.fromarray(pixels), io.BytesIO()
    if kind == 0:
        picture.save(file, "JPEG", quality=int(rng.integers(40, 90)))
    elif kind == 1:
        scale = 1 + float(rng.choice([-0.03, 0.03]))
        size = round(scale * picture.width), round(scale * picture.height)
        picture.resize(size, Image.Resampling.BILINEAR).save(file, "PNG")
    else:
        Image.fromarray(_recoloured(pixels, rng)).save(file, "PNG")
    return file.getvalue()


def _recoloured(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture with other gains of its primaries, with primaries exchanged, or as its negative."""
    way = int(rng.integers(3))
    if way == 0:
        lit = pixels * rng.uniform(0.6, 1.3, 3) + rng.uniform(-30, 30, 3)
        return np.clip(lit, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[..., rng.permutation(3)]) if way == 1 else 255 - pixels
