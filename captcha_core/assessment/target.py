"""What is assessed: a scheme that can be drawn, a data set, or a folder of labelled files."""

from dataclasses import dataclass
from pathlib import Path

from captcha_core.dataset.generate import GenerationRequest, Source, write_drawn
from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.labels import LabelLog, tally
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import DataError
from captcha_core.progress import progress_bar
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.sources.reference import is_drawable
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import SCHEMES, get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.yaml_files import is_yaml

SEED = 2**34  # of the captchas that a scheme is judged by: neither trainings nor test sets draw from it
LABELS, TESTS = 400, 1000  # captchas of a scheme that attackers may have labelled, and that judge them
TEST_SHARE = 0.2  # of a data set that has no test split
LABEL_S = 5.0  # a typed label takes so long where nobody measured it


@dataclass(frozen=True)
class Target:
    """A captcha to be assessed.

    Args:
        where: What it was opened by.
        name: Of the scheme, the data set's folder, or the folder.
        spec: What its captchas are.
        pool: Labelled captchas that an attacker may learn from.
        tested: Labelled captchas that he never sees, which judge him.
        scheme: What draws it, None for data.
        digest: Of the data set.
        label_s: Seconds that a label takes.
        remarks: What a reader of the report has to know about it.
    """

    where: str
    name: str
    spec: CaptchaSpec
    pool: list[Sample]
    tested: list[Sample]
    scheme: Scheme | None
    digest: str
    label_s: float = LABEL_S
    remarks: tuple[str, ...] = ()


def open_target(what: str, work: Path) -> Target:
    """Open a scheme by its name or its file, a data set, or a folder or archive of labelled files, which is imported.

    Args:
        work: Folder for what is drawn or imported; what is there from an earlier call is used again.

    Raises:
        SpecError: If a scheme cannot be drawn, or a file's label cannot be.
        DataError: If there is no such thing, or nothing in it is labelled.
    """
    if what in SCHEMES or is_yaml(what):
        return _drawn(what, get_scheme(what), work / "drawn")
    place = Path(what)
    if not place.exists():
        raise DataError(
            f"expected a scheme ({', '.join(SCHEMES)} or a YAML file), a data set or a folder of labelled captchas, "
            f"received {what!r}; correct it."
        )
    dataset, remarks = (
        (Dataset.open(place), []) if (place / MANIFEST).is_file() else _imported(place, work / "imported")
    )
    return _given(what, dataset, remarks)


def _drawn(where: str, scheme: Scheme, folder: Path) -> Target:
    source: Source = "exact" if is_drawable(scheme) else "fast"
    request = GenerationRequest(scheme, LABELS + TESTS, SEED, source, split=f"{LABELS}/0/{TESTS}")
    with progress_bar("drawing", LABELS + TESTS) as advance:
        dataset = write_drawn(folder, request, progress=advance)
    pool, tested = list(dataset.samples("train")), list(dataset.samples("test"))
    return Target(where, scheme.name, scheme.spec, pool, tested, scheme, dataset.digest)


def _imported(place: Path, folder: Path) -> tuple[Dataset, list[str]]:
    listing = list_labelled(place)
    with progress_bar(f"reading {place}", len(listing.entries), "files") as advance:
        seen = survey(listing, advance)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    with progress_bar("importing", len(seen.files)) as advance:
        dataset = write_import(folder, listing, seen, spec, split="0.7/0.1/0.2", progress=advance)
    remarks = [f"Labels: {listing.reading.words}, as in {listing.reading.examples(3)}."]
    if seen.rejects:
        remarks.append(f"{len(seen.rejects):,} files could not be used, {seen.rejects[0].name} for one.")
    return dataset, remarks


def _given(where: str, dataset: Dataset, remarks: list[str]) -> Target:
    labelled = {
        split: [sample for sample in dataset.samples(split) if sample.text is not None] for split in dataset.counts
    }
    pool, tested = labelled["train"] + labelled["validation"], labelled["test"]
    if not pool and not tested:
        raise DataError(
            f"expected labelled captchas in {dataset.path}, received none; label some on the dashboard's Label page, "
            "write them out with captchalab labels, and assess that."
        )
    if not tested:
        pool, tested = _held_out(pool)
        remarks = [*remarks, f"It has no labelled test split: {len(tested):,} captchas, a fifth, were held out."]
    speed = tally(LabelLog.of(dataset.path, dataset.spec).read()[0]).per_minute
    label_s = 60 / speed if speed else LABEL_S
    name, said = Path(where).resolve().name, (*remarks, *_odd(pool + tested))
    return Target(where, name, dataset.spec, pool, tested, None, dataset.digest, label_s, said)


def _held_out(samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Return what is left and what is held out, by the hash of the content, so that it is the same every time."""
    ranked = sorted(samples, key=lambda sample: sample.id)
    count = max(1, round(TEST_SHARE * len(ranked)))
    return ranked[count:], ranked[:count]


def _odd(samples: list[Sample]) -> list[str]:
    texts = {sample.text for sample in samples}
    if len(texts) == 1:
        return [f"Every captcha has the text {texts.pop()!r}: whoever types it always passes, and reads nothing."]
    return []
