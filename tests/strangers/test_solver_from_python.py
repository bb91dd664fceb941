"""A solver takes a captcha in any form that a program has it in, and goes into other processes."""

import io
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from captcha_core.errors import DataError
from captcha_core.media.given import media_bytes
from captcha_core.media.image import decode_image
from captcha_core.solver import Solver
from tests.conftest import tiny_samples

MEDIA = tiny_samples(1, seed=5)[0].media
PIXELS = decode_image(MEDIA)


def test_bytes_path_file_picture_and_pixels_are_one(tiny_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(MEDIA)
    solver = Solver.load(str(tiny_bundle))
    wanted = solver.solve(MEDIA)
    forms = [path, str(path), bytearray(MEDIA), memoryview(MEDIA), io.BytesIO(MEDIA), Image.open(path), PIXELS]
    forms += [PIXELS[:, :, 0], np.repeat(PIXELS, 3, axis=2), cv2.cvtColor(PIXELS, cv2.COLOR_GRAY2RGBA)]
    for form in forms:
        answer = solver.solve(form)
        assert (answer.text, answer.confidence) == (wanted.text, pytest.approx(wanted.confidence)), type(form)
    assert [one.text for one in solver.solve_many([path, PIXELS])] == [wanted.text] * 2


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        (None, "received NoneType"), (7, "received int"), (io.StringIO("x"), "a file opened for text"),
        (np.zeros((4, 4)), r"an array float64 \(4, 4\)"), (np.zeros((0, 4), np.uint8), "an array uint8"),
        ("no such file.png", "no such file.png"),
    ],
)  # fmt: skip
def test_anything_else_is_said_in_one_sentence(wrong: object, received: str) -> None:
    with pytest.raises(DataError, match=f"expected .*{received}"):
        media_bytes(wrong)  # type: ignore[arg-type]


def test_a_turned_picture_keeps_its_turn() -> None:
    picture = Image.fromarray(PIXELS[:, :, 0])
    picture.getexif()[274] = 3
    assert np.array_equal(decode_image(media_bytes(picture)), PIXELS[::-1, ::-1])


def test_a_solver_is_pickled_by_where_its_model_is(tiny_bundle: Path) -> None:
    solver = Solver.load(str(tiny_bundle), threads=2)
    frozen = pickle.dumps(solver)
    assert len(frozen) < 2000, "the model itself is not in it"
    other = pickle.loads(frozen)
    assert (other.solve(MEDIA).text, other.threads) == (solver.solve(MEDIA).text, 2)
