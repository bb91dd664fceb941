"""The benchmark command finds every suite and refuses what it does not know."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml
from mlflow import MlflowClient

from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.errors import DataError
from captcha_core.media.audio import encode_wav
from captcha_core.models.zoo import get_network
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.training.config import TrainingConfig
from experiments.benchmarks import imitation, recognisers, timing, writing
from experiments.benchmarks.real import Labelled
from experiments.benchmarks.serving import parse
from experiments.benchmarks.sweep import FOLDER, table
from experiments.cli import main
from experiments.commands.benchmark import SUITES
from experiments.tools.processes import set_words as settings_words
from tests.conftest import tiny_samples

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_is_there(suite: str) -> None:
    assert callable(import_module(f"experiments.benchmarks.{suite}").run)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["fly"], "expected a suite of audio, audit, bootstrap"),
        (["writing", "--set", "counts=3"], "received 'counts'"),
        (["inference"], "--set model="),
    ],
)
def test_what_is_not_known_is_refused(arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["benchmark", *arguments])
    assert stop.value.code == 1
    assert part in capsys.readouterr().err


def test_the_help_has_a_paragraph_for_each_suite_with_its_settings_as_they_are_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert benchmark("--help") == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [name for name in SUITES if not any(line.startswith(f"{name}: ") for line in lines)] == []
    assert "presets=[digits4]" in " ".join(lines) and "parts=[letters]" in " ".join(lines)


def test_readers_are_measured_without_a_line_of_tensorflows(tmp_path: Path) -> None:
    for sample in tiny_samples(4, seed=1):
        (tmp_path / f"{sample.text}.png").write_bytes(sample.media)
    words = ["benchmark", "readers", "--data", str(tmp_path), "--format", "json"]
    program = "import sys; from experiments.cli import main; main(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rows"][0]["reader"] == "builtin"


@pytest.mark.parametrize("given", [True, False])
def test_a_session_that_another_library_opens_gets_one_thread(given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = onnxruntime.InferenceSession
    opened: list[Any] = []
    monkeypatch.setattr(ordinary, "__init__", lambda self, model, options, **_: opened.append(options))
    monkeypatch.setattr(ordinary, "__del__", lambda self: None, raising=False)
    with timing.one_thread_a_session():
        onnxruntime.InferenceSession("a file", *([onnxruntime.SessionOptions()] if given else []), providers=["CPU"])
    assert [(one.intra_op_num_threads, one.inter_op_num_threads) for one in opened] == [(1, 1)]
    assert onnxruntime.InferenceSession is ordinary


def benchmark(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["benchmark", *words])
    return int(stop.value.code or 0)


def test_a_sweep_trains_each_setting_with_each_seed(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = "epochs: 1, steps_per_epoch: 6, batch_size: 16, ema: 0.9, validation_samples: 20, network: image_cnn"
    settings = f"settings={{small: {{{small}}}, smaller: {{{small}, options.filters: [8, 8, 8]}}}}"
    words = settings_words("presets=[digits4]", settings, "seeds=[0, 1]", "held_out=20")
    assert benchmark("sweep", *words, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["setting"], row["seeds"], row["n"]) for row in found["rows"]] == [("small", 2, 20), ("smaller", 2, 20)]
    assert all(row["spread"] is not None and row["samples_a_second"] > 0 for row in found["rows"])
    client = MlflowClient()
    parent = client.get_run(found["run_id"])
    children = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{found['run_id']}'")
    assert {run.info.run_id for run in children} == {one["run_id"] for one in found["runs"]}
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"}
    assert sorted(run.data.params["training.seed"] for run in children) == ["0", "0", "1", "1"]


def test_a_sweep_is_shown_as_a_table() -> None:
    row = {"source": "data/nthu", "setting": "as it is", "seeds": 1, "exact_match": 0.985, "spread": None, "n": 2000}
    first, second = table({"rows": [{**row, "samples_a_second": 1234.5}]}).splitlines()
    assert first.split() == ["trained", "on", "setting", "seeds", "exact", "match", "spread", "n", "samples/s"]
    assert second.split() == ["nthu", "as", "it", "is", "1", "98.50", "-", "2,000", "1,234"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "expected presets or data"),
        (("presets=[digits4]", "settings=none"), "expected settings or a YAML file"),
        (("presets=[digits4]", "settings=[3]"), "expected settings such as"),
        (("presets=[digits4]", "settings=[{}, {fly: 1}]"), "fly"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_at_once(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], part: str
) -> None:
    assert benchmark("sweep", *settings_words(*words)) == 1
    assert part in capsys.readouterr().err
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_the_settings_that_are_shipped_can_be_trained(name: str) -> None:
    for setting in yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")).values():
        get_network(setting.get("network", "image_ctc"))
        recipe = {key: value for key, value in setting.items() if key != "network" and "." not in key}
        TrainingConfig.build(**{"minutes": 1, **recipe})


PRINTED_BY_WRK = """\
  Latency Distribution
     50%  {p50}
     75%   40.02ms
     99%  {p99}
  12345 requests in 10.00s, 3.21MB read
{other}Requests/sec:   1234.56
"""


@pytest.mark.parametrize(
    ("p50", "p99", "other", "expected"),
    [
        ("83.00us", "1.42ms", "", (0.083, 1.42, 0.0)),
        ("38.59ms", "1.20s", "  Non-2xx or 3xx responses: 77\n", (38.59, 1200.0, 77.0)),
    ],
)
def test_what_wrk_prints(p50: str, p99: str, other: str, expected: tuple[float, float, float]) -> None:
    row = parse(PRINTED_BY_WRK.format(p50=p50, p99=p99, other=other))
    assert (row["p50_ms"], row["p99_ms"], row["not_2xx"]) == pytest.approx(expected)
    assert row["requests_a_second"] == 1234.56


def test_what_wrk_does_not_print_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the output of wrk"):
        parse("unable to connect")


@pytest.mark.long
def test_workers_write_the_same_in_bounded_memory() -> None:
    result = writing.run(count=6_000)
    assert result["equal_digests"] is True
    assert all(0 < written["peak_mib"] < 1024 for written in result["runs"])


def test_clips_are_trained_on_as_train_does() -> None:
    spec = CaptchaSpec.build(
        media="audio", alphabet="01", min_length=2, max_length=2, sample_rate_hz=8_000, max_seconds=6.0
    )
    noise = np.random.default_rng(0).normal(0, 0.1, (4, 16_000)).astype(np.float32)
    samples = [Sample(media=encode_wav(np.tile(one, 2), 8_000), text="01") for one in noise]
    clips = Labelled("mine", spec, samples)
    _, donor = clips._task(samples, "builtin", {"epochs": 1, "minutes": None})
    assert donor == "builtin-audio"
    task, donor = clips._task(samples, "none", {"epochs": 1, "minutes": None})
    assert not donor
    assert task.network == "audio_ctc" and task.features == {"said_twice": True, "max_seconds": 2.2}
    assert task.config.augment and task.config.epochs == 1


def test_a_reader_refined_on_a_fitted_scheme_is_measured_beside_the_builtin_one(tmp_path: Path) -> None:
    write_drawn(tmp_path / "drawn", GenerationRequest(get_scheme("digits4"), 60))
    (row,) = imitation.run([str(tmp_path / "drawn")], 40, seconds=1.0, minutes=0.01, label_minutes=0.01)["sets"]
    assert {row[way]["n"] for way in imitation.WAYS} == {20}
    with pytest.raises(DataError, match="more than 60 labelled samples in drawn, received 60"):
        imitation.run([str(tmp_path / "drawn")], 60)
    assert row["builtin"]["value"] > 0.5 and row["builtin, 25 labels"]["value"] > 0.5


def test_a_recogniser_is_told_the_names_of_the_characters() -> None:
    words = recognisers.words_of("07aB")
    assert words == {"zero": "0", "seven": "7", "a.": "a", "b.": "b"}
    assert recognisers.grammar_of(list(words)).endswith("<captcha> = (zero | seven | a. | b.)+;")


def test_without_a_recogniser_its_suite_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install pocketsphinx"):
        recognisers.run("anywhere")
