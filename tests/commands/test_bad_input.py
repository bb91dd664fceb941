"""What goes wrong ends in one sentence, exit code 1, and nothing half-done."""

import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from captcha_core.dataset.in_memory import write_samples
from captcha_core.errors import SpecError
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from experiments.cli import main
from tests.conftest import tiny_samples


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail, and return its sentence."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("Error: expected"), lines
    assert not any("Traceback" in line for line in lines)
    return lines[-1]


def tiny_data(folder: Path, count: int = 40) -> Path:
    files = folder / "files"
    files.mkdir()
    for sample in tiny_samples(count):
        (files / sample.path.split("_")[1].replace(".png", f"_{sample.id}.png")).write_bytes(sample.media)
    with pytest.raises(SystemExit) as stop:
        main(["import", str(files), "--out", str(folder / "data"), "--label-from", "name-start"])
    assert not stop.value.code
    return folder / "data"


def runs() -> list[str]:
    from captcha_core.tracking.connect import EXPERIMENT, client

    found = client().get_experiment_by_name(EXPERIMENT)
    return [run.info.status for run in client().search_runs([found.experiment_id])] if found else []


def test_an_unknown_preset_names_the_known(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "digits4" in fails(capsys, "train", "--preset", "digits5")


@pytest.mark.parametrize("command", ["train", "tune", "pipeline"])
@pytest.mark.parametrize(("option", "name"), [("--preset", "digits5"), ("--data", "nowhere"), ("--preset", "nthu6")])
def test_what_is_not_there_is_said_before_the_learner_is_started(
    empty_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    option: str,
    name: str,
) -> None:
    monkeypatch.setattr("captcha_core.native.start_keras", lambda: pytest.fail("seconds are lost"))
    assert name.replace("nthu6", "data/nthu") in fails(capsys, command, option, name)


def test_a_preset_with_an_unknown_key(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("description: x\nscheme: digits4\nnetwork: image_cnn\nnetwrk: y\n", encoding="utf-8")
    assert "netwrk" in fails(capsys, "train", "--preset", "mine.yaml")


@pytest.mark.parametrize("text", ["", "- a\n", "{", "description: [1"])
def test_a_preset_that_is_no_mapping(empty_folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    Path("mine.yaml").write_text(text, encoding="utf-8")
    assert "mine.yaml" in fails(capsys, "train", "--preset", "mine.yaml")


def test_neither_preset_nor_data(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "received neither" in fails(capsys, "train")


def test_nothing_to_test_on_is_said_before_the_training(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = empty_folder / "files"
    files.mkdir()
    for sample in tiny_samples(40):
        (files / sample.path).write_bytes(sample.media)
    with pytest.raises(SystemExit):
        main(["import", str(files), "--out", "data", "--label-from", "name-end", "--split", "0.8/0.2/0"])
    assert "expected labelled samples in the test split of data" in fails(capsys, "train", "--data", "data")
    assert runs() == []


def test_a_pipeline_with_nothing_to_test_on_says_so_before_the_training(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_spec: CaptchaSpec
) -> None:
    from captcha_core.dataset.in_memory import write_samples

    write_samples(empty_folder / "data", tiny_spec, tiny_samples(8), "browser", "0.5/0.5/0")
    monkeypatch.setattr("captcha_core.native.start_keras", lambda: pytest.fail("it began to train"))
    assert "expected labelled samples in the test split of data" in fails(capsys, "pipeline", "--data", "data")


def test_a_pipeline_over_a_data_set_is_no_digits4(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_spec: CaptchaSpec
) -> None:
    from captcha_core.dataset.in_memory import write_samples
    from captcha_core.workflows.plan import TrainingPlan

    def run(plan: TrainingPlan, **_: object) -> None:
        raise SpecError(f"expected no training, received {plan.name} as {plan.preset or 'no preset'}")

    write_samples(empty_folder / "mine", tiny_spec, tiny_samples(40), "browser", "0.5/0.2/0.3")
    monkeypatch.setattr("captcha_core.workflows.train.train_plan", run)
    assert "captcha-mine as no preset" in fails(capsys, "pipeline", "--data", "mine")


@pytest.mark.parametrize("name", ["mine/first", "mine:1", "mine@home", "..", " "])
def test_a_name_that_no_model_can_have_is_said_before_the_training(empty_folder: Path, name: str) -> None:
    from captcha_core.workflows.plan import plan_training

    with pytest.raises(SpecError, match="expected a name for the registered model without '/', ':' and '@'"):
        plan_training("digits4", name=name)


def test_a_folder_of_any_name_gives_its_model_a_name_that_can_be_asked_for(empty_folder: Path) -> None:
    from captcha_core.dataset.in_memory import write_samples
    from captcha_core.workflows.plan import plan_training
    from tests.conftest import tone_clip, tone_spec

    samples = [Sample(tone_clip("0", [0.1], 1.0), "0")]
    write_samples(empty_folder / "at@home: 2", tone_spec(), samples, "browser")
    assert plan_training(data="at@home: 2").name == "captcha-at-home- 2"


def test_epochs_that_are_set_count_in_place_of_a_presets_minutes(empty_folder: Path) -> None:
    from captcha_core.workflows.plan import plan_training

    config = plan_training("digits4", settings={"epochs": 2}).task.config
    assert (config.epochs, config.minutes) == (2, None)
    config = plan_training("digits4", settings={"epochs": 2, "minutes": 1.5}).task.config
    assert (config.epochs, config.minutes) == (2, 1.5)
    config = plan_training("digits4", settings={"samples": 20_001}).task.config
    assert (config.minutes, config.samples, config.batch_size, config.whole_epochs) == (None, 20_001, 64, 2)
    assert plan_training("digits4", epochs=3, settings={"samples": 5}).task.config.whole_epochs == 3
    with pytest.raises(SpecError, match="expected samples as the only budget"):
        plan_training("digits4", settings={"samples": 5, "epochs": 2})


def test_a_preset_whose_data_is_not_there(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "data/nthu" in fails(capsys, "pipeline", "--preset", "nthu6")
    assert runs() == []


def test_an_unknown_network_names_the_known(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "image_ctc" in fails(capsys, "train", "--preset", "digits4", "--network", "transformer")
    assert runs() == []


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("batch_sise=3", "received 'batch_sise'"),
        ("batch_size", "expected KEY=VALUE"),
        ("batch_size=none", "for batch_size"),
        ("options.depth=3", "received 'depth'"),
    ],
)
def test_a_setting_that_cannot_be(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], setting: str, part: str
) -> None:
    data = tiny_data(empty_folder)
    assert part in fails(capsys, "train", "--data", str(data), "--set", setting)
    assert "RUNNING" not in runs()


@pytest.mark.parametrize("value", ["[32", "2026-02-30", "{", "*x"])
def test_a_value_that_is_no_yaml(value: str) -> None:
    from experiments.terminal.options import parse_settings

    with pytest.raises(SpecError, match="expected a value in YAML for batch_size after --set"):
        parse_settings([f"batch_size={value}"])
    with pytest.raises(SpecError, match="expected a value in YAML for width after --space"):
        parse_settings([f"width={value}"], "--space")


def test_an_image_too_small_for_the_network(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tiny_data(empty_folder)
    sentence = fails(capsys, "train", "--data", str(data), "--set", "options.filters=[8,8,8,8,8,8,8]")
    assert "128 pixels high" in sentence
    assert "RUNNING" not in runs()


def test_a_loss_that_is_not_finite_fails_the_run(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tiny_data(empty_folder)
    many = ["--set", "epochs=2", "--set", "steps_per_epoch=5", "--set", "learning_rate=1e30"]
    more = ["--set", "optimizer=adam", "--network", "image_cnn", "--set", "options.filters=[8,8]"]
    assert "finite loss" in fails(capsys, "train", "--data", str(data), *many, *more)
    assert runs() == ["FAILED"]
    from captcha_core.tracking.connect import client

    assert client().search_registered_models() == []


def test_ctrl_c_marks_the_run(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    data = tiny_data(empty_folder)
    monkeypatch.setattr("captcha_core.workflows.logged_training.train", stopped)
    with pytest.raises(SystemExit) as stop:
        main(["train", "--data", str(data)])
    assert stop.value.code == 130
    assert runs() == ["KILLED"]


def test_a_missing_champion(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.tracking.connect import experiment

    experiment()
    sentence = fails(capsys, "solve", "x.png", "--model", "models:/captcha-digits4@champion")
    assert "captcha-digits4" in sentence


def test_nothing_to_promote(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.tracking.connect import experiment

    experiment()
    assert "captcha-x" in fails(capsys, "promote", "--name", "captcha-x")
    assert "captcha-x" in fails(capsys, "promote", "--name", "captcha-x", "--version", "3")
    assert "received 'captcha-x', which is none" in fails(capsys, "history", "--name", "captcha-x")


def test_a_version_that_is_not_there_beside_a_champion(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from captcha_core.tracking.connect import client

    client().create_registered_model("captcha-x")
    client().create_model_version("captcha-x", "somewhere")
    client().set_registered_model_alias("captcha-x", "champion", "1")
    assert "expected version 9 of the registered model 'captcha-x', received none; it has champion, 1" in fails(
        capsys, "promote", "--name", "captcha-x", "--version", "9"
    )


@pytest.mark.parametrize("uri", ["mlflow.db", "./mlruns", "foo://bar"])
def test_a_tracking_address_that_is_none(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for words in (["solve", "x.png", "--model", "models:/captcha-x@champion"], ["promote", "--name", "captcha-x"]):
        assert "in MLFLOW_TRACKING_URI, received" in fails(capsys, *words)
    assert list(empty_folder.iterdir()) == []


def test_a_model_by_its_name_alone_is_told_how_to_write_it(
    empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("x.png").touch()
    assert "models:/NAME@ALIAS" in fails(capsys, "solve", "x.png", "--model", "captcha-digits4")
    assert "32 hexadecimal digits" in fails(capsys, "solve", "x.png", "--model", "runs:/abc")


def test_moving_runs_from_a_database_that_is_not_there_makes_none(
    empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = fails(capsys, "move-runs", "--from", "sqlite:///mlfow.db", "--to", "sqlite:///new.db")
    assert "expected MLflow's tables at sqlite:///mlfow.db, received no such file" in sentence
    assert list(empty_folder.iterdir()) == []


def test_no_database_yet(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "train" in fails(capsys, "solve", "x.png", "--model", "models:/captcha-digits4@champion")


def test_a_tracking_server_that_does_not_answer(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    data = tiny_data(empty_folder)
    assert f"127.0.0.1:{port}" in fails(capsys, "train", "--data", str(data))


def test_data_of_another_spec(tiny_bundle: Path, empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letters = CaptchaSpec.build(
        media="image", alphabet="abcd", min_length=2, max_length=2, height_px=16, width_px=32, channels=1
    )
    drawn = [replace(one, text="".join("abcd"[int(digit)] for digit in one.text or "")) for one in tiny_samples(4)]
    data = write_samples(empty_folder / "letters", letters, drawn, "test", "0/0/1").path
    sentence = fails(capsys, "evaluate", "--model", str(tiny_bundle), "--data", str(data))
    assert "can read, received others, with alphabet 'abcd' and '0123'" in sentence


def test_a_port_in_use(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        sentence = fails(capsys, "dashboard", "--port", str(port))
        assert "expected a free port" in sentence and f"127.0.0.1 port {port}" in sentence


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_of_the_dashboard_can_be_opened(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str, shown: str
) -> None:
    monkeypatch.setattr("experiments.commands.dashboard._serve", lambda host, port: None)
    with pytest.raises(SystemExit):
        main(["dashboard", "--host", host, "--port", "0"])
    assert re.search(rf"dashboard at http://{re.escape(shown)}:\d+ ", capsys.readouterr().err)


def test_a_host_that_is_not_this_machine(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = fails(capsys, "dashboard", "--host", "host.invalid", "--port", "8599")
    assert "expected an address of this machine" in sentence and "correct --host" in sentence


def test_resuming_a_run_that_is_not_here(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "begun in this folder" in fails(capsys, "train", "--resume", "0" * 32)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--set", "learning_rate=0.001"),
        ("--network", "image_ctc"),
        ("--start-from", "models:/a@b"),
    ],
)
def test_a_resumed_training_does_not_pass_over_what_it_is_asked_for(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    sentence = fails(capsys, "train", "--resume", "0" * 32, option, value)
    assert f"expected no {option} beside --resume" in sentence and value in sentence


@pytest.mark.parametrize("arguments", [["solve"], ["train", "--minutes", "soon"], ["fly"], ["solve", "x", "--fast"]])
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_debug_shows_the_traceback(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--debug", "train", "--preset", "digits5"])
    assert stop.value.code == 1
    assert "Traceback" in capsys.readouterr().err


def test_names_that_are_no_unicode_are_printed_and_the_rest_is_tried(tiny_bundle: Path, empty_folder: Path) -> None:
    root = str(Path(__file__).parent.parent.parent)
    words = [sys.executable, "-m", "experiments.cli", "solve", "--model", str(tiny_bundle), b"bad\xff.png", "z.png"]
    environment = {**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "bad\\udcff.png" in done.stderr and "z.png" in done.stderr and "a fault of ours" not in done.stderr


def test_minutes_without_end_are_refused(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "finite" in fails(capsys, "train", "--preset", "digits4", "--minutes", "inf")
