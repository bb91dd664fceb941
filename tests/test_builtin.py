"""The reader that ships with the project: small, whole, and able to read at the first try."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from captcha_core.bundle.bundle import Bundle
from captcha_core.dataset.in_memory import write_samples
from captcha_core.evaluation.metrics import character_error_rate
from captcha_core.media.image import encode_png
from captcha_core.registry.versions import BUILTIN_AUDIO, BUILTIN_FOLDER
from captcha_core.solver import Solver
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.raster.fonts import font_path
from captcha_core.sources.schemes import get_scheme
from captcha_core.spec.captcha import BLANK, CaptchaSpec
from captcha_core.spec.sample import Sample
from experiments.cli import main

PLAIN = get_scheme("wild").turned(families=("plain",))


@pytest.fixture(scope="module")
def solver() -> Solver:
    return Solver.load("builtin")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return draw_samples(PLAIN, 2**20, range(60))


def test_it_is_small_enough_for_the_wheel() -> None:
    assert max(file.stat().st_size for file in BUILTIN_FOLDER.iterdir()) < 3_000_000
    assert Bundle.open(BUILTIN_FOLDER).config.network == "strip_ctc"


def test_it_reads_captchas_that_it_has_not_seen(solver: Solver, samples: list[Sample]) -> None:
    answers = [solver.solve(sample.media).text.casefold() for sample in samples]
    right = sum(answer == (sample.text or "").casefold() for answer, sample in zip(answers, samples, strict=True))
    assert right >= 30, [(sample.text, answer) for sample, answer in zip(samples, answers, strict=True)]


def test_where_looks_never_agree_the_text_is_likeliest_over_all(
    solver: Solver, samples: list[Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    def seeing(**shares: float) -> np.ndarray:
        logits = np.full((1, 12, solver.spec.charset.classes), -20.0)
        logits[0, :5, BLANK] = logits[0, 6:, BLANK] = 0.0
        for name, share in {**shares, "x": 1.01 - sum(shares.values())}.items():
            logits[0, 5, 1 + solver.spec.alphabet.index(name)] = np.log(share)
        return logits

    looks = [seeing(b=0.6, d=0.4), seeing(d=0.5, b=0.05), *(seeing(**{one: 0.4, "d": 0.3}) for one in "fhkmnr")]
    shown = iter(looks)
    monkeypatch.setattr(solver, "logits", lambda _: next(shown))
    assert solver.solve(samples[0].media).text == "d", "b is read most surely, by one look alone"


def test_what_clips_start_from_is_small_and_has_heard_digits() -> None:
    listener = Solver.load(BUILTIN_AUDIO)
    assert sum(file.stat().st_size for file in listener.bundle.path.iterdir()) < 2_000_000
    clean = {name: None for name in ("white_snr_db", "pink_snr_db", "babble_snr_db", "reversed_snr_db")}
    said = draw_samples(get_scheme("spoken").turned(**clean, voices=("en-US",)), 2**20, range(40))
    read = [listener.solve(sample.media).text for sample in said]
    truth = [sample.text or "" for sample in said]
    assert character_error_rate(truth, read) < 0.5, list(zip(truth, read, strict=True))


def written(text: str, size_px: int = 30) -> np.ndarray:
    font = ImageFont.truetype(str(font_path("DejaVuSans")), size_px)
    page = Image.new("RGB", (int(font.getlength(text)) + 20, size_px + 20), "white")
    ImageDraw.Draw(page).text((10, 8), text, font=font, fill=(30, 30, 90))
    return np.asarray(page)


def clouds(rng: np.random.Generator) -> np.ndarray:
    """A picture with the smooth and the fine structure of a photograph."""
    layers = [cv2.resize(rng.normal(size=(side, 3 * side, 3)).astype(np.float32), (180, 60)) for side in (4, 8, 20)]
    whole = layers[0] + layers[1] / 2 + layers[2] / 3
    return np.asarray(255 * (whole - whole.min()) / (whole.max() - whole.min()), np.uint8)


def crossed(rng: np.random.Generator) -> np.ndarray:
    page = np.full((50, 150, 3), 255, np.uint8)
    for x1, y1, x2, y2 in rng.integers(0, (150, 50, 150, 50), (7, 4)):
        cv2.line(page, (int(x1), int(y1)), (int(x2), int(y2)), (60, 60, 60), int(rng.integers(1, 4)), cv2.LINE_AA)
    return page


STRANGE = {
    "blank": lambda rng: np.full((50, 150, 3), rng.integers(0, 256, 3), np.uint8),
    "noise": lambda rng: rng.integers(0, 256, (50, 150, 3), dtype=np.uint8),
    "clouds": clouds,
    "lines": crossed,
    "20 characters": lambda rng: written("".join(rng.choice(list("abcdefhkmnprtuvwxy23456789"), 20))),
    "Cyrillic": lambda rng: written("".join(rng.choice(list("бджзилпфцчшщэюя"), 5))),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_it_is_not_sure_of_what_it_cannot_read(solver: Solver, kind: str) -> None:
    rng = np.random.default_rng(0)
    answers = [solver.solve(STRANGE[kind](rng)) for _ in range(30)]
    surest = max(answers, key=lambda answer: answer.confidence)
    assert surest.confidence < 0.95, surest
    assert np.mean([answer.confidence for answer in answers]) < 0.6


@pytest.mark.parametrize("text", ["4821", "70035"])
def test_a_small_text_on_a_large_page_is_found(solver: Solver, text: str) -> None:
    pixels = np.full((110, 150, 1), 255, np.uint8)
    cv2.putText(pixels, text, (40, 62), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
    assert solver.solve(encode_png(pixels)).text == text


def test_one_after_the_other_is_read_like_many_at_once(solver: Solver, samples: list[Sample]) -> None:
    media = [sample.media for sample in samples[:20]]
    assert [one.text for one in solver.solve_many(media)] == [solver.solve(one).text for one in media]


def test_digits_alone_are_believed_where_a_letter_is_hardly_likelier(solver: Solver) -> None:
    classes, place = solver.spec.charset.classes, {c: i for i, c in enumerate(solver.spec.alphabet, start=1)}
    logits = np.full((8, classes), -9.0, np.float32)
    logits[:, 0] = 0.0
    logits[1, place["7"]] = logits[3, place["1"]] = 9.0
    logits[5, place["o"]], logits[5, place["0"]] = 9.0, 7.0
    decode = solver._decode
    assert solver.spec.charset.decode(decode(logits, None).ids) == "710"
    logits[1, place["k"]] = 20.0
    assert solver.spec.charset.decode(decode(logits, None).ids) == "k1o"


def test_solve_needs_no_model(samples: list[Sample], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(samples[0].media)
    with pytest.raises(SystemExit) as ended:
        main(["solve", str(file)])
    shown = capsys.readouterr()
    assert ended.value.code == 0
    assert shown.out.startswith(f"{file}\t") and "builtin reader" in shown.err


def test_it_is_evaluated_and_compared_as_any_model_is(
    tmp_path: Path, empty_folder: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told the alphabet and the lengths of the data set, in the case in which its labels are."""
    capitals = CaptchaSpec.build(
        media="image", alphabet="ABCDEFGHKLMNPRSTUVWXYZ", min_length=4, max_length=4, height_px=60, width_px=160,
        channels=1,
    )  # fmt: skip
    drawn = draw_samples(get_scheme("alnum4").model_copy(update={"spec": capitals}), 3, range(30))
    data = str(write_samples(tmp_path / "data", capitals, drawn, "test", "0/0/1").path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--data", data, "--format", "json"])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    code, out, err = run("evaluate", "--model", "builtin")
    assert code == 0 and json.loads(out)["exact_match"] > 0.8 and "told the alphabet and the lengths" in err
    code, out, _ = run("compare", str(BUILTIN_FOLDER), "builtin")
    assert code == 0 and [side["exact_match"] > 0.8 for side in json.loads(out)["sides"]] == [True, True]
    code, _, err = run("evaluate", "--model", str(tiny_bundle))
    assert code == 1 and "can read, received others" in err
