"""The road of who has a captcha of their own: collect, label, train, let the model label the rest."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.store import Dataset
from captcha_core.media.image import encode_png
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from experiments.cli import main
from tests.conftest import tiny_samples
from tests.sources.odd_pages import OddSite


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def site() -> Iterator[OddSite]:
    with OddSite(get_scheme("digits4")) as site:
        yield site


def test_collect_goes_on_after_a_stop(site: OddSite, empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--selector", "#captcha", "--count", "6", "--out", "pool", "--length", "4", "--delay-s", "0"]
    site.pictures_left = 3
    assert run("collect", "--url", f"{site.url}limited", *words, "--timeout-s", "2", "--i-own-this-site") == 1
    assert "Error: expected " in capsys.readouterr().err
    assert len(list(Path("pool.part/files").iterdir())) == 3 and not Path("pool").exists()
    site.pictures_left = 100
    assert run("collect", "--url", f"{site.url}limited", *words, "--i-own-this-site", "--format", "json") == 0
    out, err = capsys.readouterr()
    assert "going on behind 3 captchas" in err
    assert sum(json.loads(out)["counts"].values()) == 6
    ids = {identity for split in ("train", "validation", "test") for identity in Dataset.open("pool").ids(split)}
    assert len(ids) == 6 and ids <= set(site.truth)
    assert run("collect", "--url", site.url, *words, "--i-own-this-site") == 1
    assert "received the finished data set pool" in capsys.readouterr().err


def test_collect_wants_your_word_and_the_length(site: OddSite, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--url", site.url, "--selector", "#captcha", "--count", "1", "--out", "pool"]
    assert run("collect", *words, "--length", "4") == 2
    assert "--i-own-this-site" in capsys.readouterr().err
    assert run("collect", *words, "--i-own-this-site") == 2
    assert "--length" in capsys.readouterr().err


def labelled(folder: Path, spec: CaptchaSpec, count: int = 60) -> Dataset:
    blank = Sample(encode_png(np.full((16, 32), 255, np.uint8)), "00", "blank.png")
    return write_samples(folder, spec, [*tiny_samples(count), blank], "import", "0.5/0.25/0.25")


def test_letters_become_folders_and_a_data_set(
    empty_folder: Path, tiny_spec: CaptchaSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = labelled(empty_folder / "data", tiny_spec)
    assert run("letters", "data", "--out", "cut", "--format", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["captchas"] == 61 and facts["failures"] >= 1
    assert facts["letters"] == 2 * (61 - facts["failures"])
    folders = {folder.name: len(list(folder.iterdir())) for folder in Path("cut/letters").iterdir()}
    assert set(folders) == set("0123") and sum(folders.values()) == facts["letters"]
    letters = Dataset.open("cut/dataset")
    assert letters.spec.size_px == (28, 28) and letters.spec.max_length == 1
    train = set(dataset.ids("train"))
    assert all(sample.origin["captcha"] in train for sample in letters.samples("train"))
    rows = list(csv.DictReader(Path("cut/failures.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == facts["failures"]
    assert "nothing stands out" in next(row["reason"] for row in rows if row["file"] == "blank.png")
    assert all((Path("cut/failures") / f"{row['id']}.png").is_file() for row in rows)


def test_letters_of_what_has_none(
    empty_folder: Path, tiny_spec: CaptchaSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    write_samples(
        empty_folder / "bare", tiny_spec, [Sample(s.media, None) for s in tiny_samples(5)], "browser", "1/0/0"
    )
    assert run("letters", "bare", "--out", "cut") == 1
    assert "expected labelled captchas in bare, received none" in capsys.readouterr().err
    labelled(empty_folder / "data", tiny_spec)
    Path("full").mkdir()
    Path("full/file").touch()
    assert run("letters", "data", "--out", "full") == 1
    assert "expected a new or empty folder" in capsys.readouterr().err


@pytest.fixture
def pool(empty_folder: Path, tiny_spec: CaptchaSpec) -> tuple[Dataset, dict[str, str]]:
    """120 captchas without labels, and what they say."""
    samples = tiny_samples(120, seed=8)
    truth = {sample.id: sample.text or "" for sample in samples}
    bare = [Sample(sample.media, None, "captcha.png") for sample in samples]
    return write_samples(empty_folder / "pool", tiny_spec, bare, "browser", "0.5/0.25/0.25"), truth


def label_by_hand(dataset: Dataset, truth: dict[str, str], split: str, count: int) -> set[str]:
    ids = dataset.ids(split)[:count]
    log = LabelLog.of(dataset.path, dataset.spec)
    log.add([Label(id=one, text=truth[one], by="hand", who="ada", when=now()) for one in ids])
    return set(ids)


def test_a_model_labels_what_it_is_sure_of(
    pool: tuple[Dataset, dict[str, str]], tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, truth = pool
    by_hand = label_by_hand(dataset, truth, "validation", 20) | label_by_hand(dataset, truth, "test", 15)
    words = ["pseudo-label", "--model", str(tiny_bundle), "--data", "pool", "--max-error", "0.05", "--format", "json"]
    assert run(*words, "--dry-run") == 0
    assert len(LabelLog.of(dataset.path, dataset.spec).read()[0]) == 35
    capsys.readouterr()
    assert run(*words) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["asked"] == 85 and facts["labelled"] > 40 and facts["left"] == 85 - facts["labelled"]
    assert facts["expected_error"] <= 0.05
    assert facts["chosen_on"] <= 15 and facts["validation"] <= 20 and facts["validation_wrong"] <= 1
    given = [one for one in LabelLog.of(dataset.path, dataset.spec).read()[0] if one.by == "model"]
    assert len(given) == facts["labelled"] and not by_hand & {one.id for one in given}
    assert all(one.confidence is not None and one.confidence >= facts["threshold"] for one in given)
    assert np.mean([one.text != truth[one.id] for one in given]) <= 0.05

    assert run("labels", "pool", "--out", "made", "--format", "json") == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["by_hand"], state["by_model"], state["open"]) == (35, len(given), 85 - len(given))
    test = set(dataset.ids("test"))
    counted = [one for one in given if one.id not in test]  # what a model read tests no model
    assert sum(Dataset.open("made").counts.values()) == 35 + len(counted)

    assert run(*words[:-4], "--max-error", "0.000001", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["labelled"] == 0
    assert run("labels", "pool", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["by_model"] == 0


def test_what_a_model_cannot_read_it_does_not_label(
    empty_folder: Path, tiny_spec: CaptchaSpec, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = tiny_samples(40, seed=8)
    damaged = [Sample(sample.media[:60], None) for sample in samples[:8]]
    bare = [Sample(sample.media, None) for sample in samples]
    dataset = write_samples(empty_folder / "pool", tiny_spec, [*damaged, *bare], "browser", "0.5/0.25/0.25")
    truth = {sample.id: sample.text or "" for sample in samples} | {sample.id: "01" for sample in damaged}
    by_hand = label_by_hand(dataset, truth, "validation", 100) | label_by_hand(dataset, truth, "test", 100)
    broken = {sample.id for sample in damaged}
    assert broken & by_hand and broken - by_hand
    words = ["pseudo-label", "--model", str(tiny_bundle), "--data", "pool", "--max-error", "1", "--format", "json"]
    assert run(*words) == 0
    facts = json.loads(capsys.readouterr().out)
    given = {one.id for one in LabelLog.of(dataset.path, dataset.spec).read()[0] if one.by == "model"}
    assert given == set(dataset.ids("train")) - broken
    assert (facts["asked"], facts["labelled"]) == (len(dataset.ids("train")), len(given))
    assert facts["left"] == len(broken - by_hand)
    assert facts["chosen_on"] == facts["judged_by"] == len(set(dataset.ids("test")) - broken)


def test_a_model_labels_nothing_without_labels_to_judge_by(
    pool: tuple[Dataset, dict[str, str]], tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label_by_hand(*pool, "validation", 20)  # which chose the model's epoch
    assert run("pseudo-label", "--model", str(tiny_bundle), "--data", "pool") == 1
    assert "expected labelled captchas in the test split" in capsys.readouterr().err


def test_the_threshold_rests_on_labels_that_steered_nothing(
    pool: tuple[Dataset, dict[str, str]], tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of the validation split is read right and none of the test split: nothing may be accepted."""
    dataset, truth = pool
    label_by_hand(dataset, truth, "validation", 20)
    label_by_hand(dataset, {one: text[::-1] if text[0] != text[1] else "01" for one, text in truth.items()}, "test", 15)
    words = ["pseudo-label", "--model", str(tiny_bundle), "--data", "pool", "--max-error", "0.05", "--format", "json"]
    assert run(*words) == 0
    assert json.loads(capsys.readouterr().out)["labelled"] == 0


def test_a_bound_that_cannot_be_proven_labels_nothing(
    pool: tuple[Dataset, dict[str, str]], tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label_by_hand(*pool, "test", 20)
    assert run("pseudo-label", "--model", str(tiny_bundle), "--data", "pool", "--proven") == 0
    said = capsys.readouterr().out
    assert "nothing labelled: no threshold keeps the errors to expect under 1.0%" in said
    assert (
        "a proof takes at least 299 labels of the test split that the model reads, all right, and there are 20" in said
    )


def test_a_log_that_was_cut_off_in_a_line_loses_nothing_else(
    pool: tuple[Dataset, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, truth = pool
    label_by_hand(dataset, truth, "train", 10)
    log = LabelLog.of(dataset.path, dataset.spec)
    log.path.write_bytes(log.path.read_bytes()[:-30])
    assert run("labels", "pool", "--out", "made") == 0
    out = capsys.readouterr().out
    assert "9 labelled by hand, 0 by a model, 111 open" in out
    assert "1 damaged lines in the log were passed over" in out
    assert run("labels", "pool", "--out", ".") == 1
    assert "expected a folder that can be replaced as a whole, received ., which you are in" in capsys.readouterr().err
    assert Dataset.open("made").counts["train"] == 9
    label_by_hand(dataset, truth, "train", 10)
    assert run("labels", "pool", "--format", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["by_hand"], facts["damaged_lines"]) == (10, 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("blank", "expected 4 letters, received a picture in which nothing stands out"),
        ("blob", "expected 4 letters, found one component"),
        ("pieces", "expected 4 letters, found 7 components"),
    ],
)
def test_a_captcha_that_cannot_be_cut_is_listed_and_drawn(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    pixels = np.full((40, 140), 255, np.uint8)
    if name == "blob":
        pixels[8:34, 20:120] = 0
    if name == "pieces":
        for left in range(8, 134, 18):
            pixels[10:32, left : left + 10] = 0
    spec = CaptchaSpec.build(
        media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=40, width_px=140, channels=1
    )
    write_samples(empty_folder / "data", spec, [Sample(encode_png(pixels), "1234", f"{name}.png")], "import", "1/0/0")
    assert run("letters", "data", "--out", "cut") == 1
    assert "expected captchas that can be cut, received 1 that cannot" in capsys.readouterr().err
    (row,) = csv.DictReader(Path("cut/failures.csv").read_text(encoding="utf-8").splitlines())
    assert row["file"] == f"{name}.png" and reason in row["reason"]
    assert (Path("cut/failures") / f"{row['id']}.png").is_file()


def test_collect_says_that_it_took_screenshots(
    site: OddSite, empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--selector", "#captcha", "--count", "2", "--out", "pool", "--length", "4", "--delay-s", "0"]
    assert run("collect", "--url", f"{site.url}background", *words, "--i-own-this-site") == 0
    assert "so 2 captchas are screenshots" in capsys.readouterr().err
