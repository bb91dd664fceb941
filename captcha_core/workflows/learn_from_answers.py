"""A reader that learns from yes and no alone: what ``captchalab learn-from-answers`` does, for Python.

An accepted answer is a label for nothing. A refused one says what the captcha does not say: it becomes a label once a
later reader is sure of another text.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from captcha_core.dataset.collection import CollectionBuffer
from captcha_core.dataset.in_memory import replace_samples, with_split
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import Proportion
from captcha_core.models.decode import Limits
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import survey
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.tracking.names import Kind, Metric, Tag
from captcha_core.tracking.provenance import own_tags
from captcha_core.tracking.runs import Run, begin_run, parent_run
from captcha_core.workflows.plan import plan_training
from captcha_core.workflows.train import train_plan

SOURCE = "answers"
LEAST = 30  # accepted answers before the first training
SURE = 0.9  # confidence from which the next reader's text stands where another was refused
ASIDE = 8  # one of so many accepted answers steers the training, and another tests it
REACHED = (0.5, 0.9)  # shares of accepted answers of which it is told when they were reached


class Site(Protocol):
    """What is asked: :class:`captcha_core.sources.answer_site.AnswerSite`."""

    def captcha(self) -> tuple[str, bytes]:
        """Return the name and the file of a new captcha."""

    def accepts(self, name: str, text: str) -> bool:
        """Say whether an answer is right."""


@dataclass(frozen=True)
class Round:
    """Answers that one model gave.

    Attributes:
        model: Its address.
        submissions: Answers sent until the round's end, those of earlier rounds among them.
        refusals: How many of these were refused.
        accepted: Share of this round's answers.
    """

    model: str
    submissions: int
    refusals: int
    accepted: Proportion


@dataclass(frozen=True)
class Learning:
    """How a reader is taught.

    Args:
        site: Judges answers.
        out: Folder of the data set that its answers become; what was asked before a stop is in ``OUT.part``.
        alphabet: Characters there can be.
        lengths: The least and greatest.
        model: Reads the first captchas.
        each: Answers a round, after which a new model is trained.
        minutes: Of each training at most.
        name: Registered model.
        seed: Of the trainings.
    """

    site: Site
    out: Path
    alphabet: str
    lengths: tuple[int, int]
    model: str = BUILTIN
    each: int = 200
    minutes: float = 2.0
    name: str = "captcha-answers"
    seed: int = 0

    @property
    def buffer(self) -> CollectionBuffer:
        """All captchas that were answered, with what was sent and said."""
        return CollectionBuffer(self.out)

    def run(
        self, submissions: int, until: float = 1.0, progress: Callable[[int], None] = lambda _: None
    ) -> list[Round]:
        """Answer, learn from what the site said, and answer on with the new model; an MLflow run with a child for each.

        Args:
            submissions: Answers at most, those before a stop among them.
            until: Ends after a round of which so large a share was accepted.
            progress: Told of answers.

        Returns:
            The rounds, those before a stop among them.

        Raises:
            FetchError: If the site is away, or is none.
            DataError: If no answer at all was accepted, or the disk refuses.
        """
        asked = self.buffer.samples()
        progress(len(asked))
        name = f"answers {self.out.name} {time.strftime('%Y-%m-%d %H:%M:%S')}"
        with parent_run(name, name, {Tag.KIND: Kind.ANSWERS}) as run:
            run.params({"model": self.model, "alphabet": self.alphabet, "answers": submissions, "each": self.each})
            while len(asked) < submissions:
                model = self._trained(run, asked) if accepted(asked) >= LEAST else self.model
                for sample in self._answered(model, min(self.each, submissions - len(asked))):
                    asked.append(sample)
                    progress(1)
                last = rounds_of(asked)[-1]
                run.metrics({Metric.ACCEPTED: last.accepted.value, Metric.REFUSALS: last.refusals}, step=len(asked))
                if last.accepted.value >= until:
                    break
            if not accepted(asked):
                raise DataError(
                    f"expected one of {len(asked):,} answers to be accepted, received none; check --alphabet and "
                    "--length, or begin with a --model that reads some."
                )
        return rounds_of(asked)

    def _answered(self, model: str, count: int) -> Iterator[Sample]:
        """Yield new captchas with what a model answered and what the site said, each on the disk when it comes."""
        solver = Solver.load(model)
        limits = Limits.within(solver.spec, self.alphabet, *self.lengths)
        for _ in range(count):
            name, media = self.site.captcha()
            text = solver.solve(media, limits).text
            said = {"answer": text, "accepted": self.site.accepts(name, text), "model": model}
            sample = Sample(media, None, name, {"source": SOURCE, **said})
            self.buffer.add(sample)
            yield sample

    def _trained(self, run: Run, asked: Sequence[Sample]) -> str:
        """Train on accepted answers, and on what the last model is sure of where another was refused."""
        spec = spec_of(survey(list_labelled(self.buffer.folder / "files", "none"), lambda _: None), self._overrides())
        replace_samples(self.out, spec, list(self._labelled(asked, spec)), SOURCE)
        plan = plan_training(data=self.out, name=self.name, minutes=self.minutes, seed=self.seed)
        tags = {Tag.KIND: Kind.TRAIN, Tag.PARENT: run.id, **own_tags()}
        child = begin_run(f"{run.id} {len(asked)}", f"after {len(asked):,} answers", tags)
        trained = train_plan(replace(plan, run_id=child, extend=False))
        return f"models:/{trained.name}/{trained.version}"

    def _overrides(self) -> SpecOverrides:
        least, most = self.lengths
        both = len(set(self.alphabet.casefold())) < len(self.alphabet)
        return SpecOverrides(alphabet=self.alphabet, min_length=least, max_length=most, case_sensitive=both)

    def _labelled(self, asked: Sequence[Sample], spec: CaptchaSpec) -> Iterator[Sample]:
        """Yield captchas with labels: accepted answers, and sure texts of the last model that were not refused."""
        right = [one for one in asked if one.origin["accepted"]]
        for place, sample in enumerate(right):
            split = {0: "validation", 1: "test"}.get(place % ASIDE, "train")
            yield with_split(replace(sample, text=spec.charset.normalise(str(sample.origin["answer"]))), split)
        last = str(asked[-1].origin["model"])
        refused = [one for one in asked if not one.origin["accepted"] and one.origin["model"] != last]
        if refused:
            solver = Solver.load(last)
            limits = Limits.within(solver.spec, self.alphabet, *self.lengths)
            for sample in refused:
                answer = solver.solve(sample.media, limits)
                if answer.confidence >= SURE and answer.text != sample.origin["answer"]:
                    yield with_split(replace(sample, text=spec.charset.normalise(answer.text)), "train")


def accepted(asked: Sequence[Sample]) -> int:
    """Return how many answers were accepted."""
    return int(np.sum([bool(one.origin["accepted"]) for one in asked]))


def rounds_of(asked: Sequence[Sample]) -> list[Round]:
    """Return the rounds, in the order in which the answers were given."""
    rounds: list[Round] = []
    done = refused = 0
    for model, group in itertools.groupby(asked, key=lambda one: str(one.origin["model"])):
        mine = list(group)
        hits = accepted(mine)
        done, refused = done + len(mine), refused + len(mine) - hits
        rounds.append(Round(model, done, refused, Proportion(hits, len(mine))))
    return rounds


def reached(rounds: Sequence[Round], share: float) -> Round | None:
    """Return the round before which a reader was there of whose answers so large a share is accepted, None if none."""
    return next((one for one in rounds if one.accepted.value >= share), None)
