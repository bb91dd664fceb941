"""Pictures as people have them: turned by EXIF, transparent, blank, in other formats, large or flat; small sets."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from captcha_core.dataset.import_files import write_import
from captcha_core.errors import DataError, SpecError
from captcha_core.media.fonts import font_for, without_font, writable
from captcha_core.media.image import decode_image, encode_png, size_of
from captcha_core.media.sniff import kind_of, suffix_of
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from tests.sources.labelled_files import TEXTS, fill, picture

NOISE = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90", 8: "ROTATE_270"}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("turn", TURNS)
def test_exif_turns_a_picture_upright(kind: str, turn: int) -> None:
    upright = Image.fromarray(np.kron(np.array([[0, 255, 90], [200, 30, 160]], np.uint8), np.ones((16, 16), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = turn
    media = saved(upright.transpose(Image.Transpose[TURNS[turn]]).convert("RGB"), kind, exif=exif)
    seen = decode_image(media)[:, :, 0]
    assert seen.shape == (32, 48) == size_of(media)
    assert np.abs(seen.astype(int) - np.asarray(upright)).mean() < 4


def test_damaged_exif_turns_nothing() -> None:
    media = saved(Image.fromarray(NOISE), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert decode_image(media, 3).shape == NOISE.shape


def on_nothing(level: int) -> bytes:
    """A word in one level on a page that is transparent."""
    page = Image.new("RGBA", (60, 20), (255, 255, 255, 0))
    ImageDraw.Draw(page).text((5, 3), "4821", fill=(level, level, level, 255))
    return saved(page, "PNG")


@pytest.mark.parametrize("level", [0, 120, 200, 230, 255])
def test_ink_on_nothing_shows_whatever_its_level(level: int) -> None:
    seen = decode_image(on_nothing(level)).astype(int)
    assert np.ptp(seen) > 50
    assert (seen[0, 0, 0] == 255) == (level < 200), "dark ink on white, light ink on black"


def test_a_transparent_corner_does_not_change_the_page() -> None:
    pixels = np.dstack([NOISE, np.full((20, 40), 255, np.uint8)])
    pixels[0, 0, 3] = 0
    assert decode_image(saved(Image.fromarray(pixels), "PNG"), 3)[0, 0].tolist() == [255, 255, 255]


def test_blank_pictures_are_left_out_and_said(tmp_path: Path) -> None:
    blank = {"1111.png": encode_png(np.full((16, 32), 255, np.uint8)), "2222.png": saved(
        Image.new("RGBA", (32, 16), (9, 9, 9, 0)), "PNG")}  # fmt: skip
    seen = survey(list_labelled(fill(tmp_path, {f"{text}.png": picture(text) for text in TEXTS} | blank)))
    assert {reject.name for reject in seen.rejects} == set(blank)
    assert all("received one of a single colour" in reject.reason for reject in seen.rejects)


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "ICO"])
def test_other_formats_are_read(kind: str) -> None:
    options = {"sizes": [(40, 20)]} if kind == "ICO" else {"quality": 100} if kind == "AVIF" else {}
    media = saved(Image.fromarray(NOISE // 8 * 0 + 200).convert("RGB"), kind, **options)
    assert kind_of(media) == "image" and suffix_of(media) == f".{kind.lower()}"
    assert size_of(media) == (20, 40) and decode_image(media, 3).shape == (20, 40, 3)


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"\0\0\0\x18ftypheic", "a HEIC picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"8BPS\0\1", "a Photoshop picture"),
        (b"<svg xmlns=", "an SVG drawing"),
    ],
)
def test_formats_that_are_not_read_are_named(head: bytes, named: str) -> None:
    for refuse in (kind_of, decode_image):
        with pytest.raises(DataError, match=f"received {named}; convert it to PNG or JPEG"):
            refuse(head + bytes(40))


@pytest.mark.parametrize("shape", [(7, 20), (30, 2100)])
def test_sizes_out_of_range_name_the_options(shape: tuple[int, int], tmp_path: Path) -> None:
    seen = survey(list_labelled(fill(tmp_path, {f"{text}.png": picture(text, shape) for text in TEXTS})))
    with pytest.raises(SpecError, match=rf"8 to 2,048 pixels a side, received {shape[0]} x {shape[1]}.*--height and"):
        spec_of(seen, SpecOverrides())
    assert spec_of(seen, SpecOverrides(height_px=30, width_px=100)).size_px == (30, 100)


@pytest.mark.parametrize("by", ["content", "text"])
@pytest.mark.parametrize("count", [3, 4, 6])
def test_small_sets_have_a_sample_in_each_split(count: int, by: str, tmp_path: Path) -> None:
    listing = list_labelled(fill(tmp_path / "in", {f"{text}.png": picture(text) for text in TEXTS[:count]}))
    seen = survey(listing)
    spec = spec_of(seen, SpecOverrides())
    fit(seen, spec)
    dataset = write_import(tmp_path / "out", listing, seen, spec, split="0.7/0.1/0.2", split_by=by)  # type: ignore[arg-type]
    assert min(dataset.counts.values()) >= 1 and sum(dataset.counts.values()) == count


def test_a_sheet_writes_labels_in_their_script_or_as_codes() -> None:
    assert without_font(["aé7"]) == "" and writable("aé7") == "aé7"
    nobody = "\U000e0ffe"
    assert without_font([f"a{nobody}"]) == nobody and writable(f"a{nobody}") == "a[U+E0FFE]"
    mask = font_for("жук", 14).getmask("ж")
    assert bytes(mask) != bytes(font_for("жук", 14).getmask("у"))


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "ICO"])
def test_what_is_cut_is_refused_in_a_sentence_or_whole(kind: str) -> None:
    file = io.BytesIO()
    Image.effect_noise((40, 20), 60).save(file, kind)
    media = file.getvalue()
    for at in range(len(media) // 2, len(media), len(media) // 20):
        with suppress(DataError):
            assert np.array_equal(decode_image(media[:at]), decode_image(media))
