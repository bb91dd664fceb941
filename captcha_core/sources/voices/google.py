"""Google Cloud Text-to-Speech, with the SDK's own credential chain. Needs the extra `captchalab[google]`."""

from typing import Any

import numpy as np
from typing_extensions import override

from captcha_core.errors import DataError
from captcha_core.extras import require
from captcha_core.media.audio import decode_audio
from captcha_core.sources.voices.cache import MAX_SECONDS
from captcha_core.sources.voices.cloud import CloudVoices, spelt_out

BUSY_ERRORS = {"ResourceExhausted", "TooManyRequests", "ServiceUnavailable", "InternalServerError", "DeadlineExceeded"}


class GoogleVoices(CloudVoices):
    """The 17 voices of the 2019 project, and whatever the service lists."""

    engine = "google"
    sample_rate_hz = 16_000
    known = (
        *(f"en-AU-Wavenet-{letter}" for letter in "ABCD"),
        *(f"en-GB-Wavenet-{letter}" for letter in "ABCD"),
        *(f"en-IN-Wavenet-{letter}" for letter in "ABC"),
        *(f"en-US-Wavenet-{letter}" for letter in "ABCDEF"),
    )

    def _connect(self) -> Any:
        sdk = _sdk()
        try:
            return sdk.TextToSpeechClient()
        except Exception as error:  # google.auth raises several kinds when there are no credentials
            raise self._explained(error) from error

    def _describe(self) -> dict[str, str]:
        listed = self._client.list_voices(retry=None).voices
        english = {voice.name: code for voice in listed for code in voice.language_codes if code.startswith("en-")}
        return dict(sorted(english.items()))

    def _synthesise(self, voice: str, text: str) -> np.ndarray:
        sdk = _sdk()
        answer = self._client.synthesize_speech(
            input=sdk.SynthesisInput(ssml=spelt_out(text)),
            voice=sdk.VoiceSelectionParams(language_code=voice[:5], name=voice),
            audio_config=sdk.AudioConfig(
                audio_encoding=sdk.AudioEncoding.LINEAR16, sample_rate_hertz=self.sample_rate_hz
            ),
            retry=None,  # the waiting between attempts is ours
        )
        return decode_audio(answer.audio_content, self.sample_rate_hz, MAX_SECONDS)

    @override
    def _settings(self, voice: str) -> dict[str, str]:
        return {}

    def _is_busy(self, error: Exception) -> bool:
        return type(error).__name__ in BUSY_ERRORS

    def _explained(self, error: Exception) -> DataError:
        if type(error).__name__ == "DefaultCredentialsError":
            return DataError(
                "expected Google Cloud credentials for its voices, received none; set them up as the SDK wants them "
                "(gcloud auth application-default login)."
            )
        return super()._explained(error)

    def _billed(self, text: str) -> int:
        return len(spelt_out(text))  # Google charges for the tags too


def _sdk() -> Any:
    require("google", "Google's voices")
    from google.cloud import texttospeech

    return texttospeech
