"""What each check of an audit finds in captchas that were drawn or damaged for it."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from captcha_core.audit.finding import SEVERITY, Finding, Place, counts, worst_first
from captcha_core.audit.looks import Look, faults, look_at, odd_sizes, twins
from captcha_core.audit.sheet import lines, page
from captcha_core.audit.texts import mixed_scripts, rare_characters, samples_for, small_test, texts_in_two_splits
from captcha_core.audit.twins import find_twins, groups
from captcha_core.evaluation.metrics import wilson_interval
from captcha_core.media.audio import encode_wav
from captcha_core.media.image import encode_png
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SPEC = CaptchaSpec.build(
    media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=40, width_px=120, channels=3
)


def drawn(text: str, rng: np.random.Generator) -> np.ndarray:
    """Draw digits on a page that all pictures share, uint8 (40, 120, 3)."""
    page = np.tile(np.linspace(150, 255, 120).astype(np.uint8)[None, :, None], (40, 1, 3))
    cv2.line(page, (0, 10), (119, 30), (90, 120, 90), 2)
    for place, character in enumerate(text):
        at = 8 + 27 * place + int(rng.integers(0, 4)), 30 + int(rng.integers(-4, 5))
        colour = [int(level) for level in rng.integers(0, 120, 3)]
        cv2.putText(page, character, at, cv2.FONT_HERSHEY_SIMPLEX, 1.0, colour, 2)
    return page


def pictures(count: int) -> list[Sample]:
    rng = np.random.default_rng(7)
    texts = [f"{int(number):04d}" for number in rng.integers(0, 10_000, count)]
    return [Sample(encode_png(drawn(text, rng)), text, f"{text}.png") for text in texts]


def in_a_file(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def encoded_anew(sample: Sample) -> list[bytes]:
    picture = Image.open(io.BytesIO(sample.media)).convert("RGB")
    larger = picture.resize((124, 41), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    return [
        in_a_file(picture, "JPEG"),
        in_a_file(larger, "PNG"),
        encode_png(255 - pixels),
        encode_png(np.ascontiguousarray(pixels[..., ::-1])),
    ]


def test_twins_are_found_however_they_are_encoded_and_strangers_are_not() -> None:
    samples = pictures(300)
    twice = [Sample(media, None) for sample in samples[:20] for media in encoded_anew(sample)]
    seen = [look_at(one, "train", SPEC).signature for one in [*samples, *twice]]
    pairs = {(pair.first, pair.second) for pair in find_twins([one for one in seen if one is not None])}
    wanted = {(place, 300 + 4 * place + kind) for place in range(20) for kind in range(4)}
    assert wanted <= pairs
    assert {pair for pair in pairs if pair[1] < 300} == set()  # the same page, some the same digits in their places
    assert all((second - 300) // 4 == first for first, second in pairs if first < 300)


def test_one_exchanged_digit_makes_no_twin() -> None:
    rng = np.random.default_rng(3)
    page = drawn("1234", rng)
    other = page.copy()
    other[:, 85:] = drawn("1230", np.random.default_rng(3))[:, 85:]
    samples = [*pictures(60), Sample(encode_png(page), "1234"), Sample(encode_png(other), "1230")]
    seen = [look_at(one, "train", SPEC).signature for one in samples]
    assert find_twins([one for one in seen if one is not None]) == []


def test_few_pictures_and_a_set_of_one_picture() -> None:
    samples = pictures(3)
    seen = [look_at(one, "train", SPEC).signature for one in [*samples, Sample(encoded_anew(samples[0])[0], None)]]
    assert groups(find_twins([one for one in seen if one is not None])) == [[0, 3]]
    assert find_twins([]) == []


def test_contradictions_leaks_and_twins() -> None:
    samples = pictures(60)
    again = encoded_anew(samples[0])
    rows = [
        *((one, "train") for one in samples),
        (Sample(again[0], "9999"), "train"),
        (Sample(encoded_anew(samples[1])[0], samples[1].text), "test"),
        (Sample(encoded_anew(samples[2])[0], samples[2].text), "train"),
        (samples[3], "validation"),
    ]
    found = twins([look_at(sample, split, SPEC) for sample, split in rows])
    kinds = {one.places[0].text: one.kind for one in found}
    texts = [one.text for one in samples]
    assert kinds == {texts[0]: "contradiction", texts[1]: "leak", texts[2]: "twin", texts[3]: "leak"}
    assert "the same file in train and validation" in {one.message for one in found}


def test_damaged_blank_and_odd_sizes() -> None:
    whole = pictures(60)
    cut = Sample(whole[0].media[: len(whole[0].media) // 2], "1111", "cut.png")
    blank = Sample(encode_png(np.full((40, 120, 3), 250, np.uint8)), "2222", "blank.png")
    wide = Sample(encode_png(drawn("3333", np.random.default_rng(0))[:, :100]), "3333", "wide.png")
    looks = [look_at(one, "train", SPEC) for one in [*whole, cut, blank, wide]]
    assert {one.kind: one.places[0].path for one in faults(looks)} == {"damaged": "cut.png", "blank": "blank.png"}
    (odd,) = odd_sizes(looks)
    assert odd.message == "1 of 63 captchas are 40 x 100 pixels, most are 40 x 120 pixels"


def test_clips_of_many_lengths_are_not_odd_and_those_far_from_the_others_are() -> None:
    spec = CaptchaSpec.build(
        media="audio", alphabet="0123456789", min_length=4, max_length=4, sample_rate_hz=8000, max_seconds=20
    )
    lengths_s = [*np.linspace(3, 5, 40), 0.5, 12.0, 15.0]
    clips = [
        Sample(encode_wav(np.sin(np.arange(int(8000 * s)) / 5).astype(np.float32), 8000), "1234", f"{s:g}.wav")
        for s in lengths_s
    ]
    silent = Sample(encode_wav(np.zeros(8000, np.float32), 8000), "1234", "silent.wav")
    looks = [look_at(one, "train", spec) for one in [*clips, silent, clips[0]]]
    assert [(one.kind, one.places[0].path) for one in faults(looks)] == [("damaged", "silent.wav")]
    short, long = odd_sizes(looks)
    assert short.message == "1 of 45 clips last less than half the usual 4.0 s, as 0.5 s"
    assert long.message == "2 of 45 clips last more than twice the usual 4.0 s, as 12.0 s"
    assert [one.message for one in twins(looks)] == ["the same file, 2 times in train"]


def test_a_size_that_is_not_that_of_most_is_not_said_to_be() -> None:
    sizes = [*["a", "b", "c"] * 39, "a", *["d"] * 3]
    looks = [Look(Place(f"{at}", "train", "1"), size) for at, size in enumerate(sizes)]
    assert [one.message for one in odd_sizes(looks)] == ["3 of 121 captchas are d, the commonest size is a"]


def places(split: str, *texts: str) -> list[Place]:
    return [Place(f"{split}{number}", split, text) for number, text in enumerate(texts)]


def test_texts_in_two_splits_are_held_against_chance() -> None:
    held = places("train", "1234", "5678") + places("test", "1234", "9999")
    (one,) = texts_in_two_splits(held, SPEC)
    assert one.message.startswith("1 of 2 test captchas have a text that is in train as well, 0 by chance")
    assert texts_in_two_splits(places("train", "1234") + places("test", "4321"), SPEC) == []


def test_rare_characters() -> None:
    found = rare_characters(places("train", *["0123"] * 30, "4444") + places("test", *["0123"] * 30), SPEC)
    assert found[0].message == "too rare in train to learn, under 20 times: 5 (0), 6 (0), 7 (0), 8 (0), 9 (0), 4 (4)"
    assert found[1].message.startswith("too rare in test to test")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("аbcd", "аbcd mixes Cyrillic and Latin letters: а is Cyrillic"),
        ("12３4", "12３4 is not in its plain form 1234: it holds fullwidth digit three"),
    ],
)
def test_mixed_scripts_and_other_forms(text: str, message: str) -> None:
    (one,) = mixed_scripts(places("train", "efgh", "1234", "ijkl", text))
    assert one.message == message


def test_a_small_test_split() -> None:
    n = samples_for(0.03)
    assert wilson_interval(round(0.9 * n), n)[1] - wilson_interval(round(0.9 * n), n)[0] <= 0.0601
    (one,) = small_test(places("test", *["1234"] * 100), 0.03)
    assert f"for 3.0% to either side it takes {n:,}" in one.message
    assert small_test(places("test", *["1234"] * n), 0.03) == []


def test_worst_first_whatever_the_kinds() -> None:
    found = [Finding(kind, kind, weight=weight) for kind in SEVERITY for weight in (1.0, 0.0)]
    assert [one.kind for one in worst_first(reversed(found))] == [kind for kind in SEVERITY for _ in range(2)]
    assert counts(found[:3]) == {"damaged": 2, "blank": 1}


def test_sheet_and_lines() -> None:
    sample = pictures(1)[0]
    found = [Finding("label", "labelled <b>1</b>", (Place(sample.id, "test", "<i>"), Place("gone", "train", None)))]
    sheet = page("Audit of <mine>", {"Digest": "abc"}, found, {sample.id: sample.media})
    assert sheet.count("data:image/png;base64,") == 1 and "<b>1" not in sheet and "&lt;i&gt;" in sheet
    assert lines(found * 3, 2)[-1] == "1 more (--show 0 for all, --out FILE.html with pictures)"
    assert lines([], 5) == []
