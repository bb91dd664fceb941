"""A program's captchas as a scheme: drawn into data sets and learnt from as a stream, like our own."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from captcha_core.errors import DataError, SpecError
from captcha_core.media.sniff import suffix_of
from captcha_core.sources.programs.process import Drawn, Program
from captcha_core.sources.scheme import Knobs, Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

ENOUGH = 20  # captchas at once, from which on repetition is no accident
DIFFERENT = 0.5  # of them have to be


class ProgramKnobs(Knobs):
    """How captchas are asked of a program.

    Args:
        command: The program and its arguments.
        seconds: Longest time for an answer.
        memory_mb: Most memory of it and its children.
        reproducible: Whether it draws the same again for the same seed and index.
    """

    command: tuple[str, ...] = Field(min_length=1)
    seconds: float = Field(20.0, gt=0)
    memory_mb: int = Field(2048, ge=16)
    reproducible: bool = False

    def ask(self, seed: int, indices: Sequence[int]) -> list[Drawn]:
        """Return captchas of the program that this process runs; it is started where none is.

        Raises:
            DataError: If it fails, repeats itself, or calls the same captcha by two texts.
        """
        with _lock:
            key = os.getpid(), self.command
            if key not in _running or _running[key].closed:
                _running[key] = Program(self.command, self.seconds, self.memory_mb)
            program = _running[key]
        drawn = program.ask(seed, indices)
        _check(drawn, program.name)
        return drawn


_lock = threading.Lock()
_running: dict[tuple[int, tuple[str, ...]], Program] = {}


def _check(drawn: Sequence[Drawn], name: str) -> None:
    texts: dict[bytes, set[str]] = defaultdict(set)
    for one in drawn:
        texts[one.media].add(one.text)
    two = next((sorted(several) for several in texts.values() if len(several) > 1), None)
    if two:
        raise DataError(
            f"expected one text for each captcha of the program {name}, received {two[0]!r} and {two[1]!r} for one; "
            "correct the program."
        )
    if len(drawn) >= ENOUGH and len(texts) < DIFFERENT * len(drawn):
        raise DataError(
            f"expected new captchas of the program {name}, received {len(texts):,} different ones in {len(drawn):,}; "
            "let it use the seed and the index, or none of its own that is fixed."
        )


def program_samples(scheme: Scheme, seed: int, indices: range) -> list[Sample]:
    """Return a program's captchas as it has drawn them.

    Raises:
        DataError: If the program fails, or a captcha is none of the scheme's specification.
    """
    return list(_samples(scheme, seed, indices))


def program_arrays(scheme: Scheme, seed: int, indices: range) -> tuple[list[np.ndarray], list[str]]:
    """Return a program's captchas as pixels uint8 (H, W, C) or samples float32 (N,), and their texts."""
    samples = program_samples(scheme, seed, indices)
    return [_decoded(sample.media, scheme.spec) for sample in samples], [sample.text or "" for sample in samples]


def _samples(scheme: Scheme, seed: int, indices: range) -> Iterator[Sample]:
    knobs = scheme.knobs
    assert isinstance(knobs, ProgramKnobs)
    for index, drawn in zip(indices, knobs.ask(seed, indices), strict=True):
        try:
            text = scheme.spec.label(drawn.text)
        except SpecError as error:
            raise DataError(
                f"expected captchas of {scheme.name} like its first ones, received another ({error}); say what there "
                "can be with --alphabet, --min-length and --max-length."
            ) from None
        origin: dict[str, Any] = {"source": "program", "scheme": scheme.name, "seed": seed, "index": index}
        yield Sample(drawn.media, text, f"{index:07d}_{text}{suffix_of(drawn.media)}", origin)


def _decoded(media: bytes, spec: CaptchaSpec) -> np.ndarray:
    if spec.media == "audio":
        from captcha_core.media.audio import decode_audio

        return decode_audio(media, spec.rate_hz, spec.seconds)
    from captcha_core.media.image import decode_image

    return decode_image(media, spec.channels or 1, frame=spec.frame)
