"""What a letters network learns from in place of captchas: a data set of letters, or a folder for each character."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import DataError, SpecError
from captcha_core.features.batches import array_batches
from captcha_core.features.contract import Features
from captcha_core.progress import console
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_survey import SpecOverrides, fit, spec_of, survey
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.training.config import TrainingConfig
from captcha_core.workflows.data import Cache, TrainingData, get_or_make, loaded, require_same_spec

REGROUPS = 4  # captchas that a single letter is put into


def from_letters(
    letters: Path,
    dataset: Dataset,
    spec: CaptchaSpec,
    features: Features,
    config: TrainingConfig,
    cache: Cache | None = None,
) -> TrainingData:
    """Single letters to learn from, regrouped at random into captchas; whole captchas to steer by.

    Args:
        letters: Data set whose texts are one character each, or a folder with a folder of pictures a character.
        dataset: Captchas; its validation split is read.
        spec: Of the captchas.
        features: Of a letters network.
        config: The recipe.
        cache: Keeps what is read for the next training.

    Raises:
        SpecError: If the network reads no letters, or a letter is outside the captchas' alphabet.
        DataError: If a split is empty, or the letters are no single letters.
    """
    single = features.letter
    if single is None:
        raise SpecError("expected a letters network with --letters, received another; choose --network letters.")
    require_same_spec(dataset, spec)
    where = letters.resolve()

    def read() -> tuple[np.ndarray, list[str], str, Mapping[str, int]]:
        with _opened(letters, spec) as source:
            return *loaded(source, "train", single), source.digest, source.counts

    x, texts, digest, counts = get_or_make(cache, (str(where), single.model_dump_json()), read)
    rows = _regrouped(len(x), spec.max_length, config.seed)
    batches = array_batches(
        x[rows, 0],
        ["".join(texts[index] for index in row) for row in rows],
        spec,
        config.batch_size,
        config.seed,
        features.augmentation(config.augment),
    )
    validation = loaded(dataset, "validation", features, cache)
    return TrainingData(batches, validation, where.name, digest, counts, str(where))


@contextmanager
def _opened(place: Path, spec: CaptchaSpec) -> Iterator[Dataset]:
    """Open a data set of single letters; a folder is imported into a passing one, all of it to learn from."""
    if (place / MANIFEST).is_file() or not place.is_dir():
        dataset = Dataset.open(place)
        if dataset.spec.max_length != 1:
            raise DataError(
                f"expected a data set of single letters, received {place} with texts of up to "
                f"{dataset.spec.max_length}; make one with captchalab letters."
            )
        yield dataset
        return
    listing = list_labelled(place, "folder")
    if not any(len(entry.text or "") == 1 for entry in listing.entries):
        raise DataError(
            f"expected a data set of single letters, or a folder for each character, received {place} with neither; "
            "make one with captchalab letters."
        )
    seen = survey(listing, case_sensitive=spec.case_sensitive)
    one = spec_of(seen, SpecOverrides(spec.alphabet, 1, 1, spec.case_sensitive))
    fit(seen, one)
    if seen.rejects:
        first = seen.rejects[0]
        console.print(f"letters: {len(seen.rejects):,} files left out, {first.name} for one: {first.reason}")
    with tempfile.TemporaryDirectory() as folder:
        yield write_import(Path(folder) / "letters", listing, seen, one, split="1/0/0")


def _regrouped(count: int, length: int, seed: int) -> np.ndarray:
    """Return which letters make up each captcha, (N, L); every letter is in about ``REGROUPS`` of them."""
    order = np.concatenate([np.random.default_rng([seed, run]).permutation(count) for run in range(REGROUPS * length)])
    return order.reshape(-1, length)
