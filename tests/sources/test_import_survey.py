"""What files have in common becomes the specification; the others are rejects with reasons."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from captcha_core.dataset.import_files import write_import
from captcha_core.errors import DataError, SpecError
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, observed_alphabet, spec_of
from captcha_core.sources.import_survey import Survey, fit, survey
from captcha_core.spec.captcha import CaptchaSpec
from tests.sources.labelled_files import TEXTS, fill, huge_png_header, in_format, picture


def look(folder: Path, overrides: SpecOverrides | None = None) -> tuple[Survey, CaptchaSpec]:
    seen = survey(list_labelled(folder))
    spec = spec_of(seen, overrides or SpecOverrides())
    fit(seen, spec)
    return seen, spec


def reasons(seen: Survey) -> dict[str, str]:
    return {reject.name: reject.reason for reject in seen.rejects}


def test_the_specification_is_what_the_files_have_in_common(tmp_path: Path) -> None:
    names = {f"{text}.png": picture(text, (24, 60)) for text in TEXTS} | {"12.png": picture("12", (30, 60))}
    seen, spec = look(fill(tmp_path, names))
    assert spec == CaptchaSpec.build(
        media="image", alphabet="0123456789", min_length=2, max_length=4, height_px=24, width_px=60, channels=1
    )
    assert len(seen.entries) == 7 and not seen.rejects


def test_colour_is_noticed_and_can_be_overruled(tmp_path: Path) -> None:
    fill(tmp_path, {f"{text}.png": picture(text, coloured=True) for text in TEXTS})
    assert look(tmp_path)[1].channels == 3
    assert look(tmp_path, SpecOverrides(channels=1))[1].channels == 1


def test_a_grey_jpeg_is_grey(tmp_path: Path) -> None:
    fill(tmp_path, {f"{text}.jpg": in_format("JPEG", "RGB", text) for text in TEXTS})
    assert look(tmp_path)[1].channels == 1


@pytest.mark.parametrize(
    ("characters", "case_sensitive", "alphabet"),
    [
        ("31", True, "0123456789"),
        ("3f", True, "0123456789abcdefghijklmnopqrstuvwxyz"),
        ("BA", True, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("aB", True, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("aB", False, "abcdefghijklmnopqrstuvwxyz"),
        ("AB", False, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("1ßж-(", True, "0123456789ßж"),
    ],
)
def test_alphabets_are_made_whole(characters: str, case_sensitive: bool, alphabet: str) -> None:
    assert observed_alphabet(characters, case_sensitive) == alphabet


def test_case_is_folded_when_it_does_not_matter(tmp_path: Path) -> None:
    fill(tmp_path, {f"{text}.png": picture(text) for text in ("aBcd", "XYZ1")})
    seen, _ = look(tmp_path, SpecOverrides(case_sensitive=False))
    assert {entry.text for entry in seen.entries} == {"abcd", "xyz1"}


def test_a_label_longer_than_any_can_be_is_a_reject(tmp_path: Path) -> None:
    fill(tmp_path, {f"{text}.png": picture(text) for text in (*TEXTS, 70 * "1")})
    seen, spec = look(tmp_path)
    assert spec.max_length == 4
    assert list(reasons(seen)) == [f"{70 * '1'}.png"]


def test_where_all_labels_are_too_long_that_is_said(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture("1"), "b.png": picture("2"), "c.png": picture("3")})
    (tmp_path / "labels.csv").write_text(f"file,text\na.png,\nb.png,{70 * '1'}\nc.png,{80 * '1'}\n", encoding="utf-8")
    long = "expected labels of at most 64 characters, received 70 in b.png; correct them or name another --label-from."
    for overrides in (SpecOverrides(), SpecOverrides(alphabet="01"), SpecOverrides(min_length=4, max_length=4)):
        with pytest.raises(SpecError) as error:
            look(tmp_path, overrides)
        assert str(error.value) == long
    seen, _ = look(tmp_path, SpecOverrides(alphabet="01", min_length=4, max_length=4))
    assert [entry.name for entry in seen.entries] == ["a.png"] and list(reasons(seen)) == ["b.png", "c.png"]


def test_a_labelled_file_wins_over_its_unlabelled_copy(tmp_path: Path) -> None:
    fill(tmp_path, {name: picture("12") for name in ("a.png", "b.png", "c.png")})
    (tmp_path / "labels.csv").write_text("file,text\na.png,\nb.png,12\nc.png,13\n", encoding="utf-8")
    seen = survey(list_labelled(tmp_path))
    assert [(entry.name, entry.text) for entry in seen.entries] == [("b.png", "12")]
    assert "has as '12'" in reasons(seen)["c.png"] and "labelled" in reasons(seen)["a.png"]


def test_a_copy_without_a_label_stays_where_the_label_does_not_fit(tmp_path: Path) -> None:
    fill(tmp_path, {name: picture("12") for name in ("a.png", "b.png", "c.png")} | {"d.png": picture("13")})
    fill(tmp_path, {"e.png": picture("13"), "f.png": picture("14")})
    rows = ("file,text", "a.png,", "b.png,12345678", "c.png,", "d.png,", "e.png,13", "f.png,14")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    seen, spec = look(tmp_path, SpecOverrides(min_length=2, max_length=2))
    texts = {entry.name: entry.text for entry in seen.entries}
    assert texts == {"a.png": None, "c.png": None, "e.png": "13", "f.png": "14"}
    assert set(reasons(seen)) == {"b.png", "d.png"} and "received 8" in reasons(seen)["b.png"]
    dataset = write_import(tmp_path / "d", list_labelled(tmp_path), seen, spec, split="1/0/0")
    written = {sample.path: (sample.text, sample.media) for sample in dataset.samples("train")}
    assert written == {name: (text, (tmp_path / name).read_bytes()) for name, text in texts.items()}


def test_a_copy_of_a_clip_that_is_too_long_is_too_long_as_well(tmp_path: Path) -> None:
    fill(tmp_path, {"a.wav": clip(2.0), "b.wav": clip(2.0), "c.wav": clip(0.5)})
    (tmp_path / "labels.csv").write_text("file,text\na.wav,12\nb.wav,\nc.wav,13\n", encoding="utf-8")
    seen, _ = look(tmp_path, SpecOverrides(max_seconds=1.0))
    assert [entry.name for entry in seen.entries] == ["c.wav"]
    assert all("expected a clip of at most 1 s" in reasons(seen)[name] for name in ("a.wav", "b.wav"))


def test_labels_that_differ_in_case_alone_are_one_where_case_does_not_matter(tmp_path: Path) -> None:
    fill(tmp_path, {"AB.png": picture("AB"), "again/ab.png": picture("AB"), "again/AC.png": picture("AB")})
    listing = list_labelled(tmp_path)
    seen = survey(listing, case_sensitive=False)
    assert {entry.name for entry in seen.entries} == {"AB.png", "again/ab.png"}
    assert set(reasons(seen)) == {"again/AC.png"}
    assert set(reasons(survey(listing))) == {"again/AC.png", "again/ab.png"}


def test_every_unusable_file_is_named_with_its_reason(tmp_path: Path) -> None:
    good = {f"{text}.png": picture(text) for text in TEXTS}
    bad = {
        "1001.png": b"this is no picture",
        "1002.png": picture("1002")[:100],
        "1003.png": huge_png_header(),
        "1004.png": b"",
        "12345.png": picture("12345"),
        "12a4.png": picture("12a4"),
        "notes.txt": b"remember the milk",
        "copy.png": good["0421.png"],
    }
    seen, _ = look(fill(tmp_path, good | bad), SpecOverrides(alphabet="0123456789", min_length=4, max_length=4))
    assert {entry.name for entry in seen.entries} == set(good)
    found = reasons(seen)
    assert set(found) == set(bad)
    assert "expected a PNG, JPEG" in found["1001.png"]
    assert "damaged or cut-off" in found["1002.png"]
    assert "at most 4,000,000 pixels, received one that claims far more" in found["1003.png"]
    assert "no bytes at all" in found["1004.png"]
    assert "expected a label of 4 characters, received 5" in found["12345.png"]
    assert "received 'a' in the label '12a4'" in found["12a4.png"]
    assert "expected one label for each file, received 'copy' for what 0421.png has as '0421'" in found["copy.png"]


def test_when_nothing_is_usable_the_first_reason_is_given(tmp_path: Path) -> None:
    fill(tmp_path, {"1001.png": b"this is no picture"})
    with pytest.raises(DataError, match=r"at least one readable labelled captcha, received none \(1001.png: expected"):
        look(tmp_path)
    fill(tmp_path, {"1002.png": picture("1002")})
    with pytest.raises(DataError, match=r"labels that fit the specification, received none \(1002.png: expected a lab"):
        look(tmp_path, SpecOverrides(min_length=6, max_length=6))


def test_unlabelled_files_need_an_alphabet(tmp_path: Path) -> None:
    fill(tmp_path, {"a.png": picture("a"), "b.png": picture("b")})
    seen = survey(list_labelled(tmp_path, "none"))
    with pytest.raises(SpecError, match="give --alphabet and --length"):
        spec_of(seen, SpecOverrides(alphabet="0123456789"))
    spec = spec_of(seen, SpecOverrides(alphabet="0123456789", min_length=4, max_length=4))
    fit(seen, spec)
    assert [entry.text for entry in seen.entries] == [None, None]


def clip(seconds: float, rate_hz: int = 8000) -> bytes:
    file = io.BytesIO()
    samples = np.sin(np.arange(int(seconds * rate_hz)) * 0.1) * 0.5
    soundfile.write(file, samples, rate_hz, format="WAV")
    return file.getvalue()


def test_clips_make_an_audio_specification(tmp_path: Path) -> None:
    names = {"123.wav": clip(0.5), "456.wav": clip(0.72), "789.wav": clip(0.6, 16_000), "000.png": picture("000")}
    seen, spec = look(fill(tmp_path, names))
    assert spec == CaptchaSpec.build(
        media="audio", alphabet="0123456789", min_length=3, max_length=3, sample_rate_hz=8000, max_seconds=0.8
    )
    assert "expected a clip as most files are" in reasons(seen)["000.png"]


def test_a_clip_that_is_too_long_is_a_reject(tmp_path: Path) -> None:
    seen, _ = look(fill(tmp_path, {"123.wav": clip(0.5), "456.wav": clip(2.0)}), SpecOverrides(max_seconds=1.0))
    assert "expected a clip of at most 1 s, received 2.0 s" in reasons(seen)["456.wav"]
