"""A data set that somebody hands over: its description, and its shards."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.spec.captcha import CaptchaSpec
from tests.conftest import tiny_samples
from tests.faults.fuzzing import Target
from tests.faults.mutations import json_files, mutants

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
)


def _written(folder: Path) -> Path:
    write_samples(folder / "data", SPEC, tiny_samples(12), "fuzz", "0.5/0.25/0.25")
    return folder / "data"


def _read(folder: Path) -> None:
    dataset = Dataset.open(folder)
    for split in SPLITS:
        for sample in dataset.samples(split):
            assert isinstance(sample.media, bytes)
        dataset.texts(split)
        dataset.ids(split)
        dataset.media(split)
        dataset.spread(split, 2)
    dataset.verify()


def manifests(folder: Path) -> Target:
    """Open, read and verify a data set whose ``dataset.json`` was changed."""
    place = _written(folder)
    seed = json.loads((place / MANIFEST).read_text(encoding="utf-8"))

    def take(content: bytes) -> None:
        (place / MANIFEST).write_bytes(content)
        _read(place)

    return Target(json_files([seed]), take)


def shards(folder: Path) -> Target:
    """Read a data set one of whose shards was changed, and its size in ``dataset.json`` with it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = _written(folder)
    manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    name = next(name for name in manifest["shards"] if name.startswith("train/"))
    good = (place / name).read_bytes()
    odd: list[dict[str, Any]] = [
        {"id": ["a"], "text": [1], "media": [{"bytes": b"x", "path": "p"}], "origin": ["{}"]},
        {"id": ["a"], "text": ["b"], "media": [None], "origin": ["{}"]},
        {"id": ["a"], "text": ["b"], "media": [{"bytes": None, "path": "p"}], "origin": ["{}"]},
        {"id": ["a"], "text": ["b"], "media": [b"x"], "origin": ["{}"]},
        {"id": ["a"], "text": ["b"], "media": [{"path": "p"}], "origin": ["{}"]},
        {"id": ["a"], "text": ["b"], "media": [{"bytes": b"x", "path": "p"}], "origin": ["["]},
        {"id": ["a"], "text": ["b"], "media": [{"bytes": b"x", "path": "p"}], "origin": [None]},
        {"id": ["a"], "text": ["b"], "media": [{"bytes": b"x", "path": None}], "origin": ["[1]"]},
        {"id": [None], "text": ["b"], "media": [{"bytes": "x", "path": "p"}], "origin": ["{}"]},
        {"id": ["a"], "text": ["b"], "media": [{"bytes": b"x", "path": "p"}]},
        {"words": ["a"]},
    ]
    others = []
    for number, columns in enumerate(odd):
        path = folder / f"{number}.parquet"
        pq.write_table(pa.table(columns), path, use_dictionary=False)
        others.append(path.read_bytes())

    def take(content: bytes) -> None:
        (place / name).write_bytes(content)
        manifest["shards"][name]["bytes"] = len(content)
        (place / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        _read(place)

    return Target(mutants([good]) | mutants([good]) | mutants([good]) | mutants(others) | st.sampled_from(others), take)
