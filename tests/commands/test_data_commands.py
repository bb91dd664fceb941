"""The commands about data sets: what they print, what they write, and how they refuse."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.store import Dataset
from captcha_core.features.clip_picture import SPAN
from captcha_core.sources.voices.cloud import MAX_CHARACTERS
from captcha_core.sources.voices.engines import limit_spending
from captcha_core.spec.sample import Sample
from experiments.cli import main
from tests.conftest import tone_clip, tone_spec
from tests.sources.labelled_files import TEXTS, fill, huge_png_header, pack, picture


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail with one sentence, and return it."""
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.startswith("left out ")]
    assert len(lines) == 1 and lines[0].startswith("Error: expected ") and captured.out == ""
    return lines[0]


GENERATE = ("generate", "--scheme", "digits4", "--workers", 1)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "d"
    assert run(*GENERATE, "--count", 40, "--seed", 3, "--split", "0.5/0.25/0.25", "--out", folder) == 0
    return folder


def test_generate_draws_the_same_again(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--count", 40, "--seed", 3, "--split", "0.5/0.25/0.25", "--format", "json")
    assert run(*GENERATE, *options, "--out", tmp_path / "d") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["digest"] == Dataset.open(drawn).digest == Dataset.open(tmp_path / "d").digest
    assert sum(printed["counts"].values()) == 40
    assert run(*GENERATE, *options, "--out", drawn) == 0, "a finished data set is no error"


def test_generate_takes_flags_for_texts_and_sizes(tmp_path: Path) -> None:
    options = ("--upper", "--length", 1, "--enumerate", "--epochs", 2, "--split", "26/0/26", "--set", "dots=0")
    assert run(*GENERATE, *options, "--height", 64, "--width", 50, "--out", tmp_path / "d") == 0
    dataset = Dataset.open(tmp_path / "d")
    assert sorted(dataset.texts("train"), key=str) == sorted(dataset.texts("test"), key=str)
    assert "".join(sorted(map(str, dataset.texts("train")))) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert dataset.spec.shape == (64, 50, 1) and dataset.manifest.knobs["dots"] == 0


def test_the_package_draws_too_and_says_that_it_has_no_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*GENERATE, "--source", "package", "--count", 6, "--split", "0/0/1", "--out", tmp_path / "d") == 0
    assert "cannot be seeded" in capsys.readouterr().err
    dataset = Dataset.open(tmp_path / "d")
    assert dataset.counts["test"] == 6 and dataset.seed is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--count", 0), "expected a count of at least 1, received 0"),
        (("--count", -3), "expected a count of at least 1, received -3"),
        (("--count", 10_001, "--unique"), "expected at most 10,000 unique texts"),
        (("--count", 5, "--set", "rotate_deg=500"), "received 500 for rotate_deg"),
        (("--count", 5, "--set", "rotate_deg"), "expected KEY=VALUE after --set, received 'rotate_deg'"),
        (("--count", 5, "--alphabet", "00"), "every character of the alphabet once"),
        (("--count", 5, "--width", 12), "expected a width of at least"),
        (("--count", 5, "--scheme", "nothing"), "name one of digits4, "),
        (("--count", 5, "--split", "1/2"), "expected train/validation/test as three shares"),
    ],
)
def test_generate_refuses_in_one_sentence(
    options: tuple[object, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(capsys, *GENERATE, *options, "--out", tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


def test_generate_leaves_another_data_set_alone(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Dataset.open(drawn).digest
    assert "seed 3 instead of 4" in fails(capsys, *GENERATE, "--count", 40, "--seed", 4, "--out", drawn)
    assert Dataset.open(drawn).digest == before


@pytest.mark.parametrize(
    "options", [("--unique", "--enumerate"), ("--source", "other"), ("--split-by", "colour"), ("--count", "many")]
)
def test_wrong_usage_ends_with_two(options: tuple[object, ...], tmp_path: Path) -> None:
    assert run(*GENERATE, "--out", tmp_path / "d", *options) == 2


def test_import_prints_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {f"{text}.png": picture(text, (24, 60), coloured=True) for text in TEXTS}
    fill(tmp_path / "in", names | {"0001.png": b"no picture", "0002.png": huge_png_header()})
    assert run("import", tmp_path / "in", "--out", tmp_path / "d", "--split", "3/1/2") == 0
    captured = capsys.readouterr()
    assert "6 captchas imported, 2 files left out" in captured.out
    assert "as in     0042.png -> 0042, " in captured.out and "24x60 in colour" in captured.out
    assert "left out 0001.png: expected a PNG" in captured.err and "left out 0002.png: expected" in captured.err
    dataset = Dataset.open(tmp_path / "d")
    assert dataset.counts == {"train": 3, "validation": 1, "test": 2}
    assert len((tmp_path / "d" / "rejects.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert captured.out.endswith(f"next:     captchalab train --data {tmp_path / 'd'}\n")


def test_import_does_not_promise_splits_apart_that_it_was_told_to_keep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {f"{split}/0042.png": picture("0042") for split in ("train", "test")}
    assert run("import", fill(tmp_path / "in", names), "--out", tmp_path / "d", "--split", "keep") == 0
    assert Dataset.open(tmp_path / "d").counts["test"] == 1
    assert "repeated: 1 captchas are there more than once, in the splits that they came" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "said"), [("0421", False), ("0a2b", True)])
def test_import_says_that_case_does_not_matter_where_there_is_one(
    text: str, said: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = fill(tmp_path / "in", {f"{text}.png": picture(text)})
    assert run("import", names, "--out", tmp_path / "d", "--case-insensitive", "--split", "1/0/0") == 0
    assert ("case does not matter" in capsys.readouterr().out) is said


def test_import_prints_names_that_are_no_unicode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / os.fsdecode(b"\xff.png")).write_bytes(picture("a"))
    overrides = ("--label-from", "none", "--alphabet", "0123", "--length", 4)
    assert run("import", tmp_path / "in", "--out", tmp_path / "d", *overrides) == 0
    printed = capsys.readouterr().out
    printed.encode()
    assert "next:     captchalab dashboard, page Label" in printed


def test_import_of_a_zip_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = pack(tmp_path / "a.zip", {f"{n}_{text}.png": picture(text) for n, text in enumerate(TEXTS)})
    assert run("import", path, "--out", tmp_path / "d", "--channels", 3, "--format", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["label_rule"] == "name-end" and printed["spec"]["channels"] == 3
    assert printed["lengths"] == {"4": 6} and printed["sizes_px"] == {"16x32": 6} and printed["rejects"] == []


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ({}, (), "received an empty folder"),
        ({"0421.png": b"no picture"}, (), "at least one readable labelled captcha"),
        ({"04a1.png": picture("a")}, ("--alphabet", "0123456789"), "received 'a' in the label '04a1'"),
        ({"0421.png": picture("a")}, ("--length", 6), "expected a label of 6 characters, received 4"),
        ({"0421.png": picture("a"), "0422.png": b""}, ("--strict",), "expected every file to be usable (--strict)"),
        ({"0421.png": picture("a")}, ("--label-from", "csv"), "expected one CSV of labels"),
        ({"0421.png": picture("a")}, ("--split", "5/5/5"), "split counts that add up to 1, received 15"),
    ],
)
def test_import_refuses_in_one_sentence(
    names: dict[str, bytes],
    options: tuple[object, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    assert message in fails(capsys, "import", fill(tmp_path / "in", names), "--out", tmp_path / "d", *options)
    assert not (tmp_path / "d").exists()


def test_preview_shows_a_data_set(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("preview", drawn, "--out", tmp_path / "sheet.png", "--count", 6, "--columns", 3, "--format", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["scheme"] == "digits4" and printed["seed"] == 3 and sum(printed["counts"].values()) == 40
    page = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert page.shape == (2 * 86 + 8, 3 * 168 + 8, 3) and page.std() > 10
    assert run("preview", drawn) == 0
    assert "digits4" in capsys.readouterr().out and (drawn / "sheet.png").is_file()


def test_preview_of_a_fitted_scheme_names_the_knobs_that_were_turned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variants = "".join(f"    - {{fonts: [DejaVuSans], height: [0.4, 0.{part}]}}\n" for part in (5, 6))
    scheme = tmp_path / "shop.yaml"
    scheme.write_text(f"base: site\nname: shop\nknobs:\n  one_bit: true\n  variants:\n{variants}", encoding="utf-8")
    assert run("preview", scheme, "--out", tmp_path / "sheet.png", "--count", 2) == 0
    assert "knobs:   one_bit True, variants (2 sets of them)\n" in capsys.readouterr().out


def test_preview_shows_clips_with_what_is_read_at_its_time(tone_bundle: Path, tmp_path: Path) -> None:
    clip = tone_clip("12", (1.0, 2.5), 4.0)
    dataset = write_samples(tmp_path / "d", tone_spec(), [Sample(clip, "12", "clip.wav")], "import", "1/0/0")
    pages = []
    for options in ((), ("--model", tone_bundle)):
        assert run("preview", dataset.path, "--out", tmp_path / "sheet.png", *options) == 0
        pages.append(np.asarray(Image.open(tmp_path / "sheet.png")))
    plain, read = pages
    assert plain.shape == read.shape == (340 + 18 + 8 + 8, 960 + 8 + 8, 3)
    marked = np.flatnonzero((read[10, 8:968] == SPAN).all(axis=1)) / 960 * 4.0
    assert not (plain[10] == SPAN).all(axis=1).any(), "without a model nothing is marked"
    assert marked.min() == pytest.approx(1.0, abs=0.1) and marked.max() == pytest.approx(2.8, abs=0.1)
    assert not ((marked > 1.45) & (marked < 2.4)).any(), "nothing was heard between the two"


def test_preview_refuses_a_model_of_other_captchas(
    drawn: Path, tone_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "expected a data set of the model's specification" in fails(capsys, "preview", drawn, "--model", tone_bundle)


def test_preview_refuses_what_is_no_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected a data set" in fails(capsys, "preview", tmp_path)


def test_export_and_import_give_the_same_data_set(drawn: Path, tmp_path: Path) -> None:
    for form in ("folder", "tfrecord"):
        assert run("export-data", drawn, "--format", form, "--out", tmp_path / form) == 0
        options = ("--alphabet", "0123456789", "--split", "0.5/0.25/0.25", "--out", tmp_path / f"{form}-again")
        assert run("import", tmp_path / form, *options) == 0
        assert Dataset.open(tmp_path / f"{form}-again").digest == Dataset.open(drawn).digest
    assert run("export-data", drawn, "--format", "lmdb", "--out", tmp_path / "x") == 2


def test_a_paid_voice_stops_at_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "ACCESS_KEY_ID": "nobody",
        "SECRET_ACCESS_KEY": "nothing",
        "DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("CAPTCHALAB_VOICE_CACHE", str(tmp_path / "cache"))
    speak = ("generate", "--scheme", "speech-alnum8", "--set", "engine=polly", "--count", 2)
    try:
        message = fails(capsys, *speak, "--max-characters", 0, "--out", tmp_path / "d")
    finally:
        limit_spending(MAX_CHARACTERS)
    assert "at most 0 characters to polly" in message and "--max-characters" in message
    assert not (tmp_path / "d").exists()


def test_a_preview_that_cannot_be_written_leaves_the_old_one(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "sheet.png").write_bytes(b"of before")
    monkeypatch.setattr(os, "fsync", full)
    assert run("preview", drawn, "--out", tmp_path / "sheet.png") == 1
    assert "No space left on device" in capsys.readouterr().err
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("sheet.png", b"of before")]


def test_the_users_own_folder_is_meant_where_a_shell_leaves_it_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(fill(tmp_path / "home", {f"in/{t}.png": picture(t) for t in TEXTS})))
    assert run("import", "~/in", "--out=~/out") == 0
    assert (tmp_path / "home" / "out" / "dataset.json").is_file() and not Path("~").exists()
