"""Stand-ins for the paid services, at the place their SDKs offer for it: nothing of ours is replaced."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from captcha_core.media.audio import encode_wav, to_int16

RATE_HZ = 16_000


def tone(key: str) -> np.ndarray:
    """A tone that tells voices and texts apart, with silence around it."""
    hertz = 200 + sum(key.encode()) % 600
    sound = 0.4 * np.sin(2 * np.pi * hertz * np.arange(3_200) / RATE_HZ)
    return np.concatenate([np.zeros(800), sound, np.zeros(800)]).astype(np.float32)


class Script:
    """Answers of a service: each call takes the next error, or the usual answer when there is none left."""

    def __init__(self, errors: list[Any] | None = None) -> None:
        self.errors = errors or []
        self.requests: list[Any] = []

    def next_error(self, request: Any) -> Any:
        self.requests.append(request)
        return self.errors.pop(0) if self.errors else None


def polly_client(script: Script | None = None) -> Any:
    """A boto3 client whose answers come from botocore's Stubber."""
    import boto3
    from botocore.response import StreamingBody
    from botocore.stub import Stubber

    script = script or Script()
    client = boto3.client("polly", region_name="eu-west-1", aws_access_key_id="nobody", aws_secret_access_key="nothing")

    class Endless:
        """Adds the answer to a request as it is made, for a Stubber wants them one by one."""

        def __getattr__(self, name: str) -> Callable[..., Any]:
            def call(**request: Any) -> Any:
                stubber = Stubber(client)
                error = script.next_error((name, request))
                if error:
                    stubber.add_client_error(name, error, "stubbed", 400)
                elif name == "describe_voices":
                    stubber.add_response(name, _voices_page(request), request)
                else:
                    sound = to_int16(tone(request["VoiceId"] + request["Text"])).tobytes()
                    body = StreamingBody(io.BytesIO(sound), len(sound))
                    stubber.add_response(name, {"AudioStream": body, "RequestCharacters": 1}, request)
                with stubber:
                    return getattr(client, name)(**request)

            return call

    return Endless()


def _voices_page(request: dict[str, str]) -> dict[str, Any]:
    first = [
        {"Id": "Amy", "LanguageCode": "en-GB", "SupportedEngines": ["neural", "standard"]},
        {"Id": "Hans", "LanguageCode": "de-DE", "SupportedEngines": ["standard"]},
    ]
    second = [{"Id": "Danielle", "LanguageCode": "en-US", "SupportedEngines": ["neural"]}]
    return {"Voices": second} if "NextToken" in request else {"Voices": first, "NextToken": "more"}


def google_client(script: Script | None = None) -> Any:
    """The SDK's client on a transport that answers by itself."""
    from google.api_core.gapic_v1.client_info import ClientInfo
    from google.api_core.gapic_v1.method import wrap_method
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import texttospeech
    from google.cloud.texttospeech_v1.services.text_to_speech.transports.base import TextToSpeechTransport

    script = script or Script()

    class Transport(TextToSpeechTransport):
        """Answers by itself; the client wraps its methods as it wraps those that send."""

        kind = "fake"

        def __init__(self) -> None:
            super().__init__(credentials=AnonymousCredentials())
            self._wrapped_methods = {
                method: wrap_method(method, client_info=ClientInfo())
                for method in (self.list_voices, self.synthesize_speech)
            }

        def list_voices(self, request: Any, **_: Any) -> Any:
            self._fail_as_scripted(request)
            rows = [("en-US-Studio-O", ["en-US"]), ("de-DE-Wavenet-A", ["de-DE"])]
            voices = [texttospeech.Voice(name=name, language_codes=codes) for name, codes in rows]
            return texttospeech.ListVoicesResponse(voices=voices)

        def synthesize_speech(self, request: Any, **_: Any) -> Any:
            self._fail_as_scripted(request)
            sound = encode_wav(tone(request.voice.name + request.input.ssml), request.audio_config.sample_rate_hertz)
            return texttospeech.SynthesizeSpeechResponse(audio_content=sound)

        def _fail_as_scripted(self, request: Any) -> None:
            error = script.next_error(request)
            if error:
                raise error

        def close(self) -> None:
            """Nothing is open."""

    return texttospeech.TextToSpeechClient(transport=Transport())
