"""The paid engines: nothing is paid for twice or beyond the limit, and a busy service is waited for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.api_core import exceptions as google_errors

from captcha_core.errors import DataError
from captcha_core.sources.voices.cloud import ATTEMPTS, CloudVoices
from captcha_core.sources.voices.contract import Speaker
from captcha_core.sources.voices.google import GoogleVoices
from captcha_core.sources.voices.polly import PollyVoices
from tests.sources.fakes_voices import Script, google_client, polly_client

KINDS = {
    "polly": (PollyVoices, polly_client, "ThrottlingException", "InvalidSsmlException", 16, "Amy", "Danielle"),
    "google": (
        GoogleVoices, google_client, google_errors.ServiceUnavailable("busy"),
        google_errors.InvalidArgument("no such voice"), 15 + 2, "en-GB-Wavenet-A", "en-US-Studio-O",
    ),
}  # fmt: skip


class Service:
    """An engine on its fake service, and what the test wants to know of it."""

    def __init__(self, name: str, cache: Path, errors: list[Any] | None = None, **options: Any) -> None:
        kind, client, self.busy, self.wrong, self.known, self.voice, self.listed = KINDS[name]
        self.script = Script(errors)
        self.waits: list[float] = []
        self.engine: CloudVoices = kind(client=client(self.script), cache=cache, wait=self.waits.append, **options)

    def say(self, characters: str, voice: str | None = None) -> dict[str, np.ndarray]:
        return self.engine.say(self.engine.speaker(voice or self.voice, np.random.default_rng(0)), characters)


@pytest.fixture(params=sorted(KINDS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_projects_voices_are_known_without_asking(name: str, tmp_path: Path) -> None:
    service = Service(name, tmp_path)
    assert len(service.engine.names()) == service.known and service.voice in service.engine.names()
    assert not service.script.requests


def test_a_clip_is_asked_for_once_by_all_processes(name: str, tmp_path: Path) -> None:
    first, second = Service(name, tmp_path), Service(name, tmp_path)
    said = first.say("A1A")
    assert len(first.script.requests) == 2
    assert first.say("1")["1"].tobytes() == said["1"].tobytes() and len(first.script.requests) == 2
    assert second.say("A")["A"].tobytes() == said["A"].tobytes() and not second.script.requests
    first.say("A", first.engine.names()[-1])
    assert len(first.script.requests) == 3
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_file_of_the_cache_is_named(name: str, tmp_path: Path) -> None:
    service = Service(name, tmp_path)
    service.say("1")
    (kept,) = tmp_path.rglob("*.flac")
    kept.write_bytes(b"")
    with pytest.raises(DataError, match=rf"{kept.name}: expected .* Remove it, and it is asked for and paid for again"):
        service.say("1")
    kept.unlink()
    assert service.say("1")["1"].size
    listing = tmp_path / name / "voices.json"
    listing.write_text('{"Amy": "stan', encoding="utf-8")
    with pytest.raises(DataError, match="expected a list of voices in .*voices.json, received a damaged file"):
        service.engine.names()


def test_spending_stops_at_the_limit(name: str, tmp_path: Path) -> None:
    price = Service(name, tmp_path / "price")
    price.say("1")
    service = Service(name, tmp_path, max_characters=2 * price.engine.characters_sent)
    service.say("12")
    with pytest.raises(DataError, match="raise --max-characters to pay for more"):
        service.say("3")
    assert len(service.script.requests) == 2
    assert set(service.say("12")) == {"1", "2"}  # what was paid for stays free


def test_a_busy_service_is_waited_for_longer_each_time(name: str, tmp_path: Path) -> None:
    busy = KINDS[name][2]
    service = Service(name, tmp_path, errors=[busy, busy, busy])
    service.say("1")
    assert service.waits == [0.5, 1.0, 2.0]
    given_up = Service(name, tmp_path / "other", errors=[busy] * ATTEMPTS)
    with pytest.raises(DataError, match=f"expected an answer of {name}"):
        given_up.say("1")
    assert len(given_up.script.requests) == ATTEMPTS and given_up.engine.characters_sent == 0


def test_a_wrong_request_is_not_tried_again(name: str, tmp_path: Path) -> None:
    service = Service(name, tmp_path, errors=[KINDS[name][3]])
    with pytest.raises(DataError, match=f"expected an answer of {name}"):
        service.say("1")
    assert not service.waits


def test_listed_voices_are_kept(name: str, tmp_path: Path) -> None:
    service = Service(name, tmp_path)
    listed = service.engine.list_voices()
    assert service.listed in listed and "Hans" not in listed and "de-DE-Wavenet-A" not in listed
    again = Service(name, tmp_path)
    assert service.listed in again.engine.names() and again.voice in again.engine.names()
    assert not again.script.requests


def test_polly_takes_a_voices_own_engine(tmp_path: Path) -> None:
    service = Service("polly", tmp_path)
    service.engine.list_voices()
    service.say("1", "Danielle")
    service.say("1", "Amy")
    assert [request["Engine"] for _, request in service.script.requests[-2:]] == ["neural", "standard"]
    assert service.script.requests[-1][1]["Text"] == '<speak><say-as interpret-as="characters">1</say-as></speak>'


def test_google_is_charged_for_the_tags(tmp_path: Path) -> None:
    service = Service("google", tmp_path)
    service.say("1")
    request = service.script.requests[-1]
    assert service.engine.characters_sent == len(request.input.ssml) > 1
    assert (request.voice.name, request.voice.language_code) == ("en-GB-Wavenet-A", "en-GB")


def test_polly_without_credentials_says_where_they_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    with pytest.raises(DataError, match="expected AWS credentials and a region for Polly"):
        PollyVoices(cache=tmp_path).say(Speaker("Joanna"), "1")


def test_google_without_credentials_says_where_they_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import google.auth

    def nobody(*_: Any, **__: Any) -> Any:
        raise google.auth.exceptions.DefaultCredentialsError("none")

    monkeypatch.setattr(google.auth, "default", nobody)
    with pytest.raises(DataError, match="expected Google Cloud credentials"):
        GoogleVoices(cache=tmp_path).say(Speaker("en-US-Wavenet-A"), "1")
