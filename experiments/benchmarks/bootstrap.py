"""From unlabelled captchas to a reader with few labels by hand: how well the model reads after each step.

A labelled data set stands in for the person: its labels are hidden, and given one by one for the captchas that the
Label page would ask for, in its order. All steps run through what the commands ``labels``, ``train`` and
``pseudo-label`` run through, in a folder of their own. The captchas held out are read after each training alone.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labelling import Guess, asking_order, labelled_by_model, queue, rebuild, to_ask
from captcha_core.dataset.labels import Label, LabelLog, latest, now
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import SpecError
from captcha_core.native import start_keras
from captcha_core.registry.versions import CHALLENGER
from captcha_core.solver import Solver
from captcha_core.workflows.evaluate import read_all
from captcha_core.workflows.pseudo_label import guesses_of, label_what_is_sure
from captcha_core.workflows.train import train as train_network

NAME = "captcha-bootstrap"
SPLIT = "0.6/0.2/0.2"  # as captchalab collect has it


def run(
    data: str,
    held_out: int = 200,
    first: int = 50,
    second: int = 50,
    network: str = "letters",
    epochs: int = 4,
    augment: float = 1.0,
    max_error: float = 0.01,
    split: str = SPLIT,
    seed: int = 0,
) -> dict[str, Any]:
    """Label, train, let the model label, label what it doubts, and train again.

    Args:
        held_out: Captchas kept aside to measure on; they are never labelled nor trained on.
        first: Labels by hand before the first training.
        epochs: Of each training, 100 batches each; not minutes, so that a busy machine changes nothing.
        augment: Strength of the augmentation; few captchas need all of it.
    """
    start_keras()
    settings = {"network": network, "epochs": epochs, "augment": augment, "max_error": max_error, "split": split}
    source = Dataset.open(data)
    samples = list({sample.id: sample for part in SPLITS for sample in source.samples(part)}.values())
    truth = {sample.id: sample.text for sample in samples if sample.text is not None}
    if len(truth) < len(samples) or len(samples) <= held_out + first + second:
        raise SpecError(
            f"expected more than {held_out + first + second:,} captchas, all labelled, received {len(samples):,} with "
            f"{len(truth):,} labels; give another data set or smaller counts."
        )
    order = np.random.default_rng(seed).permutation(len(samples))
    measured = [samples[place] for place in order[:held_out]]
    bare = [replace(samples[place], text=None, path="captcha", origin={}) for place in order[held_out:]]
    steps: list[dict[str, Any]] = []

    def train(step: str) -> Solver:
        solver, counts = _train(network, {"epochs": epochs, "augment": augment}, pool)
        exact = read_all(solver, measured).exact_match
        steps.append({"step": step, **_labels(pool, truth), "counts": counts, "exact_match": exact.as_dict()})
        return solver

    with _own_folder():
        pool = write_samples(Path("pool"), source.spec, bare, "import", split)
        _by_hand(pool, truth, {}, first)
        solver = train(f"{first} by hand")
        chosen = label_what_is_sure(solver, pool, max_error)
        solver = train("the model labels what it is sure of")
        everything = [sample for part in SPLITS for sample in pool.samples(part)]
        _by_hand(pool, truth, guesses_of(solver, everything), second)
        train(f"{second} more by hand, the doubtful ones")
    return {"suite": "bootstrap", "data": data, **settings, "seed": seed, "steps": steps, "pseudo_label": chosen}


@contextlib.contextmanager
def _own_folder() -> Iterator[None]:
    """Work in a folder of its own with an MLflow of its own, and leave nothing behind."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.chdir(folder):
        database = f"sqlite:///{Path(folder).resolve() / 'mlflow.db'}"
        with patch.dict(os.environ, {"MLFLOW_TRACKING_URI": database}):
            yield


def _by_hand(pool: Dataset, truth: Mapping[str, str], guesses: Mapping[str, Guess], count: int) -> None:
    """Label what the Label page would ask for next; a person would."""
    log = LabelLog.of(pool.path, pool.spec)
    for _ in range(2):  # what is open; behind that what a model labelled
        written = log.read()[0]
        asked = queue(to_ask(*asking_order(pool), written), {**labelled_by_model(written), **guesses}, written)[:count]
        log.add([Label(id=one, text=truth[one], by="hand", who="benchmark", when=now()) for one in asked])
        count -= len(asked)


def _labels(pool: Dataset, truth: Mapping[str, str]) -> dict[str, int]:
    """Count the labels that stand, and those of the model that are wrong."""
    known = [label for label in latest(LabelLog.of(pool.path, pool.spec).read()[0]).values() if label.text is not None]
    by_model = [label for label in known if label.by == "model"]
    return {
        "by_hand": len(known) - len(by_model),
        "by_model": len(by_model),
        "by_model_wrong": sum(label.text != truth[label.id] for label in by_model),
    }


def _train(network: str, recipe: Mapping[str, Any], pool: Dataset) -> tuple[Solver, dict[str, int]]:
    made = rebuild(pool, Path("made"))
    train_network(data="made", network=network, name=NAME, settings=recipe)
    return Solver.load(f"models:/{NAME}@{CHALLENGER}"), made.counts
