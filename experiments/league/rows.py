"""One row of the league: what a generator draws by one setting, and how well it is read."""

import importlib.util
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.dataset.store import Dataset
from captcha_core.errors import CaptchaError, DataError
from captcha_core.evaluation.metrics import Proportion, answered, right
from captcha_core.files import read_json, write_json
from captcha_core.progress import console, progress_bar
from captcha_core.solver import Solver
from captcha_core.sources.import_spec import SpecOverrides
from captcha_core.sources.programs.probe import scheme_of_program
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.tracking.names import Tag
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import begin_run
from captcha_core.workflows.letter_case import in_case_of_pictures
from experiments.league.entries import Entry

LABELS = (40, 10)  # of the fifty: to learn from, to steer by
EXAMPLES = 6
SEED = 1
Read = Callable[[bytes], str | None]


@dataclass(frozen=True)
class Bounds:
    """How much is measured.

    Args:
        count: Captchas that every reader reads.
        minutes: Of a training with the generator in hand; one on fifty labels has half of them.
        labels: Whether to train on fifty labels.
        stream: Whether to train with the generator in hand.
    """

    count: int = 2000
    minutes: float = 3.0
    labels: bool = True
    stream: bool = True


def measured(entry: Entry, setting: str, out: Path, bounds: Bounds, parent: str) -> dict[str, Any]:
    """Return a row, measured where it is not on disk yet; each figure is kept as soon as it is there.

    A reader that fails leaves its sentence in place of a figure, and so does a generator.
    """
    path = out / "rows" / f"{entry.name}-{setting}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    asked = {"digest": entry.digest, "count": bounds.count, "minutes": bounds.minutes}
    row: dict[str, Any] = read_json(path) if path.is_file() else {}
    if row.get("asked") != asked:
        row = {"asked": asked, "name": entry.name, "setting": setting, "about": entry.about, "figures": {}}
        row["packages"] = [*entry.pip, *entry.npm]
    wanted = ["builtin", *(["ddddocr"] if importlib.util.find_spec("ddddocr") else [])]
    wanted += ["50 labels"] * bounds.labels + ["generator"] * bounds.stream
    if all(name in row["figures"] for name in wanted):
        return row
    try:
        command = entry.command(entry.environment(out / "environments"), setting)
        written = scheme_of_program(command, SpecOverrides(), seconds=60.0, name=f"league-{entry.name}-{setting}")
        scheme = in_case_of_pictures(written, console.print)
        dataset = _drawn(scheme, out / "data" / f"{entry.name}-{setting}", bounds.count, row)
        row |= {"spec": scheme.spec.model_dump(), "data": dataset.digest, "fault": ""}
        samples = list(dataset.samples("test"))
        row["examples"] = [sample.id for sample in samples[:EXAMPLES]]
        for name in wanted:
            if name not in row["figures"]:
                row["figures"][name] = _figure(name, samples, dataset, command, scheme, bounds, parent)
                write_json(path, row)
    except CaptchaError as error:
        row["fault"] = str(error)
    write_json(path, row)
    return row


def _drawn(scheme: Scheme, folder: Path, count: int, row: dict[str, Any]) -> Dataset:
    learn, steer = LABELS
    request = GenerationRequest(scheme, learn + steer + count, SEED, "program", split=f"{learn}/{steer}/{count}")
    started = time.monotonic()
    with progress_bar(f"drawing {scheme.name}", request.total) as advance:
        dataset = write_drawn(folder, request, workers=os.cpu_count() or 1, progress=advance)
    row.setdefault("drawn_a_second", request.total / max(time.monotonic() - started, 1e-3))
    return dataset


def _figure(
    name: str, samples: Sequence[Sample], dataset: Dataset, command: list[str], scheme: Scheme, bounds: Bounds,
    parent: str,
) -> dict[str, Any]:  # fmt: skip
    try:
        if name in READERS:
            return _score(READERS[name](scheme.spec), samples, scheme.spec, name)
        words, minutes = ["--data", str(dataset.path.resolve())], bounds.minutes / 2
        if name == "generator":
            words, minutes = ["--from-command", shlex.join(command), "--program-seconds", "60"], bounds.minutes
        bundle = _trained([*words, "--minutes", str(minutes)], f"{scheme.name} {name}", parent)
        solver = Solver.load(f"models:/{bundle}")
        return {**_score(_text_of(solver), samples, scheme.spec, name), "model": bundle}
    except CaptchaError as error:
        return {"fault": str(error)}


def _trained(words: list[str], name: str, parent: str) -> str:
    """Train in a process of its own, whose memory is free afterwards; return NAME/VERSION of what came of it.

    Raises:
        DataError: If it fails; its last line says why.
    """
    model = "captcha-" + "".join(one if one.isalnum() else "-" for one in name)
    command = [sys.executable, "-m", "experiments.cli", "train", *words, "--name", model]
    run_id = begin_run(f"{parent} {name}", name, {Tag.PARENT: parent, **own_tags()})
    environment = {**os.environ, "MLFLOW_RUN_ID": run_id}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603  ours
    if done.returncode:
        raise DataError((done.stderr.strip().splitlines() or ["the training ended without a word"])[-1])
    version = done.stdout.partition(" version ")[2].partition(":")[0]
    return f"{model}/{version}"


def _score(read: Read, samples: Sequence[Sample], spec: CaptchaSpec, name: str) -> dict[str, Any]:
    """Return exact match, of sums that of the answers, with their intervals; a captcha that cannot be read is wrong.

    Case is folded for all: several packages write labels in both cases and draw both alike.
    """
    truth = [(sample.text or "").casefold() for sample in samples]
    started, texts = time.monotonic(), []
    with progress_bar(f"reading with {name}", len(samples)) as advance:
        for sample in samples:
            text = read(sample.media)
            texts.append(None if text is None else text.casefold())
            advance(1)
    elapsed_ms = 1000 * (time.monotonic() - started) / max(1, len(samples))
    hits = right(truth, texts)
    figure: dict[str, Any] = {**Proportion(int(hits.sum()), len(hits)).as_dict(), "ms": elapsed_ms}
    if spec.answer == "arithmetic":
        found = answered(truth, texts)
        figure["answer"] = Proportion(int(found.sum()), len(found)).as_dict()
    return figure


def _text_of(solver: Solver) -> Read:
    def read(media: bytes) -> str | None:
        answer = solver.attempt(media)
        return None if answer is None else answer.text

    return read


def _builtin(_spec: CaptchaSpec) -> Read:
    return _text_of(Solver.load("builtin"))


def _ddddocr(_spec: CaptchaSpec) -> Read:
    from importlib import import_module

    ocr = import_module("ddddocr").DdddOcr(show_ad=False)

    def read(media: bytes) -> str | None:
        try:
            return str(ocr.classification(media))
        except Exception:  # it raises what its decoders raise
            return None

    return read


READERS: dict[str, Callable[[CaptchaSpec], Read]] = {"builtin": _builtin, "ddddocr": _ddddocr}
