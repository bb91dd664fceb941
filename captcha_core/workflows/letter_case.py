"""Whether labels keep the case of the letters in their pictures: many people write small letters whatever they see."""

from collections.abc import Callable, Sequence

from captcha_core.models.decode import Limits
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.sources.folders import Listing, read_sample
from captcha_core.sources.import_spec import observed_alphabet
from captcha_core.sources.programs.scheme import program_samples
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

LOOKED_AT = 60  # captchas
TOLD_APART = set("abdefghijlmnqrty")  # the other letters have one shape in both cases, but for its size
ENOUGH = 30  # letters that are read as they are labelled, whatever their case
OTHER_CASE = 0.15  # share of them in the other case from which labels do not keep it; readers err in a few per cent
KEEPS_IT = "So case does not matter here; --alphabet with both cases, at import or generate, keeps it."
NOTES = {
    "image": "The labels do not keep the case of the letters: the builtin reader sees capitals where small letters are "
    f"written, or the other way round. {KEEPS_IT}",
    "audio": f"Spoken letters have no case. {KEEPS_IT}",
}


def ignores_case(listing: Listing, spec: CaptchaSpec) -> bool:
    """Return whether the labels of pictures are written in another case than what the pictures show.

    The builtin reader looks at some of them. Where it can tell too few letters, the labels are believed. Spoken letters
    have no case: a label of a clip with a capital here and there says how somebody typed.
    """
    entries = [entry for entry in listing.entries if entry.text]
    some = entries[:: max(1, len(entries) // LOOKED_AT)][:LOOKED_AT]
    return _ignored(spec, lambda: [read_sample(listing.files, entry) for entry in some])


def in_case_of_pictures(scheme: Scheme, tell: Callable[[str], None]) -> Scheme:
    """Return a program's scheme; where its texts are in another case than its pictures, case does not matter in it.

    Args:
        tell: Told so, in a sentence.

    Raises:
        DataError: If the program fails.
    """
    spec = scheme.spec
    if not _ignored(spec, lambda: program_samples(scheme, 0, range(LOOKED_AT))):
        return scheme
    tell(NOTES[spec.media])
    alphabet = observed_alphabet(spec.alphabet, case_sensitive=False, signs=True)
    folded = CaptchaSpec.build(**{**spec.model_dump(), "alphabet": alphabet, "case_sensitive": False})
    return scheme.model_copy(update={"spec": folded})


def _ignored(spec: CaptchaSpec, samples: Callable[[], Sequence[Sample]]) -> bool:
    if spec.folds_case or not _mixed(spec.alphabet):
        return False
    if spec.media == "audio":
        return True
    share = other_case_share(samples(), spec)
    return share is not None and share > OTHER_CASE


def other_case_share(samples: Sequence[Sample], spec: CaptchaSpec) -> float | None:
    """Return the share of letters that a picture shows in the other case than its label; None if too few are read."""
    solver = Solver.load(BUILTIN)
    limits = Limits.within(solver.spec, spec.alphabet, spec.min_length, spec.max_length)
    other = []
    for sample in samples:
        answer, label = solver.attempt(sample.media, limits), sample.text or ""
        if answer is not None and answer.text.casefold() == label.casefold():
            pairs = zip(label, answer.text, strict=True)
            other += [written != seen for written, seen in pairs if seen.casefold() in TOLD_APART]
    return sum(other) / len(other) if len(other) >= ENOUGH else None


def _mixed(alphabet: str) -> bool:
    return any(one.islower() for one in alphabet) and any(one.isupper() for one in alphabet)
