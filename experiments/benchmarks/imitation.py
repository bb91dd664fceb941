"""Captchas without one label: the builtin reader beside the same reader refined on a scheme fitted to them.

Both once more after 25 labels.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import exact_match
from captcha_core.features.live import stream_batches
from captcha_core.models.decode import Limits, read
from captcha_core.models.transfer import Donor
from captcha_core.native import start_keras
from captcha_core.progress import console
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig, TrainingTask
from captcha_core.training.fit import train
from captcha_core.workflows.imitate import imitate
from captcha_core.workflows.logged_training import donor_of
from captcha_core.workflows.start import start_on_samples
from experiments.benchmarks.real import Labelled, score_of

FIRST_SEED, VALIDATION_SEED, VALIDATION = 11, 12, 400
LEARNT, STEERING = 20, 5  # labels that both get at last
WAYS = ("builtin", "limited", "refined", "builtin, 25 labels", "refined, 25 labels")


def run(
    data: Sequence[str],
    unlabelled: int = 200,
    seconds: float = 200.0,
    minutes: float = 3.0,
    label_minutes: float = 5.0,
    batch_size: int = 32,
    schemes: str = "",
) -> dict[str, Any]:
    """Measure on data sets, or folders of labelled pictures; case counts after the labels alone, where they keep it.

    Args:
        unlabelled: Captchas that the scheme is fitted to; 25 of them get their labels at last, all others are read.
        seconds: Processor time of each fit.
        minutes: Training of each refined reader.
        label_minutes: Longest training on the labels, which stops when nothing improves.
        schemes: A folder for the fitted schemes; those that are there are not fitted anew.

    Raises:
        DataError: If there are too few labelled samples.
    """
    start_keras()
    rows = []
    for folder in data:
        one = Labelled.read(Path(folder))
        if len(one.samples) <= unlabelled:
            raise DataError(
                f"expected more than {unlabelled} labelled samples in {one.name}, received {len(one.samples)}; "
                "use --set unlabelled with a smaller number."
            )
        order = np.random.default_rng(0).permutation(len(one.samples))
        known, unseen = ([one.samples[index] for index in part] for part in np.split(order, [unlabelled]))
        scheme = _fitted(one.name, [sample.media for sample in known], seconds, schemes)
        refined = _refined(scheme, minutes, batch_size)
        figures = {
            **_unlabelled(scheme, refined, unseen),
            **_labelled(Donor(refined, scheme.spec), one.spec, known[: LEARNT + STEERING], unseen, label_minutes),
        }
        rows.append({"set": one.name, **figures})
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
    """Return the figures as a Markdown table."""
    lines = [f"| set | n | {' | '.join(WAYS)} | taken for |", "|---" * (len(WAYS) + 3) + "|"]
    for row in result["sets"]:
        shares = " | ".join(f"{row[way]['value']:.1%}" for way in WAYS)
        text = f"{row['lengths'][0]} to {row['lengths'][1]} of {row['alphabet']}"
        lines.append(f"| {row['set']} | {row['builtin']['n']} | {shares} | {text} |")
    return "\n".join(lines)


def _unlabelled(scheme: Scheme, refined: keras.Model, unseen: Sequence[Sample]) -> dict[str, Any]:
    """Return what the builtin reader reads, free and within the scheme's limits, and what the refined one does.

    The refined one looks once at each captcha, the builtin reader again where it is not sure.
    """
    reader, drawn = Solver.load(BUILTIN), scheme.spec
    limits = Limits.of(reader.spec, "".join(sorted(set(drawn.alphabet))), drawn.min_length, drawn.max_length)
    media, texts = [one.media for one in unseen], [one.text or "" for one in unseen]
    logits = refined.predict(np.stack([reader.features(one) for one in media]), batch_size=128, verbose=0)
    return {
        "builtin": _score(texts, [reader.solve(one).text for one in media]),
        "limited": _score(texts, [reader.solve(one, limits).text for one in media]),
        "refined": _score(texts, read(reader.bundle.config.head, logits, drawn)),
        "alphabet": drawn.alphabet,
        "lengths": [drawn.min_length, drawn.max_length],
    }


def _labelled(
    refined: Donor, spec: CaptchaSpec, few: Sequence[Sample], unseen: Sequence[Sample], minutes: float
) -> dict[str, Any]:
    """Return what both read after a training on few labels, as ``train --data`` does it."""
    learnt, steering = few[STEERING:], few[:STEERING]
    begun = start_on_samples(learnt, spec)
    config = TrainingConfig.build(**{**begun.training, "minutes": minutes})

    def share(features: dict[str, Any], donor: Donor) -> dict[str, Any]:
        task = TrainingTask(spec, begun.network, begun.options, config, features)
        return score_of(task, donor, learnt, steering, unseen).as_dict()

    return {"builtin, 25 labels": share(begun.features, donor_of(BUILTIN)), "refined, 25 labels": share({}, refined)}


def _score(texts: Sequence[str], answers: Sequence[str]) -> dict[str, Any]:
    return exact_match([text.casefold() for text in texts], [text.casefold() for text in answers]).as_dict()


def _refined(scheme: Scheme, minutes: float, batch_size: int) -> keras.Model:
    """Return the builtin reader's network, trained further on the stream of a scheme."""
    bundle = Solver.load(BUILTIN).bundle
    features = bundle.config.features
    arrays, texts = draw_arrays(scheme, VALIDATION_SEED, range(VALIDATION))
    config = TrainingConfig(
        minutes=minutes, steps_per_epoch=50, batch_size=batch_size, learning_rate=0.002, ema=0.98, warmup=0.1
    )
    seen = features.model_dump(include={"width_px"})
    task = TrainingTask(scheme.spec, bundle.config.network, bundle.config.options, config, seen)
    with tempfile.TemporaryDirectory() as folder:
        return train(
            task,
            stream_batches(scheme, features, batch_size, FIRST_SEED),
            (features.encode(arrays), texts),
            Checkpoint(Path(folder)),
            start_from=donor_of(BUILTIN),
        ).model
