"""Bodies that are small to send and dear to read: each is refused before it costs anything."""

import struct
import zlib

import numpy as np
import pytest

from captcha_core.media.image import encode_png
from captcha_core.spec.answer import ModelIdentity
from tests.serving.fakes import FakeSolver, client_of, image_spec, service_of

PICTURE = encode_png(np.full((16, 32), 200, np.uint8))


@pytest.mark.parametrize("body", ["[1,1,", '{"media":[' + "[],", '{"a":{},', '{"media":["","'])
def test_a_json_with_a_million_values_is_not_parsed(body: str) -> None:
    piece = body[-3:]
    media = (body + piece * 1_000_000).encode()
    with client_of(service_of(FakeSolver())) as client:
        one = client.post("/solve", content=media, headers={"Content-Type": "application/json"})
        assert (one.status_code, one.json()["error"]["code"]) == (422, "invalid")
        assert "expected a JSON object of media and options, received far more" in one.json()["error"]["message"]
        several = client.post("/solve/batch", content=media, headers={"Content-Type": "application/json"})
        assert (several.status_code, several.json()["error"]["code"]) == (413, "too_many_files")


def test_a_size_behind_a_million_empty_pieces_is_not_looked_for() -> None:
    first, second = FakeSolver(), FakeSolver(image_spec(20, 40), ModelIdentity("captcha-wider", "1", "champion"))
    empty = struct.pack(">I", 0) + b"teSt" + struct.pack(">I", zlib.crc32(b"teSt"))
    with client_of(service_of(first, second)) as client:
        assert client.post("/solve", content=PICTURE).status_code == 200, "chosen by its size"
        answer = client.post("/solve", content=PICTURE[:33] + empty * 500_000 + PICTURE[33:])
        assert answer.status_code == 422
        assert "expected a whole picture with its size in its first 65,536 bytes" in answer.json()["error"]["message"]
        assert client.post("/solve", content=PICTURE[:33] + empty * 20 + PICTURE[33:]).status_code == 200
