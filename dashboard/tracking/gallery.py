"""Find the pictures and clips of samples by their content hash: in the data that a run was given, or beside it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import CaptchaError
from captcha_core.tracking.names import Artifact
from dashboard.tracking import data

DATA = Path("data")
SPLITS = ("test", "validation", "train")


def folders() -> list[Path]:
    """Return the data sets below ``data/`` in the working folder, by name."""
    return sorted(path.parent for path in DATA.glob(f"*/{MANIFEST}"))


def media_of(uri: str, run_id: str, ids: Sequence[str]) -> dict[str, bytes]:
    """Return the files of samples, of those that lie in a data set on this machine."""
    wanted, found = set(ids), {}
    for folder in _candidates(uri, run_id):
        if not wanted:
            break
        for split in SPLITS:
            some = _from(folder, split, frozenset(wanted))
            found.update(some)
            wanted -= set(some)
    return found


def in_folder(folder: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    """Return the files of samples of one data set."""
    found: dict[str, bytes] = {}
    for split in SPLITS:
        found.update(_from(folder, split, frozenset(wanted)))
    return found


def _candidates(uri: str, run_id: str) -> Iterator[Path]:
    """The data sets that a run may have been tested on, the likely ones first."""
    used = [Path(use.where) for use in data.data_uses(uri, run_id) if use.where and not use.where.startswith("scheme:")]
    names = {path.resolve() for path in used}
    yield from used
    yield from (folder for folder in folders() if folder.resolve() not in names)


def _from(folder: Path, split: str, wanted: frozenset[str]) -> dict[str, bytes]:
    try:
        present = wanted & ids(folder, split)
        if not present:
            return {}
        return {sample.id: sample.media for sample in Dataset.open(folder).samples(split) if sample.id in present}
    except (CaptchaError, OSError):
        return {}


def ids(folder: Path, split: str) -> frozenset[str]:
    """Return the content hashes of a split, none of one that is too large to be looked through.

    Raises:
        DataError: If the data set is damaged.
    """
    return _ids(str(folder), Dataset.open(folder).digest, split)


@st.cache_data(ttl=600, max_entries=32, show_spinner=False)
def _ids(folder: str, digest: str, split: str) -> frozenset[str]:
    dataset = Dataset.open(folder)
    return frozenset(dataset.ids(split)) if dataset.counts[split] <= 100_000 else frozenset()


def with_worst(
    uri: str, run_id: str, rows: Sequence[Mapping[str, Any]], found: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Add the pictures that the run logged of its worst samples, for rows whose data set is not here.

    They are found by text, answer and confidence: the run has no hash with them.
    """
    missing = [row for row in rows if row["id"] not in found]
    if not missing:
        return dict(found)
    try:
        table = data.table(uri, run_id, Artifact.WORST_TABLE)
        folder = data.artifact(uri, run_id, Artifact.WORST)
    except data.Missing:
        return dict(found)
    names = {
        (row["text"], row["read"], f"{float(row['confidence']):.6f}"): Path(str(row["file"])).name
        for row in table.to_dict("records")
    }
    more = dict(found)
    for row in missing:
        name = names.get((row["text"], row["read"], f"{float(row['confidence']):.6f}"))
        if name:
            with contextlib.suppress(OSError):
                more[row["id"]] = (folder / name).read_bytes()
    return more
