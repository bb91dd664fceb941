"""Captchas that somebody else's program draws: the protocol, its limits, and one sentence for each way to fail."""

import sys
from pathlib import Path

import numpy as np
import pytest

from captcha_core.dataset.generate import GenerationRequest, write_drawn
from captcha_core.errors import CaptchaError, DataError, SpecError
from captcha_core.sources.generate import draw_arrays, draw_samples, texts
from captcha_core.sources.import_spec import SpecOverrides
from captcha_core.sources.programs.probe import scheme_of_program
from captcha_core.sources.programs.process import Program, python_command
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.stream import Stream

pytestmark = pytest.mark.slow  # each starts a program

HEAD = """
import base64, io, json, os, random, struct, sys, time, zlib

def png(seed):
    level = random.Random(seed)
    rows = b"".join(b"\\0" + bytes(level.randrange(256) for _ in range(40)) for _ in range(16))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 16, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

def say(text, media):
    print(json.dumps({"text": text, "media": base64.b64encode(media).decode()}), flush=True)

def draw(seed, index):
    place = seed * 1000 + index
    return f"{place * 7919 % 10000:04d}", png(place)
"""
LOOP = "\nfor line in sys.stdin:\n    ask = json.loads(line)\n    index = ask['index']\n"
GOOD = LOOP + "    say(*draw(ask['seed'], index))\n"
FAULTS = {
    "exit(3)": "its end (3)",
    "print('out of paint', file=sys.stderr); exit(1)": "it said: out of paint",
    "os.kill(os.getpid(), 9)": "its end by signal 9",
    "time.sleep(60)": "expected an answer within 0.5 s of the program",
    "print('hello', flush=True)": 'expected a line {"text": ..., "media": ...}',
    "print('[1]', flush=True)": 'expected a line {"text": ..., "media": ...}',
    "print(json.dumps({'error': 'no fonts'}), flush=True)": "received its error 'no fonts'",
    "say('', png(index))": "expected a text of 1 to 64 characters",
    "say(7, png(index))": "expected a text of 1 to 64 characters",
    "say('7', b'nothing')": "expected a picture or clip of the program",
    "print(json.dumps({'text': '1', 'media': '???'}), flush=True)": "expected media in base64",
    "say('1234', png(1))": "received 1 different ones in 20",
    "say(str(index), png(1))": "expected one text for each captcha",
    "b = bytearray(400 * 2**20); time.sleep(20)": "expected at most 300 MB of memory",
    "sys.stdout.buffer.write(b'x' * 20_000_000); time.sleep(20)": "expected a line of at most",
}


def program(folder: Path, body: str) -> list[str]:
    path = folder / "generator.py"
    path.write_text(HEAD + body, encoding="utf-8")
    return [sys.executable, str(path)]


def scheme_in(folder: Path, body: str = GOOD) -> Scheme:
    return scheme_of_program(program(folder, body), SpecOverrides())


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.items())
def test_every_fault_is_one_sentence(
    tmp_path: Path, fault: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_s = 0.5 if "sleep(60)" in fault else 30.0
    monkeypatch.setattr("captcha_core.sources.programs.process.FIRST_ANSWER_S", limit_s)
    knobs = ProgramKnobs(command=tuple(program(tmp_path, LOOP + f"    {fault}\n")), seconds=limit_s, memory_mb=300)
    with pytest.raises(DataError) as error:
        knobs.ask(0, range(20))
    assert sentence in str(error.value) and "\n" not in str(error.value)


def test_the_specification_is_what_the_first_captchas_have_in_common(tmp_path: Path) -> None:
    scheme = scheme_in(tmp_path)
    assert (scheme.spec.alphabet, scheme.spec.max_length, scheme.spec.size_px) == ("0123456789", 4, (16, 40))
    assert isinstance(scheme.knobs, ProgramKnobs) and scheme.knobs.reproducible and scheme.name == "generator"


def test_a_data_set_of_a_program_can_be_drawn_again(tmp_path: Path) -> None:
    scheme = scheme_in(tmp_path)
    request = GenerationRequest(scheme, 30, seed=5, source="program")
    first, second = (write_drawn(tmp_path / name, request) for name in ("a", "b"))
    assert first.digest == second.digest and first.manifest.seed == 5
    sample = draw_samples(scheme, 5, range(1))[0]
    assert sample.origin["source"] == "program" and sample.path.endswith(".png")


def test_one_that_cannot_be_asked_again_has_no_seed(tmp_path: Path) -> None:
    scheme = scheme_in(tmp_path, LOOP + "    say(*draw(random.randrange(10**6), 0))\n")
    assert isinstance(scheme.knobs, ProgramKnobs) and not scheme.knobs.reproducible
    assert write_drawn(tmp_path / "a", GenerationRequest(scheme, 25, source="program")).manifest.seed is None


def test_it_is_a_stream_like_ours(tmp_path: Path) -> None:
    scheme = scheme_in(tmp_path)
    with Stream(scheme, 1, 8) as stream:
        arrays, labels = next(stream)
    again, same = draw_arrays(scheme, 1, range(8))
    assert labels == same and all(np.array_equal(a, b) for a, b in zip(arrays, again, strict=True))
    with pytest.raises(SpecError, match="own choice"):
        texts(scheme, 1, range(3))


def test_a_text_that_is_none_of_its_first_ones_is_refused(tmp_path: Path) -> None:
    body = LOOP + "    say('12é4' if index > 200 else draw(0, index)[0], png(index))\n"
    with pytest.raises(DataError, match=r"received 'é' .*say what there can be with --alphabet"):
        draw_samples(scheme_in(tmp_path, body), 0, range(199, 220))


def test_a_python_function_draws_in_a_process_of_its_own(tmp_path: Path) -> None:
    body = "\nprint('loaded')\ndef one(seed, length=3):\n    print('drawing')\n"
    body += "    return str(random.randrange(10**length)), io.BytesIO(png(seed))\n"
    path = program(tmp_path, body)[1]
    scheme = scheme_of_program(python_command(f"{path}:one", settings={"length": 6}), SpecOverrides())
    assert isinstance(scheme.knobs, ProgramKnobs) and scheme.knobs.reproducible
    assert scheme.spec.max_length == 6 and scheme.name == "generator-one"


@pytest.mark.parametrize(
    ("function", "sentence"),
    [("none", "expected MODULE:FUNCTION"), ("no_such_module:draw", "No module named"), ("json:nothing", "nothing")],
)
def test_a_function_that_is_not_there(function: str, sentence: str) -> None:
    with pytest.raises(CaptchaError, match=sentence):
        scheme_of_program(python_command(function), SpecOverrides())


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(DataError, match="expected a program that can be started, received no-such-program"):
        Program(["no-such-program"], 1, 100)
