"""A scheme is a few lines of YAML: as good as a built-in name, and checked before anything is drawn."""

from pathlib import Path

import pytest

from captcha_core.errors import SpecError
from captcha_core.presets.preset import load_preset
from captcha_core.sources.generate import draw_arrays
from captcha_core.sources.scheme_files import SchemeFile, as_yaml, scheme_files
from captcha_core.sources.schemes import SCHEMES, get_scheme
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.workflows.plan import TrainingPlan, plan_training

SHOP = """\
base: fonts
alphabet: "2345678"
length: 5
width_px: 120
height_px: 40
knobs: {font_sizes_px: [20, 22], dots: 0}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    return path


def test_a_file_says_what_differs_from_its_base(shop: Path) -> None:
    scheme, base = get_scheme(str(shop)), get_scheme("fonts")
    assert scheme.name == "shop"
    assert (scheme.spec.alphabet, scheme.spec.min_length, scheme.spec.max_length) == ("2345678", 5, 5)
    assert scheme.spec.size_px == (40, 120) and scheme.spec.channels == base.spec.channels
    assert scheme.knobs == base.turned(font_sizes_px=(20, 22), dots=0).knobs
    pictures, texts = draw_arrays(scheme, 0, range(3))
    assert len(pictures) == 3 and pictures[0].shape == (40, 120, 1)
    assert all(len(text) == 5 and set(text) <= set("2345678") for text in texts)


def test_a_file_can_say_all_that_a_specification_can() -> None:
    assert CaptchaSpec.model_fields.keys() - SchemeFile.model_fields.keys() == {"media"}, "the base says that"


def test_an_edit_is_seen(shop: Path) -> None:
    before = get_scheme(str(shop))
    shop.write_text(SHOP.replace("length: 5", "length: 6"))
    assert get_scheme(str(shop)).spec.max_length == 6
    assert get_scheme(str(shop)).digest != before.digest


@pytest.mark.parametrize("name", [name for name in SCHEMES if not name.startswith("tones")])
def test_what_schemes_prints_is_that_scheme_again(name: str, tmp_path: Path) -> None:
    scheme = SCHEMES[name]
    path = tmp_path / "again.yaml"
    path.write_text(as_yaml(scheme.model_copy(update={"name": f"my-{name}"}), name))
    again = get_scheme(str(path))
    assert (again.name, again.spec, again.knobs) == (f"my-{name}", scheme.spec, scheme.knobs)
    assert again.digest == scheme.digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("knobs: {dots: 3}\n", "expected base: and the name of a scheme in x.yaml, received none"),
        ("base: nosuch\n", "expected the base of x.yaml among digits4, .*received 'nosuch'"),
        ("base: digits4\ncolour: red\n", "received 'red' for colour: Extra inputs"),
        ("base: digits4\nname: digits4\n", "expected a name of its own in x.yaml, received 'digits4'"),
        ("base: digits4\nname: ../x\n", "expected a name of letters, digits"),
        ("base: digits4\nalphabet: 12345\n", 'expected the alphabet in quotes, received 12345.*alphabet: "12345"'),
        ("base: digits4\nlength: 4\nmax_length: 5\n", "expected length or min_length and max_length"),
        ("base: digits4\nlength: 0.5\n", "received 0.5 for length"),
        ("base: digits4\nmin_length: 6\n", "expected 1 <= min_length <= max_length"),
        ("base: digits4\nsample_rate_hz: 8000\n", "expected exactly height_px, width_px and channels for image"),
        ("base: digits4\nknobs: {dotz: 1}\n", "expected a valid knob of x, received 1 for dotz"),
        ("base: digits4\nknobs: {dots: -1}\n", "received -1 for dots: Input should be greater than or equal to 0"),
        ("base: digits4\nknobs: [1]\n", "for knobs: Input should be a valid dictionary"),
        ("- base\n", "expected a mapping in the scheme x.yaml"),
        ("base: [digits4]\n", "for base: Input should be a valid string"),
        ("base: {x: [\n", "expected a mapping in the scheme x.yaml"),
    ],
)
def test_a_fault_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message) as raised:
        get_scheme(str(path))
    assert str(raised.value).count("\n") == 0


def test_a_file_that_is_not_there_names_the_known() -> None:
    with pytest.raises(SpecError, match="expected a scheme's file, received No such file .*digits4"):
        get_scheme("nowhere.yaml")


def test_a_folder_gives_its_schemes_and_nothing_else(shop: Path) -> None:
    (shop.parent / "preset.yaml").write_text("scheme: digits4\nnetwork: image_ctc\ndescription: x\n")
    (shop.parent / "broken.yml").write_text("base: [")
    assert list(scheme_files(shop.parent, SCHEMES)) == [str(shop)]


def test_a_training_takes_the_file_in_place_of_a_preset(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_training(str(shop), settings={"steps_per_epoch": 3})
    assert (plan.preset, plan.name, plan.task.network) == ("shop", "captcha-shop", "image_ctc")
    assert plan.task.spec == get_scheme(str(shop)).spec and plan.task.config.steps_per_epoch == 3
    learnt = plan.learnt()
    again = TrainingPlan.of(plan.record())
    monkeypatch.chdir("/")
    assert Path(again.scheme).is_absolute() and again.learnt() == learnt, "another process finds the file"
    shop.write_text(SHOP.replace("dots: 0", "dots: 9"))
    assert plan.learnt() != learnt, "a resume tells that the stream is another"


def test_a_preset_names_a_scheme_file_beside_it(shop: Path) -> None:
    preset = shop.parent / "recipe.yaml"
    preset.write_text("description: mine\nscheme: shop.yaml\nnetwork: image_cnn\ntraining: {minutes: 1}\n")
    assert get_scheme(load_preset(str(preset)).scheme or "").name == "shop"
    assert plan_training(str(preset)).task.network == "image_cnn"
