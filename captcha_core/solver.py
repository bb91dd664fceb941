"""The one road from bytes to text. It needs LiteRT and NumPy; TensorFlow never comes near it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.bundle.bundle import REFERENCE, Bundle, LiteRT
from captcha_core.errors import DataError, ModelError, SpecError
from captcha_core.evaluation.drift import Histograms
from captcha_core.media.given import Media, media_bytes
from captcha_core.models.decode import DECODERS, Decoded, Limits, decode, likelihood
from captcha_core.registry.versions import locate
from captcha_core.spec.answer import Answer, Box, Character, ModelIdentity
from captcha_core.spec.captcha import DIGITS, CaptchaSpec, drawn_order

BATCH = 64
SURE = 0.9  # confidence from which one look is enough
AGREED = 1.0  # sum of squared confidences in one text from which no further look is taken
LEADING = 3  # texts that are held against all looks where these do not agree
NEARLY_DIGITS = 4.0  # nats that a text with letters must be likelier than digits alone, for captchas of any site


def _open(path: str, digest: str, model: ModelIdentity, threads: int) -> "Solver":
    return Solver(Bundle.open(Path(path), digest), model, threads)


@dataclass
class Solver:
    """Reads captchas with one model. One interpreter, guarded by a lock: use a solver a thread for parallel work.

    Args:
        bundle: What to read with.
        model: Its name, version and alias for the answers.
        threads: Threads of the interpreter.
    """

    bundle: Bundle
    model: ModelIdentity
    threads: int = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle where the model is, and not its interpreter: another process opens it anew."""
        if self.model.version:
            return Solver.load, (f"models:/{self.model.name}/{self.model.version}", self.threads)
        return _open, (str(self.bundle.path.resolve()), self.bundle.digest, self.model, self.threads)

    def __post_init__(self) -> None:
        self._litert = LiteRT(self.bundle.litert, self.threads)
        self._limits = Limits.of(self.spec)
        any_site = self.bundle.config.features.of_any_site and self.bundle.config.head == "ctc"
        self._digits = Limits.of(self.spec, DIGITS) if any_site else None
        self._check_fit()

    def _check_fit(self) -> None:
        """Refuse a bundle whose parts do not belong together: nothing is guessed, and nothing fails later."""
        features, spec, name = self.bundle.config.features, self.spec, self.bundle.path.name
        steps, classes = self._litert.exit if len(self._litert.exit) == 2 else (0, 0)
        faults = {
            f"a head of {', '.join(DECODERS)}": (self.bundle.config.head, self.bundle.config.head in DECODERS),
            f"features of {spec.media}": (features.kind, features.media == spec.media),
            f"a network that takes {self._litert.entry}": (
                (features.shape, features.dtype), (features.shape, features.dtype) == self._litert.entry,
            ),
            f"logits of at least {spec.max_length} steps and {spec.charset.classes} classes": (
                self._litert.exit, steps >= spec.max_length and classes == spec.charset.classes,
            ),
        }  # fmt: skip
        for expected, (received, right) in faults.items():
            if not right:
                raise ModelError(f"expected {expected} in the bundle {name}, received {received!r}; get it again.")

    @classmethod
    def load(cls, uri: str, threads: int = 1) -> "Solver":
        """Load ``builtin``, ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, ``runs:/ID`` or a bundle's folder.

        Raises:
            RegistryError: If there is no such model.
            ModelError: If its bundle is not whole.
        """
        located = locate(uri)
        return cls(Bundle.open(located.path, located.digest), located.model, threads)

    @property
    def spec(self) -> CaptchaSpec:
        """What it reads."""
        return self.bundle.spec

    def told(self, spec: CaptchaSpec) -> "Solver | Told":
        """Return what reads captchas of a specification: this solver, or, of another one than its own, one told of it.

        Raises:
            SpecError: If they are of another medium, their lengths, or none of their characters the model's.
        """
        mine = self.spec
        if not spec.difference(mine):
            return self
        overlap = spec.min_length <= mine.max_length and mine.min_length <= spec.max_length
        if spec.media != mine.media or not overlap or not spec.share_known(mine):
            raise SpecError(
                f"expected captchas that {self.model.name} can read, received others, with {spec.difference(mine)}; "
                "import or generate them for this model, or train a model for them."
            )
        return Told(self, spec)

    @property
    def reference(self) -> Histograms | None:
        """What its test captchas looked like, None where the bundle does not say.

        Raises:
            DataError: If it says something else.
            ModelError: If its metrics are damaged.
        """
        record = self.bundle.metrics.get(REFERENCE)
        return None if record is None else Histograms.from_dict(record)

    def features(self, media: bytes) -> np.ndarray:
        """Return what the network sees of a file.

        Raises:
            DataError: If the bytes cannot be read.
        """
        return self.bundle.config.features.from_media(media, self.spec)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return logits (B, T, K + 1) of features (B, ...)."""
        return self._litert.run(features)

    def solve(self, media: Media, limits: Limits | None = None) -> Answer:
        """Read one captcha.

        Args:
            media: The file's bytes, its path, an open file, a PIL picture, or pixels as uint8 (H, W) or (H, W, 3).
            limits: Narrower limits than the model's own, from :meth:`Limits.of`.

        Raises:
            DataError: If the bytes cannot be read.
        """
        started = time.perf_counter()
        content = media if isinstance(media, bytes) else media_bytes(media)
        seen, boxes_px = self.bundle.config.features.look(content, self.spec)
        logits = self.logits(seen[None])[0]
        decoded = self._surely(content, logits, limits)
        return self._answer(decoded, (time.perf_counter() - started) * 1000, boxes_px, len(logits))

    def attempt(self, media: Media, limits: Limits | None = None) -> Answer | None:
        """Read one captcha, or return None where that cannot be done."""
        try:
            return self.solve(media, limits)
        except DataError:
            return None

    def solve_many(self, media: Sequence[Media]) -> list[Answer]:
        """Read captchas in batches; ``elapsed_ms`` is each one's share of its batch."""
        answers: list[Answer] = []
        for first in range(0, len(media), BATCH):
            started = time.perf_counter()
            files = [one if isinstance(one, bytes) else media_bytes(one) for one in media[first : first + BATCH]]
            looks = [self.bundle.config.features.look(one, self.spec) for one in files]
            batch = np.stack([seen for seen, _ in looks])
            logits = self.logits(batch)
            decoded = [self._surely(one, seen) for one, seen in zip(files, logits, strict=True)]
            elapsed_ms = (time.perf_counter() - started) * 1000 / len(batch)
            answers += [
                self._answer(one, elapsed_ms, boxes_px, logits.shape[1])
                for one, (_, boxes_px) in zip(decoded, looks, strict=True)
            ]
        return answers

    def _decode(self, logits: np.ndarray, limits: Limits | None) -> Decoded:
        if limits is None:
            digits = self._digits
            limits = digits if digits and _nearly(logits, digits) else self._limits
        return decode(self.bundle.config.head, logits, limits)

    def _surely(self, media: bytes, logits: np.ndarray, limits: Limits | None = None) -> Decoded:
        """Return the reading of the first logits (T, K + 1) where it is sure; else look on until looks agree.

        Sure ones count most. Where they never agree, the text is taken that is likeliest on average over all looks.
        """
        first, seen = self._decode(logits, limits), [logits]
        if first.confidence >= SURE:
            return first
        weights, best = {first.ids.tobytes(): first.confidence**2}, {first.ids.tobytes(): first}
        for look in self.bundle.config.features.more_looks(media, self.spec):
            seen.append(self.logits(look[None])[0])
            one = self._decode(seen[-1], limits)
            text = one.ids.tobytes()
            weights[text] = weights.get(text, 0.0) + one.confidence**2
            best[text] = max(one, best.get(text, one), key=lambda each: each.confidence)
            if weights[text] >= AGREED:
                return best[text]
        if len(best) == 1:
            return next(iter(best.values()))
        head, allowed = self.bundle.config.head, (limits or self._limits).allowed

        def over_all(one: Decoded) -> float:
            return sum(likelihood(head, each, one.ids, allowed) for each in seen)

        leading = sorted(best, key=lambda text: weights[text])[-LEADING:]
        return max((best[text] for text in leading), key=over_all)

    def _answer(self, decoded: Decoded, elapsed_ms: float, boxes_px: tuple[Box, ...], steps: int) -> Answer:
        alphabet = self.spec.alphabet
        step_s = self.bundle.config.features.step_s(steps) if self.bundle.config.head == "ctc" else None
        characters = tuple(
            Character(
                alphabet[index - 1],
                float(probability),
                box_px=box_px,
                span_s=None if step_s is None else (float(start * step_s), float(end * step_s)),
            )
            for index, probability, (start, end), box_px in zip(
                decoded.ids, decoded.probabilities, decoded.spans, boxes_px or [None] * len(decoded.ids), strict=False
            )
        )
        answer = Answer(
            drawn_order("".join(c.character for c in characters)), decoded.confidence, characters, elapsed_ms
        )
        return answer.worked_out() if self.spec.answer == "arithmetic" else answer


@dataclass(frozen=True)
class Told:
    """A model that reads captchas of another specification than its own, and is told their alphabet and lengths.

    Whoever sees some of the captchas knows both. Answers are in the case that the alphabet has.
    """

    solver: Solver
    spec: CaptchaSpec

    def solve(self, media: Media) -> Answer:
        """Read one captcha.

        Raises:
            DataError: If the bytes cannot be read.
        """
        spec = self.spec
        answer = self.solver.solve(
            media, Limits.within(self.solver.spec, spec.alphabet, spec.min_length, spec.max_length)
        )
        text = "".join(self._written(one) for one in answer.text)
        answer = replace(answer, text=text, answer=None, refusal="")
        return answer.worked_out() if spec.answer == "arithmetic" else answer

    def attempt(self, media: Media) -> Answer | None:
        """Read one captcha, or return None where that cannot be done."""
        try:
            return self.solve(media)
        except DataError:
            return None

    def _written(self, character: str) -> str:
        other = character.swapcase()
        return other if character not in self.spec.alphabet and other in self.spec.alphabet else character


def _nearly(logits: np.ndarray, limits: Limits) -> bool:
    """Return whether texts within limits explain logits (T, K + 1) nearly as well as any others."""
    within = logits[:, limits.allowed].max(axis=-1)
    return float((logits.max(axis=-1) - within).sum()) < NEARLY_DIGITS
