"""Where a training on somebody's captchas starts: the builtin reader, on the part of a picture that it reads best."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from captcha_core.bundle.bundle import Bundle
from captcha_core.dataset.in_memory import write_samples
from captcha_core.media.image import encode_png
from captcha_core.registry.versions import BUILTIN_FOLDER
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample
from captcha_core.workflows.plan import plan_training
from captcha_core.workflows.start import RECIPE, start_on_samples


def spec_of(alphabet: str, height_px: int) -> CaptchaSpec:
    return CaptchaSpec.build(
        media="image", alphabet=alphabet, min_length=4, max_length=4, height_px=height_px, width_px=120, channels=1
    )


def page(text: str, height_px: int) -> bytes:
    """Draw a text 20 pixels high in the middle of a page."""
    pixels = np.full((height_px, 120, 1), 255, np.uint8)
    cv2.putText(pixels, text, (22, height_px // 2 + 9), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2, cv2.LINE_AA)
    return encode_png(pixels)


def drawn(height_px: int, count: int = 24) -> list[Sample]:
    texts = [f"{number:04d}" for number in np.random.default_rng(0).integers(0, 10_000, count)]
    return [Sample(path=f"{n}.png", text=text, media=page(text, height_px)) for n, text in enumerate(texts)]


def test_a_small_text_on_a_high_page_is_looked_at_nearer() -> None:
    assert start_on_samples(drawn(100), spec_of("0123456789", 100)).features["zoom"] < 1


def test_a_text_that_fills_the_page_is_seen_whole() -> None:
    assert start_on_samples(drawn(26), spec_of("0123456789", 26)).features["zoom"] >= 0.8


def test_a_few_that_it_reads_change_it_less_than_many_or_than_what_it_does_not_know() -> None:
    few, many = (start_on_samples(drawn(26, count), spec_of("0123456789", 26)).training for count in (24, 60))
    strange = [Sample(path="a.png", text="жщфю", media=page("0000", 100))] * 24
    assert few["learning_rate"] < many["learning_rate"] == RECIPE["learning_rate"]
    assert start_on_samples(strange, spec_of("жщфю", 100)).training == RECIPE


def test_strips_have_room_for_the_widest_picture_and_not_for_the_commonest_alone() -> None:
    wide = np.full((26, 200, 1), 255, np.uint8)
    odd = Sample(path="wide.png", text="1234", media=encode_png(wide))
    alike, mixed = drawn(26), [*drawn(26), odd]
    spec = spec_of("0123456789", 26)
    assert start_on_samples(mixed, spec).features["width_px"] >= 48 * 200 / 26 * 0.6
    assert start_on_samples(mixed, spec).features["width_px"] > start_on_samples(alike, spec).features["width_px"]


def test_of_an_unknown_script_the_whole_page_is_seen() -> None:
    samples = [Sample(path="a.png", text="жщфю", media=page("0000", 100))] * 3
    assert start_on_samples(samples, spec_of("жщфю", 100)).features["zoom"] == 1.0


@pytest.mark.parametrize("start, network", [(None, "strip_ctc"), ("builtin", "strip_ctc"), ("none", "image_ctc")])
def test_data_alone_starts_from_the_builtin_reader_unless_told_otherwise(
    start: str | None, network: str, empty_folder: Path
) -> None:
    write_samples(empty_folder / "data", spec_of("0123456789", 26), drawn(26), "test", "0.5/0.25/0.25")
    plan = plan_training(data=empty_folder / "data", start_from=start)
    assert plan.task.network == network
    assert plan.start_from == ("" if start == "none" else "builtin")
    assert (plan.task.config.patience > 0) is (start != "none")


def test_a_fitted_scheme_is_learnt_from_the_builtin_reader_with_its_options(tmp_path: Path) -> None:
    scheme = tmp_path / "shop.yaml"
    scheme.write_text("base: site\nname: shop\n", encoding="utf-8")
    options = dict(Bundle.open(BUILTIN_FOLDER).config.options)
    plan = plan_training(str(scheme), start_from="builtin")
    assert (plan.task.network, plan.task.options) == ("strip_ctc", options), "or none of its layers would fit"
    changed = plan_training(str(scheme), start_from="builtin", settings={"options.blocks": 1})
    assert changed.task.options == options | {"blocks": 1}
    assert plan_training(str(scheme)).task.options == {}


def test_a_setting_of_the_features_goes_before_what_was_found(empty_folder: Path) -> None:
    write_samples(empty_folder / "data", spec_of("0123456789", 26), drawn(26), "test", "0.5/0.25/0.25")
    plan = plan_training(data=empty_folder / "data", settings={"features.zoom": 0.5})
    assert plan.task.features["zoom"] == 0.5


def test_the_network_has_the_builtin_readers_options_so_that_all_of_it_fits(empty_folder: Path) -> None:
    write_samples(empty_folder / "data", spec_of("0123456789", 26), drawn(26), "test", "0.5/0.25/0.25")
    task = plan_training(data=empty_folder / "data").task
    assert task.options == Bundle.open(BUILTIN_FOLDER).config.options != {}
