"""A scheme, a seed and indices to samples. Sample i depends on (seed, i) alone, however the work is cut up.

What draws is compiled: it is loaded with the first sample that is drawn, not by who only lists schemes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from captcha_core.errors import SpecError
from captcha_core.media.image import encode_png
from captcha_core.sources.programs.scheme import ProgramKnobs, program_arrays, program_samples
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.wild import scheme as wild
from captcha_core.sources.wild.site import SiteKnobs
from captcha_core.spec.sample import Sample

Arrays = np.ndarray | list[np.ndarray]


def texts(scheme: Scheme, seed: int, indices: range, oversample: str = "") -> list[str]:
    """Return the labels of samples: every length equally likely, then every character, but for ``wild`` and sums.

    Args:
        scheme: Whose texts.
        seed: Any whole number.
        indices: Of the samples.
        oversample: Characters that lie in the pool once more for each time they are named.

    Raises:
        SpecError: If one of those is not of the scheme's alphabet.
    """
    spec = scheme.spec
    if isinstance(scheme.knobs, ProgramKnobs):
        raise SpecError(
            f"expected texts of the program's own choice from {scheme.name}, received others; leave them out."
        )
    if strange := set(oversample) - set(spec.alphabet):
        raise SpecError(
            f"expected characters of {spec.alphabet!r} to oversample, received {''.join(sorted(strange))!r}; leave "
            "them out."
        )
    if isinstance(scheme.knobs, wild.WildKnobs) and not oversample:
        return wild.texts(spec, scheme.knobs, seed, indices)
    if spec.answer == "arithmetic":
        if oversample:
            raise SpecError(f"expected no oversample with the sums of {scheme.name}, received one; leave it out.")
        from captcha_core.sources.sums import sum_texts

        return sum_texts(spec, seed, indices)
    from captcha_core.sources.randomness import TEXT, random_bits

    pool = spec.alphabet + oversample
    bits = random_bits(seed, TEXT, indices, 1 + spec.max_length).astype(np.uint64)
    lengths = spec.min_length + (bits[:, 0] * np.uint64(spec.max_length - spec.min_length + 1) >> np.uint64(32)).astype(
        int
    )
    places = (bits[:, 1:] * np.uint64(len(pool)) >> np.uint64(32)).astype(int)
    return ["".join(pool[place] for place in row[:length]) for row, length in zip(places, lengths, strict=True)]


def draw_arrays(
    scheme: Scheme, seed: int, indices: range, texts: Sequence[str] | None = None, exact: bool = False
) -> tuple[Arrays, list[str]]:
    """Draw samples as arrays.

    Args:
        scheme: What to draw.
        seed: Any whole number.
        indices: Which samples.
        texts: Their labels; drawn from the seed when not given.
        exact: Draw images pixel for pixel as the package would; audio always is.

    Returns:
        Images: uint8 (B, H, W, C), of the schemes ``wild`` and ``site`` a list of uint8 (H, W, C). Audio: a list of
        float32 (N,) in [-1, 1]. And the labels.

    Raises:
        SpecError: If there is nothing to draw, a label does not fit the scheme, or the scheme cannot be drawn.
    """
    if isinstance(scheme.knobs, ProgramKnobs) and texts is None:
        return program_arrays(scheme, seed, indices)
    labels = _labels(scheme, seed, indices, texts)
    if isinstance(scheme.knobs, wild.WildKnobs):
        return wild.draw_batch(scheme.knobs, seed, indices, labels), labels
    if isinstance(scheme.knobs, SiteKnobs):
        from captcha_core.sources.wild import brush

        return brush.draw_batch(scheme.knobs, scheme.spec, seed, indices, labels), labels
    if scheme.spec.media == "image":
        from captcha_core.sources import image_render

        return image_render.draw_batch(scheme, seed, indices, labels, exact), labels
    from captcha_core.sources.audio_mix import draw_batch

    return draw_batch(scheme, seed, indices, labels), labels


def draw_samples(
    scheme: Scheme, seed: int, indices: range, texts: Sequence[str] | None = None, exact: bool = False
) -> list[Sample]:
    """Draw samples as files: PNG for images, FLAC for audio, a program's as they are. See :func:`draw_arrays`."""
    if isinstance(scheme.knobs, ProgramKnobs) and texts is None:
        return program_samples(scheme, seed, indices)
    arrays, labels = draw_arrays(scheme, seed, indices, texts, exact)
    return [
        _sample(scheme, seed, index, array, label) for index, array, label in zip(indices, arrays, labels, strict=True)
    ]


def _labels(scheme: Scheme, seed: int, indices: range, given: Sequence[str] | None) -> list[str]:
    if not len(indices) or min(indices) < 0:
        raise SpecError(f"expected at least one sample, numbered from 0, received {indices}; ask for a positive count.")
    if given is None:
        return texts(scheme, seed, indices)
    if len(given) != len(indices):
        raise SpecError(f"expected {len(indices)} labels, one for each sample, received {len(given)}.")
    return [scheme.spec.label(text) for text in given]


def _sample(scheme: Scheme, seed: int, index: int, array: np.ndarray, label: str) -> Sample:
    origin: dict[str, Any] = {"source": "generated", "scheme": scheme.name, "seed": seed, "index": index}
    if scheme.spec.media == "image":
        return Sample(encode_png(array), label, f"{index:07d}_{label}.png", origin)
    from captcha_core.media.audio import encode_flac

    return Sample(encode_flac(array, scheme.spec.rate_hz), label, f"{index:07d}_{label}.flac", origin)
