"""The Registry page: promote, go back, look inside, download."""

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from captcha_core.bundle.bundle import Bundle, write_bundle
from captcha_core.dataset.in_memory import write_samples
from captcha_core.errors import CaptchaError
from captcha_core.registry.versions import CHAMPION, locate, register, set_champion, version_behind
from captcha_core.tracking.runs import start_run
from dashboard.registry import bundles, promoting
from dashboard.tracking import data
from tests.conftest import tiny_samples
from tests.dashboard.conftest import NAME, spoilt, trained
from tests.dashboard.pages import World, open_page, without_traceback, words_of


@pytest.fixture
def restored(world: World) -> Iterator[World]:
    """The world, with its first version champion again afterwards."""
    yield world
    set_champion(world.model, "1")
    data.forget()


def test_versions_and_aliases(world: World) -> None:
    page = without_traceback(open_page("registry"))
    table = page.dataframe[0].value
    assert list(table["version"]) == [2, 1]
    assert list(table["aliases"]) == ["challenger", "champion"]
    assert table["exact match"][1] > table["exact match"][0]


def test_promote_and_roll_back(restored: World) -> None:
    page = open_page("registry", model=restored.model, version="2")
    assert "The usual rule says no" in words_of(page)
    page.text_input(key="force-captcha-tiny-2").set_value("it is smaller")
    page.run()
    page.button(key="promote-captcha-tiny-2").click()
    without_traceback(page.run())
    assert "Version 2 of captcha-tiny is champion" in words_of(page).replace("\\", "")
    assert version_behind(restored.model, CHAMPION) == "2"
    history = page.dataframe[-1].value
    assert history["what"][0] == "forced promote" and history["reason"][0] == "it is smaller"
    now, before = (float(history[column][0].rstrip("%")) for column in ("exact match", "before"))
    assert now < before, "the figures of both are kept"
    assert "Version 1 (reads 100% of 80)" in words_of(page).replace("\\", ""), "the figure that comes back"
    page.button(key="roll-back").click()
    without_traceback(page.run())
    assert page.dataframe[-1].value["what"][0] == "rollback"
    assert version_behind(restored.model, CHAMPION) == "1"


def test_who_promotes_second_learns_who_was_quicker(restored: World) -> None:
    """Whatever the store raises for the slower of two sessions, it reads one sentence."""
    model = next(one for one in data.models(data.tracking()) if one.name == restored.model)
    proposal = promoting.propose(data.tracking(), model, model.by_version["2"])
    set_alias = MlflowClient.set_registered_model_alias

    def beaten(client: MlflowClient, name: str, alias: str, version: str) -> None:
        set_alias(client, name, alias, version)
        if alias == CHAMPION:
            raise MlflowException("(sqlite3.IntegrityError) UNIQUE constraint failed [SQL: INSERT INTO ...]")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MlflowClient, "set_registered_model_alias", beaten)
        for _ in range(2):  # in the middle of the promotion, and from a page that was shown before it
            with pytest.raises(CaptchaError, match=r"^Somebody else has just promoted version 2 of .*; look again\.$"):
                promoting.promote(proposal, reason="it is smaller")


def test_two_sessions_promote_at_once(restored: World) -> None:
    model = next(one for one in data.models(data.tracking()) if one.name == restored.model)
    proposal = promoting.propose(data.tracking(), model, model.by_version["2"])
    start, results = threading.Barrier(2), []

    def press() -> None:
        start.wait()
        try:
            results.append(promoting.promote(proposal, reason="it is smaller"))
        except CaptchaError as error:
            results.append(str(error))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quicker = "Version 2 of captcha-tiny is champion. It was version 1 before."
    slower = "Somebody else has just promoted version 2 of captcha-tiny; look again."
    assert set(results) <= {quicker, slower} and quicker in results
    assert version_behind(restored.model, CHAMPION) == "2"


def test_the_rule_is_that_of_the_challengers_preset(fresh: Path, tiny_bundle: Path) -> None:
    """A preset that forgives a loss of half lets a version pass that reads a quarter less."""
    lenient = fresh / "lenient.yaml"
    rule = "promotion:\n  margin: 0.5\n  max_latency_ratio: 100\n"
    lenient.write_text(f"description: forgives\nscheme: digits4\nnetwork: image_cnn\n{rule}", encoding="utf-8")
    opened = Bundle.open(tiny_bundle)
    config = opened.config.model_copy(update={"preset": str(lenient)})
    own = write_bundle(fresh / "own" / "bundle", opened.spec, config, opened.keras_path, opened.litert, opened.metrics)
    trained(fresh, tiny_bundle, rate=0.01, seed=5, spoil=lambda answer, index: answer)
    trained(fresh, own.path, rate=0.002, seed=5, spoil=spoilt)
    set_champion(NAME, "1")
    words = words_of(without_traceback(open_page("registry", model=NAME, version="2"))).replace("\\", "")
    assert "says yes" in words and "it is 50.00 points worse" in words and "lenient.yaml" in words


def test_versions_that_were_tested_apart_can_read_the_same(fresh: Path, tiny_bundle: Path) -> None:
    for seed in (5, 6):
        trained(fresh, tiny_bundle, rate=0.01, seed=seed, spoil=lambda answer, index: answer)
    set_champion(NAME, "1")
    page = open_page("registry", model=NAME, version="2")
    assert "tested on different samples" in words_of(page)
    spec = Bundle.open(tiny_bundle).spec
    write_samples(fresh / "data" / "held-out", spec, tiny_samples(40, seed=8), "import", "0/0/1")
    page = open_page("registry", model=NAME, version="2")
    page.button(key=f"contest-{NAME}-1-2-go").click()
    words = words_of(without_traceback(page.run())).replace("\\", "")
    assert "on 40 samples: +0.00 points" in words and "tested on different samples" not in words


def test_a_report_is_of_the_newest_version_of_its_run(fresh: Path, tiny_bundle: Path) -> None:
    run_id = trained(fresh, tiny_bundle, rate=0.01, seed=5, spoil=lambda answer, index: answer)
    with start_run("tiny", run_id=run_id) as run:  # it went on, and registered again
        register(run, Bundle.open(tiny_bundle), NAME)
    set_champion(NAME, "1")
    data.forget()
    page = open_page("registry", model=NAME, version="2")
    assert "its report is of version 2" in words_of(page).replace("\\", "")
    assert "says yes" not in words_of(page)
    assert list(page.dataframe[0].value["exact match"].isna()) == [False, True]


def test_other_formats_are_made_in_the_background(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("dashboard.jobs.start", lambda arguments: asked.append(tuple(arguments)))
    page = open_page("registry", model=world.model, version="1")
    page.button(key="convert-captcha-tiny-1-onnx.onnx").click()
    without_traceback(page.run())
    (command,) = asked
    assert command[:5] == ("export", "--model", "models:/captcha-tiny/1", "--format", "onnx")
    (tmp_path / command[-1]).write_bytes(b"an ONNX graph")
    page = without_traceback(open_page("registry", model=world.model, version="1"))
    offered = {button.proto.label for button in page.get("download_button")}
    assert "captcha-tiny-1-onnx.onnx (13 bytes)" in offered


def test_what_is_inside(world: World) -> None:
    page = without_traceback(open_page("registry", model=world.model, version="1"))
    facts = page.dataframe[1].value
    assert dict(zip(facts["fact"], facts["value"], strict=True))["network"] == "image_cnn"
    assert "differ in the weights alone" in words_of(page)


def test_a_bundle_that_was_changed_is_not_promoted(restored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lying = locate("models:/captcha-tiny/2").path / "config.json"
    before = lying.read_bytes()
    lying.write_bytes(before + b" ")
    try:
        page = open_page("registry", model=restored.model, version="2")
        page.text_input(key="force-captcha-tiny-2").set_value("it is smaller")
        page.run()
        page.button(key="promote-captcha-tiny-2").click()
        without_traceback(page.run())
        assert "o not trust it" in words_of(page)
        assert version_behind(restored.model, CHAMPION) == "1"
    finally:
        lying.write_bytes(before)


def test_what_can_be_downloaded(tiny_bundle: Path, tmp_path: Path) -> None:
    files = {file.label: file for file in bundles.files(Bundle.open(tiny_bundle), "../captcha tiny/1")}
    assert [file.name for file in files.values()] == [
        "captcha-tiny-1.tflite",
        "captcha-tiny-1.keras",
        "captcha-tiny-1.zip",
    ]
    assert files["LiteRT"].read() == (tiny_bundle / "model.tflite").read_bytes()
    with zipfile.ZipFile(io.BytesIO(files["Whole bundle"].read())) as archive:
        archive.extractall(tmp_path / "again")
    assert Bundle.open(tmp_path / "again").digest == Bundle.open(tiny_bundle).digest
