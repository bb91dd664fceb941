"""Amazon Polly through boto3, with the SDK's own credential chain. Needs the extra `captchalab[polly]`."""

from typing import Any

import numpy as np

from captcha_core.errors import DataError
from captcha_core.extras import require
from captcha_core.sources.voices.cloud import CloudVoices, spelt_out

BUSY_CODES = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceFailureException"}


class PollyVoices(CloudVoices):
    """The 16 voices of the 2019 project, and whatever the service lists."""

    engine = "polly"
    sample_rate_hz = 16_000
    known = (
        "Aditi", "Amy", "Brian", "Emma", "Geraint", "Ivy", "Joanna", "Joey", "Justin", "Kendra", "Kimberly", "Matthew",
        "Nicole", "Raveena", "Russell", "Salli",
    )  # fmt: skip

    def _connect(self) -> Any:
        require("polly", "Amazon's voices")
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        try:  # one attempt: the waiting between attempts is ours
            return boto3.client("polly", config=Config(retries={"total_max_attempts": 1}))
        except BotoCoreError as error:
            raise self._explained(error) from error

    def _describe(self) -> dict[str, str]:
        voices: dict[str, str] = {}
        more: dict[str, str] = {}
        while True:
            answer = self._client.describe_voices(**more)
            for voice in answer["Voices"]:
                if voice["LanguageCode"].startswith("en-"):
                    engines = voice["SupportedEngines"]
                    voices[voice["Id"]] = "standard" if "standard" in engines else engines[0]
            if not answer.get("NextToken"):
                return voices
            more = {"NextToken": answer["NextToken"]}

    def _synthesise(self, voice: str, text: str) -> np.ndarray:
        answer = self._client.synthesize_speech(
            Engine=self._settings(voice)["engine"],
            OutputFormat="pcm",
            SampleRate=str(self.sample_rate_hz),
            Text=spelt_out(text),
            TextType="ssml",
            VoiceId=voice,
        )
        return np.frombuffer(answer["AudioStream"].read(), "<i2").astype(np.float32) / 32768.0

    def _settings(self, voice: str) -> dict[str, str]:
        return {"engine": self._cache.listing(self.engine).get(voice, "standard")}

    def _is_busy(self, error: Exception) -> bool:
        code = getattr(error, "response", {}).get("Error", {}).get("Code")
        return code in BUSY_CODES or type(error).__name__ in {"EndpointConnectionError", "ReadTimeoutError"}

    def _explained(self, error: Exception) -> DataError:
        if type(error).__name__ in {"NoCredentialsError", "NoRegionError", "PartialCredentialsError"}:
            return DataError(
                f"expected AWS credentials and a region for Polly, received: {error} Set them up as boto3 wants them "
                "(aws configure, or AWS_PROFILE and AWS_DEFAULT_REGION)."
            )
        return super()._explained(error)

    def _billed(self, text: str) -> int:
        return len(text)  # Polly does not charge for SSML tags
