"""Home, Mistakes, Data and Tune."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from captcha_core.dataset.in_memory import with_split, write_samples
from captcha_core.spec.captcha import CaptchaSpec
from dashboard.tracking import data
from experiments.benchmarks.many_runs import write_runs
from tests.conftest import tiny_samples
from tests.dashboard.pages import World, bare_run, open_page, without_traceback, words_of


def test_home_shows_each_task_with_its_champion(world: World) -> None:
    words = words_of(without_traceback(open_page("home")))
    assert "captcha-tiny" in words and "champion: version 1" in words and "of 80 test captchas" in words


def test_home_shows_what_runs_and_what_only_says_so(fresh: Path) -> None:
    from captcha_core.tracking.connect import client

    now = bare_run("RUNNING")
    client().log_metric(now, "best_val_exact_match", 0.5)
    long_ago = client().create_run("1", start_time=1000, run_name="ghost").info.run_id
    words = words_of(without_traceback(open_page("home"))).replace("\\", "")
    assert f"bare {now[:6]}" in words
    assert re.search(r" for \d[\d.]* s · best 50", words)
    assert "probably killed: 1 run" in words and long_ago


def test_mistakes_of_a_run(world: World) -> None:
    page = without_traceback(open_page("mistakes", run=world.runs[1]))
    words = words_of(page)
    assert "mistakes" in words and "in 80 samples" in words
    assert words.count('class="cl-card"') >= 20
    assert 'src="data:image/png' in words, "the worst pictures are kept with the run"
    kind = page.selectbox(key="pair").options[0]
    page.selectbox(key="pair").set_value(kind)
    fewer = words_of(without_traceback(page.run()))
    assert 0 < fewer.count('class="cl-card"') < words.count('class="cl-card"')
    page.text_input(key="text").set_value("no such text")
    assert "No mistake fits this search" in words_of(without_traceback(page.run()))


def _data_set(folder: Path) -> None:
    import subprocess
    import sys

    raw = folder / "raw"
    raw.mkdir()
    for sample in tiny_samples(60, seed=11):
        (raw / f"{sample.text}_{sample.id[:6]}.png").write_bytes(sample.media)
    subprocess.run(
        [sys.executable, "-m", "experiments.cli", "import", str(raw), "--out", str(folder / "data" / "mine")],
        check=True, capture_output=True,
    )  # fmt: skip


def test_data_and_its_samples(fresh: Path) -> None:
    _data_set(fresh)
    page = without_traceback(open_page("data", set="mine"))
    words = words_of(page)
    assert words.count('class="cl-card"') == 24, "a page of them"
    assert "Leaked" in words and "import" in words
    page.text_input(key="holds").set_value("1")
    fewer = words_of(without_traceback(page.run()))
    assert 0 < fewer.count('class="cl-card"') < 24
    balance = without_traceback(open_page("data", set="mine", look="Balance"))
    assert len(balance.get("plotly_chart")) == 1
    assert "captchalab train --data data/mine" in words_of(
        without_traceback(open_page("data", set="mine", look="Runs"))
    )


def test_repetitions_name_leaks_and_labels_that_contradict(fresh: Path, tiny_spec: CaptchaSpec) -> None:
    first, second, third = tiny_samples(3, seed=12)
    rows = [
        (first, "train", first.text), (first, "test", first.text), (second, "train", "00"), (second, "train", "11"),
        (third, "test", third.text),
    ]  # fmt: skip
    samples = [with_split(replace(one, text=text), split) for one, split, text in rows]
    write_samples(fresh / "data" / "twice", tiny_spec, samples, "import", "keep")
    page = without_traceback(open_page("data", set="twice", look="Repetitions"))
    table = page.dataframe[0].value
    assert list(table["id"]) == [first.id, second.id], "a leak comes first, what is there once does not come"
    assert list(table["leaks"]) == [True, False] and list(table["disagree"]) == [False, True]
    assert table["texts"][1] == "00, 11" and table["splits"][0] == "train, test"
    words = words_of(page)
    assert "1 of them in train and in another" in words and words.count('class="cl-card"') == 2


def test_a_damaged_data_set(fresh: Path) -> None:
    _data_set(fresh)
    shard = next((fresh / "data" / "mine" / "train").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-10])
    assert "This data set cannot be read" in words_of(without_traceback(open_page("data")))
    shutil.rmtree(fresh / "data" / "mine" / "train")
    assert "This data set cannot be read" in words_of(without_traceback(open_page("data")))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    write_runs(folder, count=60, epochs=5)
    return folder


def test_a_search(many: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{many / 'mlflow.db'}")
    page = without_traceback(open_page("tune"))
    words = words_of(page)
    assert "fault of ours" not in words and "Failed and stopped trials" in words
    figures = len(page.get("plotly_chart"))
    assert figures >= 4
    assert "expected a finite loss" in page.dataframe[0].value["Reason"][0]
    asked_for = without_traceback(open_page("tune", lines="true"))
    assert len(asked_for.get("plotly_chart")) == figures + 1, "the parallel coordinates"


def test_runs_fold_trials_under_their_search(many: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{many / 'mlflow.db'}")
    folded = without_traceback(open_page("runs")).dataframe[0].value
    assert len(folded) == 21 and folded["children"].max() == 39
    unfolded = without_traceback(open_page("runs", fold="false")).dataframe[0].value
    assert len(unfolded) == 60


def test_a_search_that_runs_and_one_that_was_decided(fresh: Path) -> None:
    """What `captchalab tune` writes: a search that has made 2 of 8 trials, then the same with its verdict."""
    from captcha_core.tracking.connect import client, experiment

    mine, where = client(), experiment()
    tags = {"captchalab.kind": "search", "captchalab.trials": "8"}
    parent = mine.create_run(where, run_name="digits4-bayesian-1", tags=tags).info.run_id
    mine.log_param(parent, "search.tuner", "bayesian")
    for kind, name in (("trial", "0000"), ("trial", "0001"), ("winner", "winner-1"), ("default", "default-1")):
        child = mine.create_run(where, run_name=name, tags={"mlflow.parentRunId": parent, "captchalab.kind": kind})
        mine.log_metric(child.info.run_id, "best_val_exact_match" if kind == "trial" else "test_exact_match", 0.9)
        mine.set_terminated(child.info.run_id)
    words = words_of(without_traceback(open_page("tune", search=parent)))
    assert "2 of 8" in words and "bayesian" in words and "Against the default" in words
    mine.set_tag(parent, "captchalab.verdict", "the winner reads 1.2 points more")
    mine.set_tag(parent, "captchalab.registered", "captcha-digits4/3")
    mine.set_terminated(parent)
    data.forget()
    page = without_traceback(open_page("tune", search=parent))
    assert "the winner reads 1.2 points more" in words_of(page).replace("\\", "")
    assert "Which settings mattered can be said after" in words_of(page)


def test_a_search_without_a_trial_yet(fresh: Path) -> None:
    bare_run("RUNNING", **{"captchalab.kind": "search", "captchalab.trials": "4"})
    words = words_of(without_traceback(open_page("tune")))
    assert "0 of 4" in words and "No trial has finished an epoch yet" in words
