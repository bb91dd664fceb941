"""Attackers that train: on some labels, pictures from the builtin reader on, or on the live stream of a generator."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from captcha_core.assessment.attackers import Attacker, Row
from captcha_core.assessment.stock import judged
from captcha_core.assessment.target import Target
from captcha_core.dataset.in_memory import with_split, write_samples
from captcha_core.dataset.split import KEEP
from captcha_core.dataset.store import Dataset
from captcha_core.errors import ModelError
from captcha_core.presets.preset import Preset, load_preset, preset_names
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.tracking.names import Kind, Tag
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import RUNS, begin_run, start_run
from captcha_core.training.checkpoint import Checkpoint
from captcha_core.workflows.plan import TrainingPlan, plan_training
from captcha_core.yaml_files import is_yaml

ASIDE = 0.12  # of an attacker's labels, to tell which epoch is the best
LEAST_ASIDE = 4
LEAST_LABELS = 8
NAME = "captcha-assessed"  # what a plan must name; nothing is registered
STREAM_NETWORK = {"image": "image_ctc", "audio": "audio_ctc"}
STREAM_TRAINING = {"minutes": 3.0, "steps_per_epoch": 200, "batch_size": 64, "learning_rate": 0.01}


@dataclass(frozen=True)
class Place:
    """Where an assessment works.

    Args:
        work: Folder for its data sets and models.
        parent: Id of its run in MLflow.
        tested: The data set whose test split judges everybody.
    """

    work: Path
    parent: str
    tested: Dataset


def train_attacker(attacker: Attacker, target: Target, place: Place, minutes: float) -> Row:
    """Train in a run of its own below the assessment's, and read the test captchas.

    Raises:
        CaptchaError: If he cannot be trained.
    """
    if attacker.kind == "labels" and attacker.labels < LEAST_LABELS:
        reason = f"expected at least {LEAST_LABELS} labelled captchas, received {attacker.labels}; label more."
        return Row.without(attacker, "left out", reason)
    started, worked = time.monotonic(), time.process_time()
    folder = place.work / attacker.key
    plan = _plan(attacker, target, folder / "labels", minutes)
    tags = {Tag.KIND: Kind.TRAIN, Tag.ATTACKER: attacker.key, Tag.PARENT: place.parent, **own_tags()}
    title = f"{attacker.title}, draw {attacker.draw}" if attacker.draw else attacker.title
    run_id = begin_run(f"{place.parent} {attacker.key}", title, tags)
    shutil.rmtree(folder / "bundle", ignore_errors=True)  # half of one: a kill came while it was written
    plan = replace(plan, run_id=run_id, extend=False)  # what a kill has left of the training goes on
    if not can_go_on(plan):
        shutil.rmtree(RUNS / run_id, ignore_errors=True)
    row = _fitted(attacker, target, place, plan, folder / "bundle")
    shutil.rmtree(RUNS / run_id, ignore_errors=True)  # what only a resume needs
    keep = attacker.kind == "generator"
    shutil.rmtree(folder / "labels" if keep else folder, ignore_errors=True)
    return row.model_copy(
        update={
            "processor_s": time.process_time() - worked,
            "wall_s": time.monotonic() - started,
            "minutes": minutes,
            "bundle": str(folder / "bundle") if keep else "",
        }
    )


def can_go_on(plan: TrainingPlan) -> bool:
    """Say whether a run has left a checkpoint of this very training: another version's may be of another one."""
    checkpoint, wanted = Checkpoint(RUNS / plan.run_id), plan.task.record()
    try:
        found = checkpoint.load_progress().recipe if checkpoint.exists else {}
    except ModelError:
        return False
    return all(found.get(key) == value for key, value in wanted.items())


def _plan(attacker: Attacker, target: Target, folder: Path, minutes: float) -> TrainingPlan:
    """Return the training: of a scheme as its preset says, of labels as ``captchalab train --data`` does it."""
    seed = attacker.seed % 10_000
    if target.scheme is not None and attacker.kind == "generator":
        return plan_training(generator_preset(target.where, target.scheme), name=NAME, minutes=minutes, seed=seed)
    write_samples(folder, target.spec, drawn_labels(target.pool, attacker), "assessment", KEEP)
    return plan_training(data=folder, name=NAME, minutes=minutes, seed=seed)


def drawn_labels(pool: Sequence[Sample], attacker: Attacker) -> list[Sample]:
    """Return the labels that an attacker pays for, those set aside for validation among them."""
    order = np.random.default_rng(attacker.draw).permutation(len(pool))[: attacker.labels]
    aside = max(LEAST_ASIDE, round(ASIDE * len(order)))
    chosen = [pool[int(place)] for place in order]
    return [with_split(sample, "validation" if place < aside else "train") for place, sample in enumerate(chosen)]


def generator_preset(where: str, scheme: Scheme) -> Preset:
    """Return how a reader for a scheme is trained: by the preset that has its name, else by what suits its media.

    Args:
        where: The scheme's name, or its file, which brings a recipe.
    """
    if is_yaml(where):
        return load_preset(where)
    name = scheme.name
    if name in preset_names() and load_preset(name).scheme == name:
        return load_preset(name)
    media = scheme.spec.media
    return Preset(
        name=name, description="", scheme=name, network=_stream_network(scheme.spec),
        training={**STREAM_TRAINING, **({"batch_size": 32} if media == "audio" else {})},
    )  # fmt: skip


def _stream_network(spec: CaptchaSpec) -> str:
    return "strip_ctc" if spec.max_length > 8 and spec.media == "image" else STREAM_NETWORK[spec.media]


def _fitted(attacker: Attacker, target: Target, place: Place, plan: TrainingPlan, folder: Path) -> Row:
    from captcha_core import native

    native.start_keras()
    from captcha_core.workflows.logged_training import TrainingBar, donor_of, evaluated, fit_logged

    donor = donor_of(plan.start_from) if plan.start_from else None
    folder.parent.mkdir(parents=True, exist_ok=True)
    with start_run(plan.label, run_id=plan.run_id, keep=RUNS) as run:
        training_data = plan.training_data()
        trained = fit_logged(run, plan, training_data, [TrainingBar(plan.task.config)], donor)
        _, report = evaluated(run, folder.parent, plan, trained, training_data, place.tested)
    times_ms = [answer.elapsed_ms for answer in report.answers if answer is not None]
    answers = list(zip(report.read, report.confidences, strict=True))
    row = judged(attacker, target, answers)
    return row.model_copy(update={"run_id": plan.run_id, "ms": median(times_ms) if times_ms else None})
