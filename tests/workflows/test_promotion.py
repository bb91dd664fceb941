"""promote, compare, history and rollback as a user types them."""

import json
import shutil
from pathlib import Path

import pytest

from captcha_core.bundle.bundle import Bundle, write_bundle
from captcha_core.bundle.convert import to_litert
from captcha_core.errors import DataError
from captcha_core.presets.preset import promotion_rule
from captcha_core.registry.history import history
from captcha_core.registry.versions import register
from captcha_core.tracking.runs import start_run
from dashboard.registry import promoting
from dashboard.tracking.records import ModelVersion
from experiments.cli import main
from tests.conftest import tiny_samples

NAME, DATA = "captcha-tiny", "data/tiny"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> Path:
    """A folder with a data set, and three versions of which the second reads nothing."""
    folder = tmp_path_factory.mktemp("promotion")
    (folder / "files").mkdir()
    for sample in tiny_samples(1800, seed=13):
        (folder / "files" / sample.path).write_bytes(sample.media)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        assert run("import", "files", "--out", DATA, "--label-from", "name-end", "--alphabet", "0123") == 0
        for bundle in (tiny_bundle, _blind(tiny_bundle, folder / "blind"), tiny_bundle):
            with start_run("made") as started:
                register(started, Bundle.open(bundle), NAME)
    return folder


def _blind(path: Path, folder: Path) -> Path:
    """Return the bundle with all of its weights at zero."""
    import keras

    bundle = Bundle.open(path)
    model = keras.saving.load_model(bundle.keras_path, compile=False)
    model.set_weights([weights * 0 for weights in model.get_weights()])
    folder.mkdir()
    model.save(folder / "model.keras")
    write_bundle(folder / "bundle", bundle.spec, bundle.config, folder / "model.keras", to_litert(model), {})
    return folder / "bundle"


@pytest.fixture
def there(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as it was made, whatever other tests did to its registry."""
    shutil.copy(made / "mlflow.db", tmp_path / "mlflow.db")
    monkeypatch.chdir(made)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    return made


def test_the_rule_lets_the_equal_in_and_keeps_the_blind_out(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("promote", "--name", NAME, "--version", "1") == 0
    assert "captcha-tiny version 1 is champion" in capsys.readouterr().out

    assert run("promote", "--name", NAME, "--version", "2", "--data", DATA) == 1
    out = capsys.readouterr().out
    assert out.startswith("do not promote:\nno  exact match ")
    assert "McNemar p " in out and "size " in out and "latency " in out

    code = run("promote", "--name", NAME, "--version", "3", "--data", DATA, "--format", "json")
    report = json.loads(capsys.readouterr().out)
    reasons = {reason["condition"]: reason["holds"] for reason in report["verdict"]}
    assert reasons["not worse"] and reasons["size"]
    assert code == (0 if reasons["latency"] else 1), "the clock of a busy machine decides the rest"
    assert report["figures"]["mcnemar"] == {"gained": 0, "lost": 0, "p_value": 1.0}
    assert "+0.00 points" in report["verdict"][0]["sentence"]
    assert {row["key"] for row in report["figures"]["by_character"]} == set("0123")


def test_force_is_recorded_and_a_rollback_takes_it_back(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("promote", "--name", NAME, "--version", "1") == 0
    forced = ("--force", "--reason", "an experiment with blindness")
    assert run("promote", "--name", NAME, "--version", "2", "--data", DATA, *forced) == 0
    assert run("rollback", "--name", NAME, "--reason", "as expected") == 0
    capsys.readouterr()
    assert run("history", "--name", NAME) == 0
    out = capsys.readouterr().out
    assert "promote  - -> 1" in out
    assert "promote forced  1 -> 2" in out
    assert "reason: an experiment with blindness" in out
    assert "rollback  2 -> 1" in out
    assert "no: exact match" in out
    assert run("history", "--name", NAME, "--format", "json") == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert len(entries) == 3
    assert entries[1]["data_digest"] == json.loads(Path(DATA, "dataset.json").read_text(encoding="utf-8"))["digest"]


def test_what_promote_refuses(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("promote", "--name", NAME, "--version", "1") == 0
    for arguments, code, message in [
        (("--version", "2"), 1, "expected a data set to compare version 2"),
        (("--version", "2", "--force"), 2, "--force needs a reason"),
        (("--version", "1"), 1, "not champion yet"),
        (("--version", "9", "--data", DATA), 1, "expected version 9"),
        (("--version", "2", "--data", "data/none"), 1, "expected a data set"),
        (("--version", "2", "--data", DATA, "--split", "all"), 1, "expected a split"),
    ]:
        assert run("promote", "--name", NAME, *arguments) == code
        assert message in capsys.readouterr().err
    assert run("promote", "--name", "nobody") == 1
    assert run("rollback", "--name", NAME) == 1
    assert "expected a previous champion" in capsys.readouterr().err


def test_a_changed_data_set_is_refused(there: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(DATA, tmp_path / "spoilt")
    shard = next((tmp_path / "spoilt" / "test").glob("*.parquet"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(bytes(content))
    assert run("promote", "--name", NAME, "--version", "1") == 0
    assert run("promote", "--name", NAME, "--version", "2", "--data", str(tmp_path / "spoilt")) == 1
    assert "spoilt" in capsys.readouterr().err


def test_compare_reads_anew_or_takes_what_was_logged(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = [f"models:/{NAME}/1", f"models:/{NAME}/2"]
    assert run("compare", *models, "--data", DATA, "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    one, two = report["sides"]
    assert one["exact_match"] > 0.9 > two["exact_match"]
    (pair,) = report["pairs"]
    assert pair["lost"] > 100 > pair["gained"] and pair["p_value"] < 1e-10
    assert set(report["by_length"][0]) == {"2"}
    assert run("compare", *models, "--data", DATA) == 0
    said = capsys.readouterr().out
    assert "95 % interval" in said and " ms  model " in said and "e+0" not in said
    assert run("compare", models[0]) == 2
    assert run("compare", "0" * 32, "1" * 32) == 1
    assert "expected a run with a report" in capsys.readouterr().err


def test_logged_predictions_are_compared_when_the_data_are_the_same(
    there: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def log(*rows: str) -> str:
        report = tmp_path / "report"
        report.mkdir(exist_ok=True)
        (report / "predictions.csv").write_text(
            "\n".join(["id,path,text,read,confidence", *rows]) + "\n", encoding="utf-8"
        )
        with start_run("logged") as started:
            started.folder(report, "report")
        return started.id

    first = log("a,,12,12,0.9", "b,,23,22,0.5")
    second = log("b,,23,23,0.5", "a,,12,12,0.9")
    other = log("a,,12,12,0.9", "c,,23,23,0.5")
    assert run("compare", first, second, "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [side["exact_match"] for side in report["sides"]] == [0.5, 1.0]
    assert (report["pairs"][0]["gained"], report["pairs"][0]["lost"]) == (1, 0)
    assert run("compare", first, other) == 1
    assert "expected predictions of the same data, received 1 samples only here" in capsys.readouterr().err


def test_an_edited_rule_is_seen_by_a_process_that_runs_on(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    for margin in (0.02, 0.03):
        path.write_text(
            f"description: mine\nscheme: digits4\nnetwork: image_ctc\npromotion: {{margin: {margin}}}\n",
            encoding="utf-8",
        )
        assert promotion_rule(str(path)).margin == margin


def test_the_page_and_the_command_reach_the_same_verdict_and_entry(there: Path) -> None:
    assert run("promote", "--name", NAME, "--version", "1") == 0
    assert run("promote", "--name", NAME, "--version", "2", "--data", DATA, "--force", "--reason", "a test") == 0
    assert run("rollback", "--name", NAME) == 0
    old, blind = (ModelVersion(NAME, version, 0) for version in "12")
    proposal = promoting.compete(promoting.Proposal(blind, old, None), Path(DATA))
    assert not proposal.approved
    promoting.promote(proposal, "a test")
    _, by_command, _, by_page = history(NAME)
    own = {"at", "run_id", "verdict"}
    assert by_page.model_dump(exclude=own) == by_command.model_dump(exclude=own)
    assert by_page.verdict[0] == by_command.verdict[0], "latency is measured anew"
    assert len(by_page.verdict) == 4


def test_the_page_refuses_a_changed_data_set(there: Path, tmp_path: Path) -> None:
    spoilt = shutil.copytree(DATA, tmp_path / "spoilt")
    shard = next((spoilt / "test").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    old, blind = (ModelVersion(NAME, version, 0) for version in "12")
    with pytest.raises(DataError, match="spoilt"):
        promoting.compete(promoting.Proposal(blind, old, None), spoilt)


def test_a_first_champion_reads_something(
    there: Path, tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Bundle.open(tiny_bundle)
    metrics = {"validation": {"val_exact_match": 0.0}}
    poor = write_bundle(tmp_path / "poor", good.spec, good.config, good.keras_path, good.litert, metrics)
    with start_run("made") as started:
        register(started, poor, "captcha-poor")
    capsys.readouterr()
    assert run("promote", "--name", "captcha-poor") == 1
    assert (
        "reads at least 1.00% of its validation captchas, received version 1, which reads 0.00%"
        in capsys.readouterr().err
    )
    assert run("promote", "--name", "captcha-poor", "--force", "--reason", "a test") == 0


def test_the_margin_may_be_given(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("promote", "--name", NAME, "--version", "1") == 0
    capsys.readouterr()
    run("promote", "--name", NAME, "--version", "3", "--data", DATA, "--margin", "0.25")
    assert "25" in capsys.readouterr().out.splitlines()[1], "the sentence names the margin"
