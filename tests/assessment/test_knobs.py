"""Knobs are turned one at a time; the factorial design keeps main effects apart; retraining goes round by round."""

from pathlib import Path

import pytest

from captcha_core.assessment.effects import Effect, retrained_effects
from captcha_core.assessment.factorial import factorial_schemes, factors_of, main_effects, plackett_burman
from captcha_core.assessment.knobs import Setting, settings_of
from captcha_core.assessment.trained import generator_preset
from captcha_core.errors import ModelError, SpecError
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import SCHEMES, get_scheme


def test_the_look_of_the_package_has_at_least_twelve_knobs_of_four_levels() -> None:
    settings = settings_of(get_scheme("digits4"))
    knobs = {setting.knob for setting in settings}
    assert len(knobs) >= 12
    counts = {knob: sum(setting.knob == knob for setting in settings) for knob in knobs}
    assert sum(count >= 4 for count in counts.values()) >= 12


@pytest.mark.parametrize("name", [name for name in SCHEMES if name not in ("mixed", "wild")])
def test_nothing_else_changes_with_a_knob(name: str) -> None:
    scheme = get_scheme(name)
    for setting in settings_of(scheme):
        changed = differences(scheme, setting.scheme)
        assert len(changed) == (0 if setting.is_base else len({*changed})), setting
        assert len({knob_of(one) for one in changed}) <= 1, setting
        assert setting.is_base == (setting.scheme == scheme), setting


def differences(mine: Scheme, theirs: Scheme) -> list[str]:
    knobs = [one for one in type(mine.knobs).model_fields if getattr(mine.knobs, one) != getattr(theirs.knobs, one)]
    spec = [one for one in type(mine.spec).model_fields if getattr(mine.spec, one) != getattr(theirs.spec, one)]
    return knobs + spec


def knob_of(field: str) -> str:
    return "length" if field.endswith("_length") else field


def test_a_scheme_of_many_kinds_has_no_knob_of_its_own() -> None:
    with pytest.raises(SpecError, match="knobs that can be turned one at a time, received wild"):
        settings_of(get_scheme("wild"))
    assert {setting.knob for setting in settings_of(get_scheme("mixed"))} == {"length", "alphabet"}


def test_an_unknown_knob_is_refused() -> None:
    with pytest.raises(SpecError, match="expected knobs of rotate_deg.*received 'colour'"):
        settings_of(get_scheme("digits4"), ["colour"])
    assert {setting.knob for setting in settings_of(get_scheme("digits4"), ["lines"])} == {"lines"}


def test_the_design_is_balanced_and_finds_single_effects() -> None:
    runs = plackett_burman()
    assert len(set(runs)) == 12
    columns = list(zip(*runs, strict=True))
    assert all(sum(column) == 6 for column in columns)
    for one, a in enumerate(columns):
        assert all(sum(x == y for x, y in zip(a, b, strict=True)) == 6 for b in columns[one + 1 :])
    names = [f"f{n}" for n in range(11)]
    effects = main_effects(names, [0.9 - 0.3 * run[4] - 0.1 * run[7] for run in runs])
    assert effects == pytest.approx({name: {"f4": -0.3, "f7": -0.1}.get(name, 0.0) for name in names})


def test_the_designs_of_schemes_can_be_built() -> None:
    for name in ("digits4", "speech-noisy"):
        scheme = get_scheme(name)
        assert len(factorial_schemes(scheme, factors_of(scheme.knobs))) == 12


def test_one_seed_of_every_level_comes_before_the_second_and_a_kill_costs_nothing() -> None:
    scheme = get_scheme("digits4")
    settings = settings_of(scheme, ["lines", "wave_px"])
    effects = [
        Effect(knob=one.knob, label=one.label, level=one.level, is_base=one.is_base, fixed_hits=500 - place)
        for place, one in enumerate(settings)
    ]
    trained: list[tuple[str, str, int]] = []
    kept: list[Effect] = []

    def train(setting: Setting, seed: int) -> int:
        trained.append((setting.knob, setting.level, seed))
        if setting.level == "12":
            raise ModelError("expected a finite loss")
        return 400

    turns = iter([True] * 5 + [False] * 100)
    first = retrained_effects(settings, effects, train, 2, kept.append, lambda: next(turns))
    assert len(trained) == 5 and {seed for *_, seed in trained} == {1}
    assert trained[0][1] == "0"  # as it is, once for both knobs
    assert sum(effect.is_base and effect.by_seed == [400] for effect in first) == 2
    trained.clear()
    second = retrained_effects(settings, first, train, 2, kept.append, lambda: True)
    assert len([one for one in trained if one[2] == 1]) == 2  # what was left of the first round
    assert [effect.reason for effect in second if effect.level == "12"] == ["expected a finite loss"]
    assert {len(effect.by_seed) for effect in second if not effect.reason} == {2}


def test_the_file_of_a_scheme_is_as_good_as_a_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: site\nlength: 5\nknobs: {dots: 20, lettering: outline}\n", encoding="utf-8")
    scheme = get_scheme(str(path))
    base = {(one.knob, one.level) for one in settings_of(scheme) if one.is_base}
    assert {("dots", "20"), ("lettering", "outline"), ("length", "5")} <= base
    assert generator_preset(str(path), scheme).network == "strip_ctc"
