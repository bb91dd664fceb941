"""The program that an export writes sees of a picture what the solver sees, whatever kind of picture it is."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captcha_core.features.image import ImageFeatures
from captcha_core.spec.captcha import CaptchaSpec

HEIGHT, WIDTH = 12, 20
SPEC = CaptchaSpec.build(
    media="image", alphabet="01", min_length=1, max_length=1, height_px=HEIGHT, width_px=WIDTH, channels=1
)


def pictures() -> dict[str, Image.Image]:
    """Return a drawing as grey, at 16 bits, as dark and as light ink on nothing, and turned as a phone writes it."""
    grey = np.full((HEIGHT, WIDTH), 255, np.uint8)
    grey[3:7, 4:15] = np.arange(11) * 20
    sheets = {ink: np.zeros((HEIGHT, WIDTH, 4), np.uint8) for ink in (0, 255)}
    for ink, sheet in sheets.items():
        sheet[3:7, 4:15] = (ink, ink, ink, 200)
    turned = Image.fromarray(np.ascontiguousarray(grey[::-1, ::-1]))
    turned.getexif()[274] = 3
    return {
        "grey": Image.fromarray(grey),
        "16 bits": Image.fromarray(grey.astype(np.uint16) * 257),
        "dark ink": Image.fromarray(sheets[0]),
        "light ink": Image.fromarray(sheets[255]),
        "turned": turned,
    }


@pytest.mark.parametrize("kind", pictures())
def test_it_sees_what_the_solver_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = tmp_path / "a.png"
    picture = pictures()[kind]
    picture.save(path, exif=picture.getexif())
    monkeypatch.setattr(sys, "argv", ["model.onnx.py", str(path)])
    scope = {"np": np, "sys": sys, "about": {"input": {"shape": [HEIGHT, WIDTH, 1]}}}
    exec(ImageFeatures.example, scope)
    wanted = ImageFeatures.of(SPEC).from_media(path.read_bytes(), SPEC)
    assert np.array_equal(scope["x"][0], wanted)
    assert np.ptp(wanted) > 100, "there is something to see"
