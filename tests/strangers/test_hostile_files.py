"""Files of strangers that are small to send and dear to open, lead elsewhere, or say something to a spreadsheet."""

import csv
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captcha_core.bundle.bundle import FILES, SUMS, check_sums
from captcha_core.dataset.import_files import write_import
from captcha_core.dataset.shard import read_shard, schema
from captcha_core.errors import DataError, ModelError, SpecError
from captcha_core.evaluation.report import Report
from captcha_core.presets.preset import load_preset
from captcha_core.sources.archive import FolderFiles
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from tests.sources.labelled_files import fill, picture


def test_a_link_out_of_an_imported_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture("77"))
    folder = fill(tmp_path / "in", {f"{text}.png": picture(text) for text in ("0101", "1212", "2323")})
    (folder / "9999.png").symlink_to(secret)
    (folder / "8888.png").symlink_to("0101.png")
    (folder / "sub").symlink_to(tmp_path)
    files = FolderFiles(folder)
    for name in ("9999.png", "sub/secret.png"):
        with pytest.raises(DataError, match=r"expected a file in the folder itself, received '\S+', a link out of it"):
            files.read(name)
    assert files.read("8888.png") == files.read("0101.png"), "a link within the folder leads nowhere else"
    assert "sub/secret.png" not in files.names()
    seen = survey(list_labelled(folder, None))
    assert "9999.png" in [reject.name for reject in seen.rejects]


def rows(count: int, text: str, path: str) -> pa.Table:
    media = [{"bytes": b"x", "path": path}] * count
    return pa.table(
        {"id": ["a" * 64] * count, "text": [text] * count, "media": media, "origin": ["{}"] * count}, schema=schema()
    )


@pytest.mark.parametrize("options", [{"use_dictionary": True}, {"column_encoding": {"text": "DELTA_BYTE_ARRAY"}}])
def test_a_shard_whose_one_value_stands_for_many_rows(tmp_path: Path, options: dict[str, object]) -> None:
    options = {"use_dictionary": False, **options}
    pq.write_table(rows(250, "0" * 1_000_000, "a"), tmp_path / "x.parquet", compression="zstd", **options)
    assert (tmp_path / "x.parquet").stat().st_size < 10_000
    before = pa.total_allocated_bytes()
    with pytest.raises(DataError, match="columns that are encoded as"):
        list(read_shard(tmp_path / "x.parquet", ("text",)))
    assert pa.default_memory_pool().max_memory() - before < 300_000_000


def test_a_shard_that_says_how_far_it_unpacks(tmp_path: Path) -> None:
    pq.write_table(rows(100, "1", "0" * 1_000_000), tmp_path / "x.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(DataError, match=r"received: 100,\d+,\d+ bytes packed in \d\d?,\d+;"):
        list(read_shard(tmp_path / "x.parquet", ("media",)))


@pytest.mark.parametrize("depth", [1, 24])
def test_a_preset_with_merge_keys(tmp_path: Path, depth: int) -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, depth + 1))]
    (tmp_path / "p.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SpecError, match="received a merge key"):
        load_preset(str(tmp_path / "p.yaml"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder that has the files of a bundle and their sums."""
    folder = fill(tmp_path / "b", {name: name.encode() for name in FILES})
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in FILES]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    check_sums(folder)
    return folder


def test_a_bundle_is_its_own_files_and_no_others(bundle: Path) -> None:
    (bundle / "more.txt").write_bytes(b"")
    with (bundle / SUMS).open("a", encoding="utf-8") as sums:
        sums.write(f"{hashlib.sha256().hexdigest()}  more.txt\n")
    with pytest.raises(ModelError, match=r"with more\.txt added"):
        check_sums(bundle)
    (bundle / "more.txt").unlink()
    with pytest.raises(ModelError, match=r"with more\.txt added"):
        check_sums(bundle)


def test_a_bundle_of_links_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"spec.json")
    (bundle / "spec.json").unlink()
    (bundle / "spec.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"with spec\.json as links or folders"):
        check_sums(bundle)


def test_sums_without_end_are_not_read(bundle: Path) -> None:
    with (bundle / SUMS).open("r+b") as sums:
        sums.truncate(2**40)  # a file with a hole
    with pytest.raises(ModelError, match="added"):
        check_sums(bundle)


def test_names_of_files_are_no_formulas_to_a_spreadsheet(tmp_path: Path) -> None:
    formula = "=HYPERLINK(0).png"
    folder = fill(tmp_path / "in", {f"{text}.png": picture(text) for text in ("0101", "1212", "2323")})
    (folder / formula).write_bytes(b"no picture")
    listing = list_labelled(folder, None)
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    write_import(tmp_path / "out", listing, seen, spec, split="1/0/0")
    listed = list(csv.reader((tmp_path / "out" / "rejects.csv").open(encoding="utf-8")))
    assert f"'{formula}" in [row[0] for row in listed]
    numbers = CaptchaSpec.build(
        media="image", alphabet="01", min_length=1, max_length=2, height_px=16, width_px=32, channels=1
    )
    Report(numbers, [Sample(picture("01"), "01", formula)], [None]).write(tmp_path / "report")
    table = list(csv.DictReader((tmp_path / "report" / "predictions.csv").open(encoding="utf-8")))
    assert table[0]["path"] == f"'{formula}"
