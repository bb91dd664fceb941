"""A scheme for captchas of which nobody has labels: what ``captchalab imitate`` does, for Python."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from captcha_core.errors import DataError
from captcha_core.media.image import decode_image
from captcha_core.solver import Solver
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.scheme_files import as_yaml
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.answer import Answer
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.workflows.imitating.evolve import Candidate, Evolution, Values, tidied
from captcha_core.workflows.imitating.likeness import Likeness, describe
from captcha_core.workflows.imitating.traits import Traits, guessed_alphabet, guessed_lengths, read_traits

LEAST, MOST = 20, 300  # pictures that are looked at
BASE = "site"
POOL = 100  # pictures of all kinds that say how much pictures vary
DRAWN, JUDGED = 24, 96  # of each setting in the search, and of the best at its end
VARIANTS = 6  # settings in the scheme: one alone would be too narrow
TRIALS, SECONDS = 700, 240.0
UNSURE = 0.05  # mean confidence of a reader below which its guesses say nothing


@dataclass(frozen=True)
class Imitation:
    """A fitted scheme, and how near it comes.

    Attributes:
        distance: Of its captchas to the given ones.
        pool: Of all kinds of captchas.
        tried: Settings.
        answers: What the reader made of the given captchas.
    """

    scheme: Scheme
    distance: float
    pool: float
    tried: int
    traits: Traits
    answers: Sequence[Answer]

    def to_yaml(self) -> str:
        """Return the scheme as a file: what differs from its base, and of variants what differs from the rest."""
        whole = self.scheme.knobs.model_dump(mode="json")
        variants = whole.pop("variants")
        differing = [{name: one[name] for name in whole if one[name] != whole[name]} for one in variants]
        shown = self.scheme.knobs.model_dump(mode="json", exclude_defaults=True)
        return as_yaml(self.scheme, BASE, {**shown, "variants": differing})


def imitate(
    media: Iterable[bytes],
    name: str,
    *,
    alphabet: str = "",
    lengths: tuple[int, int] | None = None,
    model: str = "builtin",
    trials: int = TRIALS,
    seconds: float = SECONDS,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Imitation:
    """Fit a scheme to captchas without labels.

    Sizes, colours, extent and kind of file are read off; lengths and alphabet are what a reader guesses; everything
    else is searched for, so that captchas drawn by the scheme are, to a reader, most like those given.

    Args:
        media: Files, of which at most 300 are looked at.
        name: Of the scheme.
        alphabet: Characters there can be; by default what the reader sees.
        lengths: The least and greatest; by default what the reader sees.
        model: The reader.
        trials: Settings that are tried, at most.
        seconds: Processor time of the search, at most.
        seed: Decides the search, where ``seconds`` does not end it.
        progress: Called with 1 for each setting tried.

    Raises:
        DataError: If there are too few pictures, or the reader cannot tell their characters.
    """
    files = [one for _, one in zip(range(MOST), media, strict=False)]
    if len(files) < LEAST:
        raise DataError(f"expected at least {LEAST} captchas to imitate, received {len(files)}; collect more.")
    pictures = [decode_image(one, 3) for one in files]
    traits = read_traits(pictures, files)
    answers = Solver.load(model).solve_many(files)
    if not alphabet and np.mean([answer.confidence for answer in answers]) < UNSURE:
        raise DataError(
            "expected captchas of which the reader can tell some characters, received others (mean confidence under "
            f"{UNSURE}); give their --alphabet and --length."
        )
    least, most = lengths or guessed_lengths(answers)
    scheme = _base(name, traits, alphabet or guessed_alphabet(answers), least, most)
    likeness = Likeness(describe(pictures), _pool(seed))
    best, tried = _search(scheme, traits, likeness, trials, seconds, seed, progress)
    fitted = scheme.turned(**traits.knobs, variants=[tidied(one.values) for one in best])
    drawn = describe(draw_arrays(fitted, seed + 1, range(2 * JUDGED))[0])
    return Imitation(fitted, likeness.distance(drawn), likeness.distance(_pool(seed + 1)), tried, traits, answers)


def _base(name: str, traits: Traits, alphabet: str, least: int, most: int) -> Scheme:
    base = get_scheme(BASE)
    height, width = traits.size_px
    both = len(set(alphabet.casefold())) < len(alphabet)
    fields = {
        "alphabet": alphabet, "min_length": least, "max_length": most, "height_px": height, "width_px": width,
        "case_sensitive": both,
    }  # fmt: skip
    spec = CaptchaSpec.build(**{**base.spec.model_dump(), **fields})
    return base.model_copy(update={"name": name, "spec": spec, "description": "Fitted by captchalab imitate."})


def _pool(seed: int) -> np.ndarray:
    """Return the numbers of captchas of all kinds."""
    return describe(draw_arrays(get_scheme("wild"), seed, range(POOL))[0])


def _search(
    scheme: Scheme,
    traits: Traits,
    likeness: Likeness,
    trials: int,
    seconds: float,
    seed: int,
    progress: Callable[[int], None],
) -> tuple[list[Candidate], int]:
    def measure(values: Values, count: int = DRAWN, first: int = 0) -> float:
        drawn, _ = draw_arrays(scheme.turned(**{**traits.knobs, **values}), seed, range(first, first + count))
        return likeness.distance(describe(drawn))

    evolution = Evolution(traits, measure, seed)
    found = evolution.run(trials, seconds, progress)
    judged = sorted(Candidate(measure(one.values, JUDGED, DRAWN), one.values) for one in found)  # on others: no luck
    return _different(judged)[:VARIANTS], evolution.tried


def _different(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates without those that are as another one in all that shows."""
    seen: dict[Any, Candidate] = {}
    for one in candidates:
        seen.setdefault(repr(sorted(one.values.items())), one)
    return list(seen.values())
