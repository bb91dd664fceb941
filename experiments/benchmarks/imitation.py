"""Captchas without one label: the builtin reader alone beside the same reader refined on a scheme fitted to them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.metrics import exact_match
from captcha_core.features.live import stream_batches
from captcha_core.models.decode import Limits, read
from captcha_core.native import start_keras
from captcha_core.progress import console
from captcha_core.solver import Solver
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.workflows.imitate import imitate

FIRST_SEED, VALIDATION_SEED, VALIDATION = 11, 12, 400


def run(
    data: Sequence[str],
    unlabelled: int = 200,
    seconds: float = 200.0,
    minutes: float = 3.0,
    batch_size: int = 32,
    schemes: str = "",
) -> dict[str, Any]:
    """Measure on the data sets in some folders; case does not count.

    Args:
        unlabelled: Captchas that the scheme is fitted to; all others are read.
        seconds: Processor time of each fit.
        minutes: Training of each refined reader.
        schemes: A folder for the fitted schemes; those that are there are not fitted anew.
    """
    start_keras()
    rows = []
    for folder in data:
        media, texts = _stored(Dataset.open(folder))
        order = np.random.default_rng(0).permutation(len(media))
        scheme = _fitted(Path(folder).name, [media[index] for index in order[:unlabelled]], seconds, schemes)
        unseen = order[unlabelled:]
        figures = _compare(scheme, [media[i] for i in unseen], [texts[i] for i in unseen], minutes, batch_size)
        rows.append({"set": scheme.name, **figures})
        console.print(table({"sets": rows[-1:]}))
    return {"suite": "imitation", "unlabelled": unlabelled, "minutes": minutes, "sets": rows}


def _fitted(name: str, media: Sequence[bytes], seconds: float, schemes: str) -> Scheme:
    """Return the scheme for a set, from its file where there is one."""
    path = Path(schemes or ".") / f"{name}.yaml"
    if schemes and path.is_file():
        return get_scheme(str(path))
    found = imitate(media, name, seconds=seconds)
    console.print(f"{name}: {found.tried} settings tried, distance {found.distance:.2f}, all kinds {found.pool:.2f}")
    if schemes:
        path.write_text(found.to_yaml(), encoding="utf-8")
    return found.scheme


def table(result: dict[str, Any]) -> str:
    """Return the figures as lines."""
    lines = []
    for row in result["sets"]:
        figures = "  ".join(f"{way} {row[way]['exact_match']:.1%}" for way in ("builtin", "limited", "refined"))
        text = f"{row['alphabet']}, {row['lengths'][0]} to {row['lengths'][1]}"
        lines.append(f"{row['set']:<16} {figures}  n {row['builtin']['n']}  {text}")
    return "\n".join(lines)


def _stored(dataset: Dataset) -> tuple[list[bytes], list[str]]:
    samples = [one for split in dataset.counts for one in dataset.samples(split) if one.text]
    return [sample.media for sample in samples], [sample.text or "" for sample in samples]


def _compare(
    scheme: Scheme, media: Sequence[bytes], texts: Sequence[str], minutes: float, batch_size: int
) -> dict[str, Any]:
    """Return what the builtin reader reads of unseen captchas: as it is, within the scheme's limits, and refined.

    The refined one looks once at each, the builtin reader again where it is not sure.
    """
    reader, spec = Solver.load("builtin"), scheme.spec
    limits = Limits.of(reader.spec, "".join(sorted(set(spec.alphabet))), spec.min_length, spec.max_length)
    refined = _refined(scheme, reader, minutes, batch_size)
    strips = np.stack([reader.features(one) for one in media])
    logits = refined.predict(strips, batch_size=128, verbose=0)
    return {
        "builtin": _score(texts, [reader.solve(one).text for one in media]),
        "limited": _score(texts, [reader.solve(one, limits).text for one in media]),
        "refined": _score(texts, read(reader.bundle.config.head, logits, spec)),
        "alphabet": spec.alphabet,
        "lengths": [spec.min_length, spec.max_length],
    }


def _score(texts: Sequence[str], answers: Sequence[str]) -> dict[str, Any]:
    return exact_match([text.casefold() for text in texts], [text.casefold() for text in answers]).as_dict()


def _refined(scheme: Scheme, reader: Solver, minutes: float, batch_size: int) -> Any:
    """Return the builtin reader's network, trained further on the stream of a scheme."""
    import keras

    from captcha_core.models.transfer import Donor
    from captcha_core.training.fit import train  # with Keras, which is not started when this file is read

    features = reader.bundle.config.features
    arrays, texts = draw_arrays(scheme, VALIDATION_SEED, range(VALIDATION))
    config = TrainingConfig(
        minutes=minutes, steps_per_epoch=50, batch_size=batch_size, learning_rate=0.002, ema=0.98, warmup=0.1
    )
    donor = keras.saving.load_model(reader.bundle.keras_path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        return train(
            TrainingTask(scheme.spec, reader.bundle.config.network, reader.bundle.config.options, config),
            stream_batches(scheme, features, batch_size, FIRST_SEED),
            (features.encode(arrays), texts),
            Checkpoint(Path(folder)),
            start_from=Donor(donor, reader.spec),
        ).model
