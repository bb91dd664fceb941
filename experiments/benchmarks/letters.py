"""Letters: how often captchas are cut right, how well the letter networks read them, and what both cost.

Each network learns from four fifths of a data set and is scored on the fifth that it never saw; ``folds`` of the five
are tried. Failed segmentations count as wrong, and stand apart from letters that were cut right and read wrong.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from captcha_core.bundle.convert import to_litert
from captcha_core.bundle.litert import LiteRT
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.evaluation.metrics import exact_match
from captcha_core.features.batches import array_batches
from captcha_core.features.letters import NoLetters
from captcha_core.features.segmentation.segment import segment
from captcha_core.media.image import decode_image
from captcha_core.models.decode import read
from captcha_core.models.zoo import build_network, get_network
from captcha_core.native import start_keras
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.training.config import TrainingConfig
from captcha_core.training.fit import Task, train

FIFTHS = 5
SHORT = {"steps_per_epoch": 10}  # the first classic takes seconds a step, and the budget ends within an epoch
RECIPES: dict[str, dict[str, Any]] = {
    "letters": {"learning_rate": 0.005, "batch_size": 32, "optimizer": "muon", "augment": 0.5},
    "letters_dense564": {
        "learning_rate": 1e-3,
        "batch_size": 32,
        "optimizer": "adam",
        "ema": 0.0,
        "augment": 1.0,
        **SHORT,
    },
    "letters_dense128": {
        "learning_rate": 1e-3,
        "batch_size": 32,
        "optimizer": "adam",
        "ema": 0.0,
        "augment": 1.0,
        **SHORT,
    },
}


def run(
    data: Sequence[str] = ("data/nthu", "data/nthu-letters"),
    networks: Sequence[str] = tuple(RECIPES),
    minutes: float = 2.0,
    folds: int = 1,
    only_times: bool = False,
) -> dict[str, Any]:
    """Cut, train and score; with ``only_times`` measure times alone, of untrained networks."""
    start_keras()
    rows: list[dict[str, Any]] = []
    for folder in data:
        dataset = Dataset.open(folder)
        samples = [sample for split in SPLITS for sample in dataset.samples(split) if sample.text is not None]
        rows.append({"data": folder, "what": "segmentation", **_segmentation(samples, dataset.spec)})
        for network in networks:
            row = _times(network, samples, dataset.spec)
            if not only_times:
                row |= _scores(network, samples, dataset.spec, minutes, folds)
            rows.append({"data": folder, "what": network, **row})
    return {"suite": "letters", "rows": rows}


def _segmentation(samples: Sequence[Sample], spec: CaptchaSpec) -> dict[str, Any]:
    cv2.setNumThreads(1)
    pictures = [decode_image(sample.media, spec.channels or 1, spec.size_px) for sample in samples]
    outcomes: dict[str, int] = {}
    cuts = 0
    times_ms = []
    for picture, sample in zip(pictures, samples, strict=True):
        began = time.perf_counter()
        found = segment(picture, len(sample.text or ""))
        times_ms.append(1000 * (time.perf_counter() - began))
        outcomes[found.outcome] = outcomes.get(found.outcome, 0) + 1
        cuts += found.cuts > 0
    return {"n": len(samples), "outcomes": outcomes, "with_cuts": cuts, **_quantiles("ms", times_ms)}


def _quantiles(name: str, times: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(times, [50, 99])
    return {f"{name}_mean": float(np.mean(times)), f"{name}_p50": float(p50), f"{name}_p99": float(p99)}


def _times(network: str, samples: Sequence[Sample], spec: CaptchaSpec) -> dict[str, Any]:
    """Parameters, file size, and the times of the network alone on one captcha, one thread."""
    model = build_network(network, spec)
    file = to_litert(model)
    litert = LiteRT(file)
    x, _ = _squares(network, samples[:100], spec)
    times_ms = []
    for row in x:
        began = time.perf_counter()
        litert.run(row[None])
        times_ms.append(1000 * (time.perf_counter() - began))
    return {"parameters": model.count_params(), "bytes": len(file), **_quantiles("network_ms", times_ms)}


def _squares(network: str, samples: Sequence[Sample], spec: CaptchaSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return features (N, ...) and which samples could be cut (N,)."""
    features = get_network(network).features(spec)
    x = np.zeros((len(samples), *features.shape), dtype=np.uint8)
    cut = np.zeros(len(samples), dtype=bool)
    for index, sample in enumerate(samples):
        try:
            x[index] = features.from_media(sample.media, spec)
            cut[index] = True
        except NoLetters:
            continue
    return x, cut


def _scores(network: str, samples: Sequence[Sample], spec: CaptchaSpec, minutes: float, folds: int) -> dict[str, Any]:
    x, cut = _squares(network, samples, spec)
    truth = [spec.label(sample.text or "") for sample in samples]
    fold_of = np.array([int(sample.id[:8], 16) % FIFTHS for sample in samples])  # equal pictures, equal fold
    guesses: dict[int, str | None] = {}
    passes = 0
    for fold in range(folds):
        model_read, passes = _trained(network, spec, x[fold_of != fold], _picked(truth, fold_of != fold), minutes)
        held_out = np.flatnonzero(fold_of == fold)
        for index, guess in zip(held_out, model_read(x[held_out]), strict=True):
            guesses[int(index)] = guess if cut[index] else None
    tested = sorted(guesses)
    whole = exact_match([truth[index] for index in tested], [guesses[index] for index in tested])
    letters = [
        (a, b) for index in tested if cut[index] for a, b in zip(truth[index], guesses[index] or "", strict=True)
    ]
    wrong = [(samples[i].path, truth[i], guesses[i]) for i in tested if guesses[i] not in (truth[i], None)]
    return {
        "minutes": minutes,
        "folds": folds,
        "passes_at_most": passes,
        "exact_match": whole.as_dict(),
        "not_cut": sum(not cut[index] for index in tested),
        "read_wrong": len(wrong),
        "letters_wrong": sum(a != b for a, b in letters),
        "letters": len(letters),
        "wrong": wrong[:20],
    }


def _picked(texts: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [text for text, wanted in zip(texts, chosen, strict=True) if wanted]


def _trained(
    network: str, spec: CaptchaSpec, x: np.ndarray, texts: Sequence[str], minutes: float
) -> tuple[Callable[[np.ndarray], list[str]], int]:
    """Train on nine tenths, steer by the rest; return what reads, and how often it saw the data."""
    config = TrainingConfig.build(**{"minutes": minutes, "steps_per_epoch": 50, **RECIPES[network]})
    aside = len(x) // 10
    features = get_network(network).features(spec)
    batches = array_batches(
        x[aside:], texts[aside:], spec, config.batch_size, config.seed, features.augmentation(config.augment)
    )
    task = Task(spec, network, {}, config)
    with tempfile.TemporaryDirectory() as folder:
        trained = train(task, batches, (x[:aside], texts[:aside]), Checkpoint(Path(folder)))
    passes = trained.progress.epoch * config.steps_per_epoch * config.batch_size / (len(x) - aside)
    return lambda seen: read(task.head, trained.model.predict(seen, batch_size=256, verbose=0), spec), round(passes)
