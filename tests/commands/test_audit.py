"""``captchalab audit``: one list, a run, a sheet; corrections make a new data set and the old one stays."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from captcha_core.dataset.labels import Label, LabelLog, now
from captcha_core.dataset.store import Dataset
from captcha_core.media.image import encode_png
from captcha_core.tracking.connect import client, experiment
from experiments.cli import main
from tests.conftest import tiny_samples
from tests.workflows.searches import command

WRONG = 5


def audited(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["audit", *words, "--format", "json"])
    assert not stop.value.code
    return json.loads(capsys.readouterr().out)


def drawn(text: str, rng: np.random.Generator) -> bytes:
    """Draw large digits that the builtin reader reads."""
    page = np.full((60, 160), 255, np.uint8)
    for place, character in enumerate(text):
        at = 10 + 36 * place + int(rng.integers(0, 6)), 44 + int(rng.integers(-4, 5))
        cv2.putText(page, character, at, cv2.FONT_HERSHEY_SIMPLEX, 1.4, int(rng.integers(0, 80)), 3)
    return encode_png(page)


@pytest.fixture
def with_wrong_labels(empty_folder: Path) -> Path:
    """A data set in which the labels of the first pictures are wrong."""
    (empty_folder / "files").mkdir()
    rng = np.random.default_rng(3)
    for number in range(60):
        text = "".join(rng.choice(list("0123456789"), 4))
        written = f"{'3' if text[0] != '3' else '0'}{text[1:]}" if number < WRONG else text
        (empty_folder / "files" / f"{number:05d}_{written}.png").write_bytes(drawn(text, rng))
    assert command("import", "files", "--out", "data/tiny", "--label-from", "name-end") == 0
    return empty_folder / "data" / "tiny"


def test_wrong_labels_lead_the_list_and_a_correction_ends_them(
    with_wrong_labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audited(capsys, "data/tiny", "--out", "sheet.html")
    labels = [one for one in found["findings"] if one["kind"] == "label"]
    worst = [one["captchas"][0]["file"] for one in labels[: 2 * WRONG]]
    assert sum(int(name[:5]) < WRONG for name in worst) == WRONG
    assert found["read_share"] > 0.85 and found["reader"] == "builtin"
    assert Path("sheet.html").read_text(encoding="utf-8").count("data:image/png") >= WRONG

    (run,) = client().search_runs([experiment()], "tags.`captchalab.kind` = 'audit'")
    assert run.data.metrics["findings_label"] == len(labels) and run.info.status == "FINISHED"
    assert {one.path for one in client().list_artifacts(run.info.run_id)} == {"audit.json", "audit.html"}
    assert run.inputs.dataset_inputs[0].dataset.name == "tiny"

    assert command("audit", "data/tiny", "--fix", "data/fixed") == 1
    assert "expected corrections in" in capsys.readouterr().err
    dataset = Dataset.open("data/tiny")
    log = LabelLog.of(dataset.path, dataset.spec)
    first = labels[0]["captchas"][0]
    log.add([Label(id=first["id"], text=labels[0]["proposal"], by="hand", who="me", when=now())])
    assert command("audit", "data/tiny", "--fix", "data/fixed") == 0
    fixed = Dataset.open("data/fixed")
    assert fixed.digest != dataset.digest == Dataset.open("data/tiny").digest
    texts = dict(zip(fixed.ids(first["split"]), fixed.texts(first["split"]), strict=True))
    assert texts[first["id"]] == labels[0]["proposal"]
    again = audited(capsys, "data/tiny", "--reader", "builtin")
    assert first["id"] not in {one["captchas"][0]["id"] for one in again["findings"] if one["kind"] == "label"}


@pytest.mark.long
def test_readers_of_other_folds(with_wrong_labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are trained in seconds and read nothing yet: the labels are not judged, and the audit says so."""
    found = audited(capsys, "data/tiny", "--reader", "folds", "--folds", "2", "--minutes", "0.05")
    assert found["reader"].startswith("2 readers, each of another fold")
    assert found["read_share"] >= 0.5 or found["reader"].endswith("too weak to judge labels")


def test_a_reader_that_does_not_know_the_characters(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty_folder / "files").mkdir()
    for number, sample in enumerate(tiny_samples(30)):
        (empty_folder / "files" / f"{number:03d}_жб.png").write_bytes(sample.media)
    assert command("import", "files", "--out", "data/ab", "--label-from", "name-end", "--alphabet", "бж") == 0
    assert command("audit", "data/ab", "--reader", "builtin") == 1
    assert "expected a reader that knows the characters 'бж'" in capsys.readouterr().err
    assert audited(capsys, "data/ab", "--reader", "none")["read_share"] is None


def test_diff_tells_what_changed_and_which_runs_used_which(
    with_wrong_labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = Dataset.open("data/tiny")
    first = dataset.ids("train")[0]
    before = dataset.texts("train")[0]
    after = "1111" if before != "1111" else "2222"
    LabelLog.of(dataset.path, dataset.spec).add([Label(id=first, text=after, by="hand", who="me", when=now())])
    assert command("audit", "data/tiny", "--fix", "data/fixed") == 0
    audited(capsys, "data/fixed", "--reader", "none")
    assert command("diff", "data/tiny", "data/fixed", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["relabelled"] == [{"id": first, "split": ["train", "train"], "text": [before, after]}]
    assert (found["added"], found["gone"], found["moved"], found["equal"]) == ([], [], [], 59)
    assert found["before"]["runs"] == [] and found["now"]["runs"][0]["context"] == "audit"
    assert command("diff", "data/tiny", "data/fixed") == 0
    assert f"{before} -> {after}" in capsys.readouterr().out
