"""Readers that anybody has without a label: the one that ships, and others where they are installed."""

import importlib.util
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from captcha_core.assessment.attackers import Attacker, Row
from captcha_core.assessment.target import Target
from captcha_core.errors import CaptchaError
from captcha_core.evaluation.metrics import answered, character_error_rate, right
from captcha_core.progress import progress_bar
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.spec.captcha import CaptchaSpec

ENOUGH = 200  # captchas that a slow reader reads, whatever the time
Read = Callable[[bytes], tuple[str, float | None]]  # a captcha's text, and how sure it is, where the reader says so


@dataclass(frozen=True)
class StockReader:
    """A reader that learnt elsewhere.

    Args:
        title: What it is called.
        media: What it reads.
        make: Returns the function that reads, told what captchas there are.
        module: What has to be installed, empty for nothing.
    """

    title: str
    media: str
    make: Callable[[CaptchaSpec], Read]
    module: str = ""

    def obstacle(self, spec: CaptchaSpec) -> str:
        """Return why it cannot be asked, empty where it can."""
        if spec.media != self.media:
            return f"expected {self.media} captchas for this reader, received {spec.media}."
        if self.module and importlib.util.find_spec(self.module) is None:
            return f'{self.module} is not installed; pip install "captchalab[bench]" adds it.'
        return ""


def _builtin(spec: CaptchaSpec) -> Read:
    """Return the builtin reader, told the alphabet and the lengths: an attacker sees those at a glance."""
    reader = Solver.load(BUILTIN).told(spec)

    def read(media: bytes) -> tuple[str, float | None]:
        answer = reader.solve(media)
        return answer.text, answer.confidence

    return read


def _ddddocr(model: dict[str, bool]) -> Callable[[CaptchaSpec], Read]:
    def make(spec: CaptchaSpec) -> Read:  # noqa: ARG001
        import ddddocr

        engine = ddddocr.DdddOcr(show_ad=False, **model)
        return lambda media: (str(engine.classification(media)), None)

    return make


READERS = {
    BUILTIN: StockReader("The reader that ships with captchalab", "image", _builtin),
    "ddddocr": StockReader("ddddocr", "image", _ddddocr({}), "ddddocr"),
    "ddddocr-beta": StockReader("ddddocr, its second model", "image", _ddddocr({"beta": True}), "ddddocr"),
}


def stock_attackers() -> list[Attacker]:
    """Return who pays for no label."""
    readers = [Attacker(name, "stock", reader.title) for name, reader in READERS.items()]
    return [Attacker("commonest", "guess", "Nobody: the commonest text, typed blindly"), *readers]


def attack_with_stock(attacker: Attacker, target: Target, most_s: float = math.inf) -> Row:
    """Let a stock reader, or blind guessing, read the test captchas, the first ones where it takes too long.

    Args:
        most_s: Time after which no further captcha is read, once there are enough to say something.
    """
    if attacker.kind == "guess":
        return commonest(attacker, target)
    reader = READERS[attacker.key]
    if reason := reader.obstacle(target.spec):
        return Row.without(attacker, "left out", reason)
    started = time.monotonic()
    read = reader.make(target.spec)
    answers: list[tuple[str | None, float | None]] = []
    times_ms = []
    with progress_bar(attacker.title, len(target.tested), "captchas") as advance:
        for sample in target.tested:
            before = time.perf_counter()
            try:
                answers.append(read(sample.media))
            except CaptchaError:
                answers.append((None, 0.0))
            times_ms.append(1000 * (time.perf_counter() - before))
            advance(1)
            if len(answers) >= ENOUGH and time.monotonic() - started > most_s:
                break
    return judged(attacker, target, answers).model_copy(
        update={"ms": median(times_ms), "wall_s": time.monotonic() - started}
    )


def commonest(attacker: Attacker, target: Target) -> Row:
    """Type the text that most of the known captchas have, whatever is shown."""
    if not target.pool:
        return Row.without(attacker, "left out", "expected labelled captchas beside the tested ones, received none.")
    known = Counter(sample.text or "" for sample in target.pool)
    text = known.most_common(1)[0][0]
    return judged(attacker, target, [(text, None)] * len(target.tested)).model_copy(update={"ms": 0.0})


def judged(attacker: Attacker, target: Target, answers: Sequence[tuple[str | None, float | None]]) -> Row:
    """Return the row of an attacker who gave these answers to the test captchas, or to the first of them."""
    spec = target.spec
    truth = [spec.charset.normalise(sample.text or "") for sample in target.tested[: len(answers)]]
    texts = [None if text is None else spec.charset.normalised(text) for text, _ in answers]
    lower = [None if text is None else text.lower() for text in texts]
    sure = [confidence for _, confidence in answers if confidence is not None]
    return Row(
        key=attacker.key,
        kind=attacker.kind,
        title=attacker.title,
        labels=attacker.labels,
        draw=attacker.draw,
        confidences=[round(one, 5) for one in sure] if len(sure) == len(truth) else [],
        right=(answered if spec.answer == "arithmetic" else right)(truth, texts).tolist(),
        folded=int(right([text.lower() for text in truth], lower).sum()),
        characters=max(0.0, 1 - character_error_rate(truth, texts)),
    )
