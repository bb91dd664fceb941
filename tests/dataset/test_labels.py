import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from captcha_core.dataset import in_memory, writer
from captcha_core.dataset.in_memory import recover, write_samples
from captcha_core.dataset.labelling import Guess, asking_order, labelled_by_model, open_ids, queue, rebuild, to_ask
from captcha_core.dataset.labels import Label, LabelLog, latest, tally
from captcha_core.dataset.store import Dataset
from captcha_core.errors import DataError, SpecError
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from tests.conftest import tiny_samples


def label(identity: str, text: str | None, by: str = "hand", second: int = 0, **more: object) -> Label:
    return Label(
        id=identity, text=text, by=by, who="ada", when=f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}+00:00",
        **more,
    )  # fmt: skip


@pytest.fixture
def log(tmp_path: Path, tiny_spec: CaptchaSpec) -> LabelLog:
    return LabelLog.of(tmp_path, tiny_spec)


def test_what_is_added_is_read_in_its_order(log: LabelLog) -> None:
    log.add([label("a", "01")])
    log.add([label("b", None), label("c", "23", guess="22", confidence=0.4, model="m version 1")])
    labels, damaged = log.read()
    assert [(one.id, one.text) for one in labels] == [("a", "01"), ("b", None), ("c", "23")]
    assert labels[2].model == "m version 1" and labels[2].confidence == 0.4
    assert damaged == 0
    assert [set(json.loads(line)) for line in log.path.read_text(encoding="utf-8").splitlines()] == [
        set(Label.model_fields)
    ] * 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("012", "expected a label of 2 characters, received 3 in '012'"),
        ("", "expected a label of 2 characters, received 0"),
        ("0x", "expected characters of '0123', received 'x'"),
    ],
)
def test_a_label_that_cannot_be_is_refused_with_the_reason(log: LabelLog, text: str, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        log.add([label("a", "00"), label("b", text)])
    assert log.read() == ([], 0)


def test_a_log_cut_off_in_a_line_goes_on_behind_it(log: LabelLog) -> None:
    log.add([label("a", "01"), label("b", "12")])
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-20])
    assert [one.id for one in log.read()[0]] == ["a"]
    assert log.read()[1] == 1
    log.add([label("c", "23")])
    labels, damaged = log.read()
    assert [one.id for one in labels] == ["a", "c"]
    assert damaged == 1
    assert log.path.read_bytes().startswith(whole[:-20])


def test_adding_nothing_makes_no_log(log: LabelLog) -> None:
    assert log.add([]) == []
    assert list(log.path.parent.iterdir()) == []


def test_a_log_that_is_not_there_is_empty(log: LabelLog) -> None:
    assert log.read() == ([], 0)


def test_two_writers_at_once_lose_nothing(log: LabelLog, tiny_spec: CaptchaSpec) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from captcha_core.dataset.labels import Label, LabelLog, now\n"
        "from captcha_core.spec.captcha import CaptchaSpec\n"
        "log = LabelLog(Path(sys.argv[1]), CaptchaSpec.from_json(sys.argv[2]))\n"
        "for i in range(60): log.add([Label(id=f'{sys.argv[3]}{i}', text='01', by='hand', who='x', when=now())])"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(log.path), tiny_spec.to_json(), name])
        for name in ("left", "right")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    labels, damaged = log.read()
    assert damaged == 0
    assert {one.id for one in labels} == {f"{name}{i}" for name in ("left", "right") for i in range(60)}


def test_the_newest_word_of_a_person_counts_before_any_models() -> None:
    labels = [
        label("a", "01"), label("a", "02"), label("a", "03", "model"),
        label("b", "11", "model"), label("b", None),
        label("c", "21"), label("c", None),
        label("d", "31", "model"), label("d", None, "model"),
        label("e", None),
    ]  # fmt: skip
    assert {identity: one.text for identity, one in latest(labels).items()} == {
        "a": "02", "b": "11", "c": "21", "d": None, "e": None
    }  # fmt: skip


def test_the_tally_counts_labels_guesses_and_speed() -> None:
    labels = [
        label("a", "01", second=0, guess="01"),
        label("b", "02", second=2, guess="03"),
        label("c", "03", second=4),
        label("c", "04", second=6, guess="04"),
        label("d", None, second=8),
        label("e", "11", second=600, guess="11"),
        label("f", "11", "model", second=601),
    ]
    found = tally(labels)
    assert (found.given, found.guessed, found.accepted) == (4, 4, 3)
    assert found.per_minute == pytest.approx(30)
    assert found.accepted_share == pytest.approx(0.75)
    assert tally([]).accepted_share is None


def test_the_queue_asks_the_doubtful_first_and_the_skipped_last() -> None:
    guesses = {"a": Guess("01", 0.99), "b": Guess("02", 0.2), "c": Guess(None, 0.0), "e": Guess("03", 0.1)}
    labels = [label("e", None), label("f", "01", "model")]
    ids = open_ids(["a", "b", "c", "d", "e", "f", "g"], [None] * 6 + ["23"], labels)
    assert ids == ["a", "b", "c", "d", "e"]
    assert queue(ids, guesses, labels) == ["c", "b", "d", "a", "e"]


def test_what_tests_a_model_is_not_asked_for_by_doubt() -> None:
    ids = [f"{place:02}" for place in range(12)]
    guesses = {identity: Guess("01", 1 - int(identity) / 12) for identity in ids}
    held_out = {"02", "05", "08", "11"}
    asked = queue(ids, guesses, [], held_out)
    assert [one for one in asked if one in held_out] == sorted(held_out), "as they come, every third"
    assert [asked[place] for place in (2, 5, 8, 11)] == sorted(held_out)
    learnt = [one for one in asked if one not in held_out]
    assert learnt == sorted(learnt, reverse=True), "the most doubtful first"


def test_when_all_have_a_label_the_models_are_asked_for() -> None:
    labels = [label("a", "01", "model", confidence=0.9), label("b", "02", "model", confidence=0.6), label("c", "03")]
    assert to_ask(["a", "b", "c", "d"], [None] * 4, labels) == ["d"]
    labels.append(label("d", "11", "model", confidence=0.99))
    asked = to_ask(["a", "b", "c", "d", "e"], [*[None] * 4, "33"], labels)
    assert asked == ["a", "b", "d"]
    assert queue(asked, labelled_by_model(labels), labels) == ["b", "a", "d"]
    labels += [label("b", "22"), label("a", None)]
    assert queue(to_ask(["a", "b", "c", "d"], [None] * 4, labels), labelled_by_model(labels), labels) == ["d", "a"]


@pytest.fixture
def unlabelled(tmp_path: Path, tiny_spec: CaptchaSpec) -> Dataset:
    samples = [Sample(sample.media, None, sample.path) for sample in tiny_samples(40)]
    return write_samples(tmp_path / "pool", tiny_spec, samples, "browser", "0.5/0.25/0.25")


def test_the_data_set_is_rebuilt_from_the_log_with_the_same_splits(unlabelled: Dataset, tmp_path: Path) -> None:
    log = LabelLog.of(unlabelled.path, unlabelled.spec)
    ids = {split: unlabelled.ids(split) for split in ("train", "validation", "test")}
    log.add([label(ids["train"][0], "01"), label(ids["validation"][1], "12", "model"), label(ids["train"][1], None)])
    built = rebuild(unlabelled, tmp_path / "built")
    assert built.counts == {"train": 1, "validation": 1, "test": 0}
    assert built.texts("train") == ["01"] and built.ids("train") == [ids["train"][0]]
    assert next(iter(built.samples("validation"))).origin["labelled_by"] == "model"
    log.add([label(ids["train"][0], "02"), label(ids["validation"][0], "33")])
    again = rebuild(unlabelled, tmp_path / "built")
    assert again.texts("train") == ["02"] and again.counts["validation"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [".built.lock", "built", "pool"]
    assert rebuild(unlabelled, tmp_path / "other").digest == again.digest


def test_labels_given_in_a_result_outlive_the_next_result(unlabelled: Dataset, tmp_path: Path) -> None:
    first, second = unlabelled.ids("train")[:2]
    log, out = LabelLog.of(unlabelled.path, unlabelled.spec), tmp_path / "built"
    log.add([label(first, "11")])
    corrected = LabelLog.of(rebuild(unlabelled, out).path, unlabelled.spec)
    corrected.add([label(first, "12")])
    log.add([label(second, "22")])
    rebuild(unlabelled, out)
    assert [(one.id, one.text) for one in corrected.read()[0]] == [(first, "12")]


def test_what_a_model_read_tests_no_model(unlabelled: Dataset, tmp_path: Path) -> None:
    first, second = unlabelled.ids("test")[:2]
    log = LabelLog.of(unlabelled.path, unlabelled.spec)
    log.add([label(first, "12", "model"), label(second, "13", "model"), label(second, "23")])
    built = rebuild(unlabelled, tmp_path / "built")
    assert (built.ids("test"), built.texts("test")) == ([second], ["23"])


def test_whoever_labels_the_first_ones_labels_each_split_its_share(unlabelled: Dataset) -> None:
    ids, texts = asking_order(unlabelled)
    assert sorted(ids) == sorted(one for split in unlabelled.counts for one in unlabelled.ids(split))
    assert texts == [None] * 40
    for first in (10, 20):
        for split, count in unlabelled.counts.items():
            assert abs(len(set(ids[:first]) & set(unlabelled.ids(split))) - first * count / 40) <= 1


def test_nothing_is_rebuilt_over_what_is_no_result(unlabelled: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected labels for .*, received none"):
        rebuild(unlabelled, tmp_path / "built")
    LabelLog.of(unlabelled.path, unlabelled.spec).add([label(unlabelled.ids("train")[0], "01")])
    with pytest.raises(DataError, match="received a data set made by browser"):
        rebuild(unlabelled, unlabelled.path)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-mother.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(DataError, match="received other files"):
        rebuild(unlabelled, tmp_path / "letters")
    assert (tmp_path / "letters" / "to-mother.txt").read_text(encoding="utf-8") == "dear"


@pytest.mark.parametrize("out", [".", ".."])
def test_the_folder_one_is_in_is_not_replaced(
    unlabelled: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    LabelLog.of(unlabelled.path, unlabelled.spec).add([label(unlabelled.ids("train")[0], "01")])
    (tmp_path / "here" / "inside").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "inside")
    with pytest.raises(DataError, match=r"expected a folder that can be replaced as a whole, received \S+, which you"):
        rebuild(unlabelled, Path(out))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "pool"]


def test_a_result_behind_a_link_is_replaced_where_it_is(unlabelled: Dataset, tmp_path: Path) -> None:
    log, (first, second) = LabelLog.of(unlabelled.path, unlabelled.spec), unlabelled.ids("train")[:2]
    (tmp_path / "large" / "built").mkdir(parents=True)
    (tmp_path / "built").symlink_to(tmp_path / "large" / "built")
    for identity in (first, second):
        log.add([label(identity, "01")])
        rebuild(unlabelled, tmp_path / "built")
    assert (tmp_path / "built").is_symlink()
    assert Dataset.open(tmp_path / "large" / "built").counts["train"] == 2


def test_two_results_at_once_take_turns(unlabelled: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, rename, running = unlabelled.ids("train"), Path.rename, threading.Event()

    def slow(path: Path, target: Path) -> Path:
        if path.name == ".built.new":
            running.set()
            time.sleep(0.3)  # the other one comes in between
        return rename(path, target)

    LabelLog.of(unlabelled.path, unlabelled.spec).add([label(identity, "01") for identity in ids])
    corrected = LabelLog.of(rebuild(unlabelled, tmp_path / "built").path, unlabelled.spec)
    corrected.add([label(ids[0], "12")])
    monkeypatch.setattr(Path, "rename", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(rebuild, unlabelled, tmp_path / "built")
        assert running.wait(60)
        second = pool.submit(rebuild, unlabelled, tmp_path / "built")
        assert first.result().digest == second.result().digest
    assert Dataset.open(tmp_path / "built").counts["train"] == len(ids)
    assert [one.text for one in corrected.read()[0]] == ["12"]


def test_a_kill_while_a_result_is_replaced_costs_nothing(unlabelled: Dataset, tmp_path: Path) -> None:
    log, out = LabelLog.of(unlabelled.path, unlabelled.spec), tmp_path / "out"
    first, second = unlabelled.ids("train")[:2]
    log.add([label(first, "11")])
    before = rebuild(unlabelled, out)
    (tmp_path / "out").rename(tmp_path / ".out.old")
    (tmp_path / ".out.new").mkdir()
    recover(out)
    assert Dataset.open(out).digest == before.digest
    log.add([label(second, "22")])
    (tmp_path / "out").rename(tmp_path / ".out.old")
    assert sorted(rebuild(unlabelled, out).texts("train")) == ["11", "22"]
    assert not {path.name for path in tmp_path.iterdir()} & {".out.new", ".out.old"}


def test_a_label_given_while_a_result_is_replaced_is_kept(unlabelled: Dataset, tmp_path: Path) -> None:
    log, out = LabelLog.of(unlabelled.path, unlabelled.spec), tmp_path / "out"
    ids = unlabelled.ids("train")
    log.add([label(ids[0], "11")])
    before = rebuild(unlabelled, out)
    corrected = LabelLog.of(out, before.spec)
    corrected.add([label(ids[0], "12")])
    out.rename(tmp_path / ".out.old")  # a kill came here
    with pytest.raises(DataError, match="expected a data set at"):
        corrected.add([label(ids[0], "13")])
    out.mkdir()  # by who looked a moment before
    corrected.add([label(ids[0], "22")])
    recover(out)
    assert Dataset.open(out).digest == before.digest
    assert [one.text for one in corrected.read()[0]] == ["12", "22"]


def test_what_a_person_put_beside_a_result_stays(unlabelled: Dataset, tmp_path: Path) -> None:
    LabelLog.of(unlabelled.path, unlabelled.spec).add([label(unlabelled.ids("train")[0], "11")])
    for name in ("out.old", "out.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").touch()
    rebuild(unlabelled, tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.old")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(DataError, match="received other files"):
        rebuild(unlabelled, tmp_path / "out")
    assert len(list(tmp_path.glob("out*/mine.txt"))) == 3
    assert Dataset.open(tmp_path / ".out.old").texts("train") == ["11"]


def test_a_first_result_that_a_kill_cut_is_no_hindrance_when_more_is_labelled(
    unlabelled: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_memory, "SHARD_ROWS", 1)
    monkeypatch.setattr(writer, "_finish", stop)
    log, out = LabelLog.of(unlabelled.path, unlabelled.spec), tmp_path / "out"
    first, second = unlabelled.ids("train")[:2]
    log.add([label(first, "11")])
    with pytest.raises(KeyboardInterrupt):
        rebuild(unlabelled, out)
    monkeypatch.undo()
    log.add([label(second, "22")])
    assert sorted(rebuild(unlabelled, out).texts("train")) == ["11", "22"]


def stop(*_: object) -> None:
    raise KeyboardInterrupt
