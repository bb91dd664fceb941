"""What a model reads in captchas that nobody has labelled."""

from collections.abc import Sequence

from captcha_core.dataset.labelling import Guess
from captcha_core.progress.progress_bar import progress_bar
from captcha_core.solver import Solver
from captcha_core.spec.sample import Sample


def guesses_of(solver: Solver, samples: Sequence[Sample]) -> dict[str, Guess]:
    """Return a guess for each sample by its id; what cannot be read has no text and the confidence 0."""
    found = {}
    with progress_bar("reading", len(samples), "captchas") as advance:
        for sample in samples:
            found[sample.id] = Guess.of(solver.attempt(sample.media))
            advance(1)
    return found
