"""Which frame of a moving picture counts: chosen from the pictures, written down, the same in training and solving."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from captcha_core.errors import DataError
from captcha_core.features.image import ImageFeatures
from captcha_core.media.frames import commonest_frame, fitting_frame, framed
from captcha_core.media.image import MAX_FRAMES, decode_frames, decode_image
from captcha_core.sources.probe import Picture, probe
from captcha_core.spec.captcha import CaptchaSpec, Frame

SIZE = (40, 100)
KINDS = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}}


def drawn(text: str, noise: int | None = None, left: int = 6) -> Image.Image:
    picture = Image.new("L", SIZE[::-1], 235)
    ImageDraw.Draw(picture).text((left, 4), text, fill=20, font_size=24)
    if noise is None:
        return picture
    pixels, rng = np.array(picture), np.random.default_rng(noise)
    pixels[rng.integers(0, SIZE[0], 60), rng.integers(0, SIZE[1], 60)] = 0
    return Image.fromarray(pixels)


MOVING: dict[str, tuple[Frame, list[Image.Image]]] = {
    "builds up": ("last", [drawn("3817"[:count]) for count in range(5)]),
    "appears and goes": ("fullest", [drawn("3817"[:count]) for count in (0, 2, 4, 2, 0)]),
    "noise over a text that stays": ("median", [drawn("3817", noise=seed) for seed in range(7)]),
    "one letter after the other": ("union", [drawn(letter, left=6 + 20 * at) for at, letter in enumerate("3817")]),
    "nothing moves": ("first", [drawn("3817"), drawn("3817")]),
}


def moving(frames: Sequence[Image.Image], kind: str) -> bytes:
    file = io.BytesIO()
    colour = [frame.convert("RGB") for frame in frames]
    more = {"save_all": True, "append_images": colour[1:], "duration": 80, "loop": 0, **KINDS[kind]}
    colour[0].save(file, kind, **more)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", [case for case in MOVING if case != "nothing moves"])
def test_the_frame_with_the_whole_text_is_chosen_and_seen(case: str, kind: str) -> None:
    wanted, frames = MOVING[case]
    media = moving(frames, kind)
    found = probe(media)
    assert isinstance(found, Picture) and (found.frame, found.blank) == (wanted, False)
    text = (
        np.min([np.asarray(frame, int) for frame in frames], axis=0)
        if wanted == "union"
        else np.array(drawn("3817"), int)
    )
    seen = decode_image(media, frame=wanted)[:, :, 0].astype(int)
    assert (np.abs(seen - text) > 60).mean() < 0.02, "the whole text is there"
    spec = CaptchaSpec.build(
        media="image", alphabet="0123456789", min_length=4, max_length=4, height_px=40, width_px=100, channels=1,
        frame=wanted,
    )  # fmt: skip
    assert np.array_equal(ImageFeatures.of(spec).from_media(media, spec), seen[..., None])


def test_frames_that_are_alike_do_not_move() -> None:
    wanted, frames = MOVING["nothing moves"]
    assert fitting_frame(np.stack([np.asarray(frame)[..., None] for frame in frames])) == wanted


def test_a_picture_that_flashes_is_not_full() -> None:
    black = Image.new("L", SIZE[::-1], 0)
    frames = np.stack([np.asarray(one)[..., None] for one in (drawn(""), black, drawn("3817"), black)])
    assert fitting_frame(frames) == "fullest"
    assert np.array_equal(framed(frames, "fullest"), frames[2])


def test_most_moving_pictures_decide() -> None:
    assert commonest_frame(["last", "last", "fullest", None, None, None]) == "last"
    assert commonest_frame([None]) == "first"


def test_a_still_picture_is_the_same_by_any_rule() -> None:
    file = io.BytesIO()
    drawn("42").save(file, "GIF")
    assert decode_frames(file.getvalue()) is None
    assert all(np.array_equal(decode_image(file.getvalue(), frame=one), decode_image(file.getvalue())) for one in
               ("last", "fullest", "median", "union"))  # fmt: skip


def test_an_animation_without_end_is_refused() -> None:
    frames = [Image.fromarray(np.full((8, 8), level % 256, np.uint8)) for level in range(MAX_FRAMES + 2)]
    with pytest.raises(DataError, match=f"at most {MAX_FRAMES} frames"):
        decode_image(moving(frames, "GIF"), frame="last")
