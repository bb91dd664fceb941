"""What the Data page knows of a data set: balance, repetitions, leakage between splits, and its samples."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from dashboard.tracking.records import RunRecord

MOST_ROWS = 300_000  # beyond that, texts and hashes of the first shards stand for all


@dataclass(frozen=True)
class DataSetSummary:
    """What is in a data set, without its media.

    Args:
        labels: Per split, the texts in the order of the samples, None where nobody has read the captcha yet.
        ids: Per split, the content hashes in that order.
        complete: Whether every sample was looked at.
    """

    labels: Mapping[str, Sequence[str | None]]
    ids: Mapping[str, Sequence[str]]
    complete: bool

    @property
    def unlabelled(self) -> int:
        """How many captchas nobody has read."""
        return sum(label is None for labels in self.labels.values() for label in labels)

    def characters(self) -> pd.DataFrame:
        """Return how often each character occurs: ``character``, ``split``, ``count``."""
        return self._counted("character", lambda text: text)

    def lengths(self) -> pd.DataFrame:
        """Return how often each length occurs: ``length``, ``split``, ``count``."""
        return self._counted("length", lambda text: [len(text)])

    def _counted(self, name: str, parts: Callable[[str], Iterable[str | int]]) -> pd.DataFrame:
        rows = [
            (part, split, number)
            for split, labels in self.labels.items()
            for part, number in sorted(Counter(part for text in labels if text for part in parts(text)).items())
        ]
        return pd.DataFrame(rows, columns=[name, "split", "count"])

    def repeated(self) -> int:
        """Return how many samples occur more than once, whatever their split."""
        counts = Counter(identity for ids in self.ids.values() for identity in ids)
        return sum(number - 1 for number in counts.values())

    def leaked(self) -> int:
        """Return how many samples of the validation and test splits are in the train split too, byte for byte."""
        train = set(self.ids.get("train", ()))
        return sum(identity in train for split in ("validation", "test") for identity in set(self.ids.get(split, ())))

    def repetitions(self) -> pd.DataFrame:
        """Return the samples that occur more than once, leaks first.

        Returns:
            ``id``, ``times``, ``splits`` (of each copy, with commas), ``texts`` (the different ones), ``leaks``
            (whether it is in train and in another split) and ``disagree`` (whether its labels differ).
        """
        found: dict[str, list[tuple[str, str | None]]] = {}
        for split, ids in self.ids.items():
            for identity, text in zip(ids, self.labels[split], strict=True):
                found.setdefault(identity, []).append((split, text))
        rows = []
        for identity, copies in found.items():
            if len(copies) < 2:
                continue
            splits = [split for split, _ in copies]
            texts = sorted({text for _, text in copies if text is not None})
            leaks = "train" in splits and len(set(splits)) > 1
            rows.append((identity, len(copies), ", ".join(splits), ", ".join(texts), leaks, len(texts) > 1))
        frame = pd.DataFrame(rows, columns=["id", "times", "splits", "texts", "leaks", "disagree"])
        return frame.sort_values(["leaks", "disagree", "times"], ascending=False, kind="stable").reset_index(drop=True)

    def shared_texts(self) -> float:
        """Return the share of the test split's texts that the train split has too (in other pictures)."""
        train = {text for text in self.labels.get("train", ()) if text}
        test = [text for text in self.labels.get("test", ()) if text]
        return sum(text in train for text in test) / len(test) if test else 0.0


@st.cache_data(ttl=600, max_entries=8, show_spinner=False)
def summarise(folder: str, digest: str) -> DataSetSummary:
    """Look through a data set; the digest makes sure that a changed one is looked through again.

    Raises:
        DataError: If a shard is damaged.
    """
    dataset = Dataset.open(folder)
    splits = [split for split in SPLITS if dataset.counts[split]]
    rows, labels, ids = 0, {}, {}
    for split in sorted(splits, key=lambda name: dataset.counts[name]):
        if rows + dataset.counts[split] > MOST_ROWS:
            continue
        labels[split], ids[split] = dataset.texts(split), dataset.ids(split)
        rows += dataset.counts[split]
    return DataSetSummary(
        {split: labels[split] for split in splits if split in labels},
        {split: ids[split] for split in splits if split in ids},
        len(labels) == len(splits),
    )


def page_of(dataset: Dataset, split: str, indices: Sequence[int]) -> list[Sample]:
    """Return the samples at some places of a split; reading stops after the last."""
    wanted, found = set(indices), []
    for index, sample in enumerate(dataset.samples(split)):
        if index in wanted:
            found.append(sample)
            wanted.discard(index)
            if not wanted:
                break
    return found


def matching(labels: Sequence[str | None], text: str) -> list[int]:
    """Return the places of the labels that hold a text; empty: all."""
    return [index for index, label in enumerate(labels) if not text or (label and text in label)]


def describe(spec: CaptchaSpec) -> str:
    """Return a specification in a line."""
    span = str(spec.min_length) if spec.fixed_length else f"{spec.min_length} to {spec.max_length}"
    alphabet = spec.alphabet if len(spec.alphabet) <= 40 else f"{spec.alphabet[:37]}..."
    if spec.media == "image":
        height_px, width_px = spec.size_px
        media = (
            f"Images of {height_px} x {width_px} pixels (height x width), {'colour' if spec.channels == 3 else 'grey'}"
        )
    else:
        media = f"Clips of up to {spec.seconds:g} s at {spec.rate_hz:,} Hz"
    case = ", capital or not" if spec.folds_case else ""
    length = f"texts of {span} character{'' if span == '1' else 's'}"
    return f"{media}; {length}, out of {len(spec.alphabet)}: {alphabet}{case}"


def origin(dataset: Dataset) -> str:
    """Return where a data set comes from, in words."""
    scheme = f" by the scheme {dataset.scheme}" if dataset.scheme else ""
    seed = "" if dataset.seed is None else f", seed {dataset.seed}"
    drawn = f"Drawn{scheme}{seed}"
    known = {"fast": drawn, "exact": drawn, "drawn": drawn, "import": "Imported from files"}
    other = {"package": f"Drawn{scheme} with the captcha package", "program": f"Drawn{scheme} by another program"}
    return (known | other).get(dataset.manifest.source, f"From: {dataset.manifest.source}{scheme}{seed}")


def used_by(digest: str, runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the runs that learnt from a data set."""
    return [run for run in runs if digest and run.data_digest == digest]
