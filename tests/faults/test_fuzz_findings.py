"""What the fuzzing has found, each as the smallest input that did it."""

import io
import json
import os
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import LOG, Label, LabelLog, now, tally
from captcha_core.dataset.shard import schema
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import CaptchaError, DataError, ModelError, SpecError
from captcha_core.evaluation.predictions import Predictions
from captcha_core.presets.preset import load_preset
from captcha_core.solver import Solver
from captcha_core.sources.archive import ZipFiles
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.tfrecord import RECORD_FRAME_BYTES
from captcha_core.spec.answer import ModelIdentity
from captcha_core.spec.captcha import CaptchaSpec, Charset
from dashboard.solve.uploads import take
from tests.conftest import tiny_samples
from tests.faults.fuzz_bundles import sum_up
from tests.faults.mutations import tfrecord_of
from tests.media.every_kind import pictures

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
)


def zip_of(name: str = "ab12.png", packing: int = zipfile.ZIP_STORED) -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr(name, pictures()[0])
    return bytearray(file.getvalue())


def wrong_name() -> bytes:
    """The header of the member says that its name is UTF-8, and it is not."""
    content = zip_of("caf\u00e9.png")
    content[content.index("caf\u00e9".encode()) + 3] = 0x89
    return bytes(content)


def before_the_beginning() -> bytes:
    """The directory lies further behind than the file is long, so that members begin before it."""
    content = zip_of()
    at = content.rindex(b"PK\x05\x06") + 16
    content[at : at + 4] = struct.pack("<I", int.from_bytes(content[at : at + 4], "little") + 1)
    return bytes(content)


def nameless() -> bytes:
    """The directory gives the member a name of no characters, and what was its name is a comment."""
    content = zip_of()
    at = content.rindex(b"PK\x01\x02") + 28
    content[at : at + 6] = struct.pack("<HHH", 0, 0, len("ab12.png"))
    return bytes(content)


def damaged_lzma() -> bytes:
    content = zip_of(packing=zipfile.ZIP_LZMA)
    start = content.index(b"ab12.png") + len(b"ab12.png")
    content[start + 4] = 0xFF  # the properties of the filter
    return bytes(content)


@pytest.mark.parametrize("content", [wrong_name(), before_the_beginning(), damaged_lzma(), nameless()])
def test_archives_that_lie_about_their_members(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.zip").write_bytes(content)
    files = ZipFiles(tmp_path / "in.zip")
    with pytest.raises(DataError, match="expected a (readable member|whole zip)"):
        for name in files.names():
            files.read(name)
    assert not take([("in.zip", content)]).accepted


@pytest.mark.parametrize("claimed", [7, 2**33, 2**40, 2**62, 2**64 - 16])
def test_records_that_are_longer_than_their_file(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.tfrecord"
    path.write_bytes(tfrecord_of(b"whole") + tfrecord_of(b"record", claimed))
    with pytest.raises(DataError, match="expected a whole TFRecord file at .*a.tfrecord, received a damaged one"):
        list_labelled(path)


def test_a_record_that_would_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrecord"
    path.write_bytes(struct.pack("<Q", 2**33))
    os.truncate(path, 2**33 + RECORD_FRAME_BYTES)  # a hole, which takes no room
    with pytest.raises(DataError, match="expected records of at most 33,554,432 bytes, received 8,589,934,592"):
        list_labelled(path)


@pytest.mark.parametrize("when", ["", "yesterday", "2026-13-01T00:00:00"])
def test_a_label_without_a_time_is_a_damaged_line(tmp_path: Path, when: str) -> None:
    good = Label(id="a" * 32, text="12", by="hand", who="me", when=now())
    lines = [good.model_dump_json(), json.dumps({**good.model_dump(), "when": when})]
    (tmp_path / LOG).write_text("\n".join(lines) + "\n", encoding="utf-8")
    labels, damaged = LabelLog.of(tmp_path, SPEC).read()
    assert (labels, damaged) == ([good], 1)
    assert tally(labels).given == 1


@pytest.mark.parametrize("field", ["id", "who", "model", "guess"])
def test_a_label_that_cannot_be_written_is_none(field: str) -> None:
    good = {"id": "a" * 32, "text": "12", "by": "hand", "who": "me", "when": now()}
    with pytest.raises(ValueError, match="surrogates not allowed"):
        Label.model_validate({**good, field: "\ud800"})


def test_predictions_that_are_no_text(tmp_path: Path) -> None:
    for content in (b"id,text,read,confidence\nab,\xff,12,x\n", b"id,text\n" + b"a" * 200_000 + b",b\n"):
        (tmp_path / "predictions.csv").write_bytes(content)
        with pytest.raises(DataError, match="expected predictions with the columns"):
            Predictions.from_file(tmp_path / "predictions.csv")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_samples(tmp_path / "data", SPEC, tiny_samples(12), "found", "0.5/0.25/0.25")
    return tmp_path / "data"


GOOD: dict[str, Any] = {"id": "a" * 32, "text": "12", "media": {"bytes": b"x", "path": "p"}, "origin": "{}"}
ROWS = {
    "media that is none": {"media": None},
    "media without bytes": {"media": {"bytes": None, "path": "p"}},
    "an id that is none": {"id": None},
    "an origin that is none": {"origin": None},
    "an origin that is no JSON": {"origin": "["},
    "an origin that is no object": {"origin": "[1]"},
}


@pytest.mark.parametrize("what", ROWS)
def test_shards_with_gaps(data: Path, what: str) -> None:
    with pytest.raises(DataError, match="whole Parquet shard|origin in"):
        dataset = _with_shard(data, pa.Table.from_pylist([{**GOOD, **ROWS[what]}], schema()))
        dataset.ids("train")
        list(dataset.samples("train"))


def test_shards_with_other_columns_or_rows(data: Path) -> None:
    other = pa.table({"id": ["a"], "text": [1], "media": [b"x"], "origin": ["{}"]})
    with pytest.raises(DataError, match="other columns"):
        _with_shard(data, other).texts("train")
    with pytest.raises(DataError, match="2 rows in place of 1"):
        _with_shard(data, pa.Table.from_pylist([GOOD, GOOD], schema()), rows=1).spread("train", 1)


def test_texts_that_are_no_unicode(data: Path) -> None:
    texts = pa.array([b"\xff\xfe"], pa.binary()).view(pa.string())
    rows = pa.Table.from_pylist([GOOD], schema()).set_column(1, "text", texts)
    with pytest.raises(DataError, match="whole Parquet shard"):
        _with_shard(data, rows).texts("train")


def _with_shard(data: Path, table: "pa.Table", rows: int | None = None) -> Dataset:
    """Put a table in the place of the training shard, and make ``dataset.json`` fit it."""
    manifest = json.loads((data / MANIFEST).read_text(encoding="utf-8"))
    (name,) = (name for name in manifest["shards"] if name.startswith("train/"))
    pq.write_table(table, data / name, use_dictionary=False)
    rows = len(table) if rows is None else rows
    manifest["shards"][name] |= {"bytes": (data / name).stat().st_size, "rows": rows}
    manifest["counts"]["train"] = rows
    (data / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return Dataset.open(data)


@pytest.mark.parametrize(
    ("key", "value"), [("rows", 10**12), ("rows", -1), ("rows_hash", "no hash"), ("sha256", "../x"), ("bytes", -1)]
)
def test_descriptions_that_lie_about_shards(data: Path, key: str, value: object) -> None:
    manifest = json.loads((data / MANIFEST).read_text(encoding="utf-8"))
    next(iter(manifest["shards"].values()))[key] = value
    (data / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DataError, match="expected a valid data set description"):
        Dataset.open(data)


def test_a_number_that_python_does_not_write_out_has_a_sentence() -> None:
    with pytest.raises(SpecError, match="expected a valid specification, received a long dict") as told:
        CaptchaSpec.build(**{**SPEC.model_dump(), "height_px": 16**9000})
    assert len(str(told.value)) < 500


def test_a_long_alphabet_is_checked_at_once() -> None:
    began = time.perf_counter()
    assert Charset("".join(chr(code) for code in range(0x4E00, 0x9FA5))).classes == 20_902
    assert time.perf_counter() - began < 0.5


BOMB = "a: &a [1, 2]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
PRESET = "description: x\nscheme: digits4\nnetwork: image_cnn\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{PRESET}options: {{filters: &x [*x]}}\n",
        f"{PRESET}{BOMB}",
        f"{PRESET}options: {'[' * 3000}{']' * 3000}\n",
        f"{PRESET}training: {{minutes: 2020-13-45}}\n",
        f"{PRESET}training: {{seed: {'9' * 9000}}}\n",
        f"{PRESET}name: {'x' * 100_000}\n",
        "\x00",
    ],
    ids=["in itself", "a billion laughs", "deep", "no date", "long number", "long", "zero byte"],
)
def test_presets_that_are_made_to_hurt(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    began = time.perf_counter()
    with pytest.raises(SpecError, match=r"mine\.yaml"):
        load_preset(str(tmp_path / "mine.yaml"))
    assert time.perf_counter() - began < 1


def test_presets_that_are_no_unicode(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"description: \xe4\n")
    with pytest.raises(SpecError, match=r"mine\.yaml"):
        load_preset(str(tmp_path / "mine.yaml"))


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "a head of positions, ctc": ("config.json", {"head": ""}),
    "a network that takes": ("config.json", {"features": {"kind": "image", "height_px": 16, "width_px": 33}}),
    "a valid configuration": ("config.json", {"features": {"kind": "image", "height_px": 0, "width_px": 32}}),
    "features of audio": (
        "spec.json",
        {
            "media": "audio",
            "height_px": None,
            "width_px": None,
            "channels": None,
            "sample_rate_hz": 8000,
            "max_seconds": 1,
        },
    ),
    "logits of at least 3 steps and 5 classes": ("spec.json", {"max_length": 3}),
    "logits of at least 2 steps and 6 classes": ("spec.json", {"alphabet": "01234"}),
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_bundle_whose_parts_do_not_fit(tiny_bundle: Path, tmp_path: Path, sentence: str) -> None:
    name, changes = CHANGES[sentence]
    bundle = _copy(tiny_bundle, tmp_path)
    (bundle / name).write_text(
        json.dumps(json.loads((bundle / name).read_text(encoding="utf-8")) | changes), encoding="utf-8"
    )
    (bundle / "SHA256SUMS").write_text(sum_up(bundle), encoding="utf-8")
    with pytest.raises(ModelError, match=f"expected {sentence}"):
        Solver(Bundle.open(bundle), ModelIdentity("found", None, None))


@pytest.mark.parametrize("content", ["", "[1]", "{", "9" * 10_000, "\udc80"])
def test_metrics_that_are_no_object(tiny_bundle: Path, tmp_path: Path, content: str) -> None:
    bundle = _copy(tiny_bundle, tmp_path)
    (bundle / "metrics.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    (bundle / "SHA256SUMS").write_text(sum_up(bundle), encoding="utf-8")
    with pytest.raises(CaptchaError, match=r"expected a JSON object in .*metrics\.json"):
        _ = Bundle.open(bundle).metrics


def _copy(bundle: Path, folder: Path) -> Path:
    import shutil

    return Path(shutil.copytree(bundle, folder / "bundle"))
