"""Training from shards beside training from arrays: images a second and memory, one process after the other."""

import multiprocessing
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

SCHEME = "alnum4"
WAYS = ("arrays", "shards")
EPOCHS = 2  # the second is measured: the first compiles
MIB_OF_KIB = 1024


def run(
    count: int = 100_000, steps: int = 150, rounds: int = 3, batch_size: int = 64, folder: str = ""
) -> dict[str, Any]:
    """Train on one data set both ways in turn, each time in a process of its own.

    Args:
        count: Captchas in the data set.
        steps: Batches that are measured.
        rounds: Trainings each way; the medians are compared.
        folder: Where the data set is, or is written; by default a passing place.
    """
    from captcha_core.dataset.generate import GenerationRequest, write_drawn
    from captcha_core.sources.schemes import get_scheme

    with tempfile.TemporaryDirectory() as place:
        where = Path(folder or place) / f"{SCHEME}-{count}"
        write_drawn(where, GenerationRequest(get_scheme(SCHEME), count, split=f"{count - 1000}/1000/0"), workers=2)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                found[way].append(_apart(way, where, steps, batch_size))
    medians = {way: {key: statistics.median(one[key] for one in found[way]) for key in found[way][0]} for way in WAYS}
    ratio = medians["shards"]["images_per_s"] / medians["arrays"]["images_per_s"]
    return {"scheme": SCHEME, "count": count, "steps": steps, "medians": medians, "ratio": ratio, "rounds": found}


def table(result: dict[str, Any]) -> str:
    """Return the figures as lines."""
    lines = [f"{result['count']:,} captchas of {result['scheme']}, {len(result['rounds']['arrays'])} rounds, medians"]
    for way, one in result["medians"].items():
        lines.append(
            f"{way:<8} {one['images_per_s']:7.0f} images/s  {one['peak_mib']:6.0f} MiB at most  "
            f"{one['ready_s']:5.1f} s to the first batch"
        )
    return "\n".join([*lines, f"shards at {result['ratio']:.1%} of the arrays' images a second"])


def _apart(way: str, where: Path, steps: int, batch_size: int) -> dict[str, float]:
    """Measure in a fresh process, whose memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (way, where, steps, batch_size))


def _measure(way: str, where: Path, steps: int, batch_size: int) -> dict[str, float]:
    from captcha_core import native

    native.start_keras()
    import keras

    from captcha_core.dataset.store import Dataset
    from captcha_core.features.batches import Batches, array_batches, shard_batches
    from captcha_core.models.zoo import get_network
    from captcha_core.training.checkpoint import Checkpoint
    from captcha_core.training.config import TrainingConfig, TrainingTask
    from captcha_core.training.fit import train
    from captcha_core.workflows.data import loaded

    dataset = Dataset.open(where)
    features = get_network("image_ctc").features(dataset.spec)
    began = time.perf_counter()
    batches: Batches
    if way == "arrays":
        x, texts = loaded(dataset, "train", features, {})
        batches = array_batches(x, texts, dataset.spec, batch_size, 0, features.augmentation(0.5))
    else:
        batches = shard_batches(dataset, "train", features, batch_size, 0, features.augmentation(0.5))
    next(batches(0))
    ready_s = time.perf_counter() - began
    config = TrainingConfig(epochs=EPOCHS, steps_per_epoch=steps, batch_size=batch_size)
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        train(
            TrainingTask(dataset.spec, "image_ctc", {}, config),
            batches,
            loaded(dataset, "validation", features, {}),
            Checkpoint(Path(folder)),
            [keras.callbacks.LambdaCallback(on_train_batch_begin=clock.begin, on_train_batch_end=clock.end)],
        )
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB_OF_KIB
    return {"images_per_s": batch_size * (steps - 1) / clock.seconds, "peak_mib": peak_mib, "ready_s": ready_s}


class _Clock:
    """Seconds from the end of an epoch's first batch to the end of its last; those of the last epoch stay."""

    seconds = 0.0

    def begin(self, batch: int, _logs: Any) -> None:
        if batch == 1:
            self._began = time.perf_counter()

    def end(self, _batch: int, _logs: Any) -> None:
        self.seconds = time.perf_counter() - getattr(self, "_began", time.perf_counter())
