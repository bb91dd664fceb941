"""What a training reads: batches, a validation set and a test set, from a live stream, a data set or single letters."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from captcha_core.dataset.generate import GenerationRequest, Source, write_drawn
from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.store import MANIFEST, Dataset, no_labels, require_same_spec
from captcha_core.errors import DataError, SpecError
from captcha_core.features.batches import Batches, array_batches, bytes_of, shard_batches
from captcha_core.features.contract import Features
from captcha_core.features.letters import NoLetters
from captcha_core.features.live import growing_batches, stream_batches
from captcha_core.progress import console, progress_bar
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.reference import is_drawable
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.captcha import CaptchaSpec, drawn_order
from captcha_core.spec.sample import Sample
from captcha_core.training.config import TrainingConfig
from captcha_core.training.diagnosis import Remark, diagnose_labels

VALIDATION_SEED = 2**31  # added to the seed, so that validation never meets the training stream
TEST_SEED = 2**33
MOST_ARRAY_BYTES = 2**30  # of features: a larger train split is read from its shards again and again
MOST_VALIDATION = 20_000  # captchas of a data set that are read after each epoch
REGROUPS = 4  # captchas that a single letter is put into


@dataclass(frozen=True)
class DataSource:
    """What runs log of the data of a training, known before it is read; a stream's digest names what determines it."""

    name: str
    digest: str
    counts: Mapping[str, int]
    where: str

    @classmethod
    def of_stream(cls, scheme: Scheme, config: TrainingConfig) -> "DataSource":
        """Return what tells a live stream apart from others."""
        digest = f"stream:{scheme.name}:{config.seed}"
        return cls(scheme.name, digest, {"validation": config.validation_samples}, f"scheme:{scheme.name}")

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> "DataSource":
        """Return what tells a data set apart from others."""
        where = Path(dataset.path).resolve()
        return cls(where.name, dataset.digest, dataset.counts, str(where))


@dataclass(frozen=True)
class TrainingData:
    """Everything that one training reads: batches from any position on, and features (N, ...) and texts to steer by.

    ``everything`` are batches of both, where the recipe's last epochs meet each sample.
    """

    batches: Batches
    validation: tuple[np.ndarray, Sequence[str]]
    source: DataSource
    remarks: Sequence[Remark] = ()
    everything: Batches | None = None


T = TypeVar("T")
Cache = dict[Any, Any]  # what was read before, for trainings one after the other on the same data


def get_or_make(cache: Cache, key: Any, make: Callable[[], T]) -> T:
    """Return what the cache holds under a key; make it and put it there where there is nothing yet."""
    if key not in cache:
        cache[key] = make()
    found: T = cache[key]
    return found


def from_stream(scheme: Scheme, features: Features, config: TrainingConfig, cache: Cache) -> TrainingData:
    """Fresh samples without end; no sample is seen twice, but of a program that draws slower than is learnt."""

    def draw() -> tuple[np.ndarray, Sequence[str]]:
        arrays, texts = draw_arrays(scheme, config.seed + VALIDATION_SEED, range(config.validation_samples))
        return features.encode(arrays), texts

    key = (scheme.digest, config.seed, config.validation_samples, features.model_dump_json())
    validation = get_or_make(cache, key, draw)
    if config.workers or isinstance(scheme.knobs, ProgramKnobs):
        distort = features.augmentation(config.augment)
        batches = growing_batches(scheme, features, config.batch_size, config.seed, distort, config.workers)
    else:
        batches = stream_batches(scheme, features, config.batch_size, config.seed, config.threads, config.oversample)
    return TrainingData(batches, validation, DataSource.of_stream(scheme, config))


def from_dataset(
    dataset: Dataset, spec: CaptchaSpec, features: Features, config: TrainingConfig, cache: Cache
) -> TrainingData:
    """A data set's train split, shuffled and augmented, in memory or from its shards; its validation split to steer by.

    Raises:
        DataError: If a split is empty or the data set is of another specification.
    """
    require_same_spec(dataset, spec)
    augment, everything = features.augmentation(config.augment), None
    validation = loaded(dataset, "validation", features, cache, MOST_VALIDATION)
    if dataset.counts["train"] * bytes_of(features) > MOST_ARRAY_BYTES:
        texts = [text for text in dataset.texts("train") if text is not None]
        batches = shard_batches(dataset, "train", features, config.batch_size, config.seed, augment)
    else:
        x, texts = loaded(dataset, "train", features, cache)
        batches = array_batches(x, texts, spec, config.batch_size, config.seed, augment)
        if len(x) + len(validation[0]) <= config.last_samples:
            both = np.concatenate([x, validation[0]]), [*texts, *validation[1]]
            everything = array_batches(*both, spec, config.batch_size, config.seed, augment)
    remarks = diagnose_labels(texts, validation[1])
    return TrainingData(batches, validation, DataSource.of_dataset(dataset), remarks, everything)


def from_letters(
    letters: Path,
    dataset: Dataset,
    spec: CaptchaSpec,
    features: Features,
    config: TrainingConfig,
    cache: Cache,
) -> TrainingData:
    """Single letters to learn from, regrouped at random into captchas; whole captchas to steer by.

    ``letters`` is a data set whose texts are one character each, or a folder with a folder of pictures a character.

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
            return *loaded(source, "train", single, {}), source.digest, source.counts

    x, texts, digest, counts = get_or_make(cache, (str(where), single.model_dump_json()), read)
    rows = _regrouped(len(x), spec.max_length, config.seed)
    batches = array_batches(
        x[rows, 0],
        [drawn_order("".join(texts[index] for index in row)) for row in rows],
        spec,
        config.batch_size,
        config.seed,
        features.augmentation(config.augment),
    )
    validation = loaded(dataset, "validation", features, cache)
    return TrainingData(batches, validation, DataSource(where.name, digest, counts, str(where)))


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
    try:
        listing = list_labelled(place, "folder")
        found = any(len(entry.text or "") == 1 for entry in listing.entries)
    except DataError:  # no folder names a text
        found = False
    if not found:
        raise DataError(
            f"expected a data set of single letters, or a folder for each character, received {place} with neither; "
            "make one with captchalab letters."
        )
    seen = survey(listing, case_sensitive=spec.case_sensitive)
    one = spec_of(seen, SpecOverrides(1, 1, spec.alphabet, spec.case_sensitive))
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


def test_dataset(scheme: Scheme, count: int, folder: Path) -> Dataset:
    """Return the data set in a folder with fresh samples that training never draws; the same bytes everywhere.

    Schemes of the captcha package are drawn its way, pixel for pixel and clip for clip, but from a seed, which the
    package does not take: so two people's figures are of the same samples.

    Raises:
        DataError: If the folder holds something else.
    """
    own: Source = "exact" if is_drawable(scheme) else "fast"
    source: Source = "program" if isinstance(scheme.knobs, ProgramKnobs) else own
    if (folder / MANIFEST).is_file() and Dataset.open(folder).manifest.source == "package":
        raise DataError(
            f"expected test captchas of {scheme.name} drawn from a seed in {folder}, received some of an earlier "
            "version that nobody can draw again; rename that folder, then they are drawn anew."
        )
    request = GenerationRequest(scheme, count, seed=TEST_SEED, source=source, split=f"0/0/{count}")
    with progress_bar("drawing", count) as advance:
        return write_drawn(folder, request, workers=os.cpu_count() or 1, progress=advance)


def labelled(dataset: Dataset, split: str) -> list[Sample]:
    """Return the labelled samples of a split.

    Raises:
        DataError: If there are none.
    """
    require_labels(dataset, split)
    return [sample for sample in dataset.samples(split) if sample.text is not None]


def require_labels(dataset: Dataset, split: str) -> None:
    """Raises: DataError: If nothing in a split is labelled."""
    if all(text is None for text in dataset.texts(split)):
        raise no_labels(dataset, split)


def rows_digest(dataset: Dataset, *splits: str) -> str:
    """Return a digest of the samples of some splits and of their labels; no other split counts."""
    rows = [(split, *row) for split in splits for row in zip(dataset.ids(split), dataset.texts(split), strict=True)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def loaded(
    dataset: Dataset, split: str, features: Features, cache: Cache, most: int | None = None
) -> tuple[np.ndarray, list[str]]:
    """Return features (N, ...) and texts of a split's labelled samples; what cannot be cut into letters stays empty.

    Args:
        most: So many samples, evenly spread over the split, where it holds more.

    Raises:
        DataError: If there are none.
    """
    key = (str(dataset.path), split, features.model_dump_json(), most)
    return get_or_make(cache, key, lambda: _read(dataset, split, features, most))


def _read(dataset: Dataset, split: str, features: Features, most: int | None) -> tuple[np.ndarray, list[str]]:
    require_labels(dataset, split)
    held = sum(text is not None for text in dataset.texts(split))
    wanted = held if most is None else min(held, most)
    chosen = dataset.samples(split) if wanted == held else dataset.spread(split, wanted)
    samples = (sample for sample in chosen if sample.text is not None)
    x = np.zeros((wanted, *features.shape), dtype=features.dtype)
    texts: list[str] = []
    uncut = 0
    for sample in samples:
        try:
            x[len(texts)] = features.from_media(sample.media, dataset.spec)
        except NoLetters:  # empty squares: nothing is learnt from them, and they are not read
            uncut += 1
        texts.append(sample.text or "")
    if uncut:
        console.print(f"{split}: {uncut:,} of {len(texts):,} captchas could not be cut into letters")
    return x[: len(texts)], texts
