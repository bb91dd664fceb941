"""What an audio network sees. One road for training, solving and pictures: rates and hops are written here alone."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from captcha_core.errors import DataError
from captcha_core.features.augment import Augment
from captcha_core.features.augment_clips import augment_clips
from captcha_core.features.contract import FeaturesModel
from captcha_core.features.log_mel import FLOOR_POWER, log_mel, power_spectrum
from captcha_core.features.repetition import last_pass
from captcha_core.media.audio import MAX_RATE_HZ, MIN_RATE_HZ, decode_audio
from captcha_core.spec.answer import Box
from captcha_core.spec.captcha import MAX_SECONDS, MAX_SIDE_PX, CaptchaSpec

HOP_S = 0.016
WINDOW_S = 0.032
LOW_HZ = 60.0
RANGE_DB = 80.0


class _ClipFeatures(FeaturesModel):
    """What both views of a clip have."""

    media: ClassVar[Literal["audio"]] = "audio"

    rate_hz: int = Field(ge=MIN_RATE_HZ, le=MAX_RATE_HZ)
    max_seconds: float = Field(gt=0, le=MAX_SECONDS)

    @property
    def _more(self) -> str:
        return ""

    def look(self, media: bytes, spec: CaptchaSpec) -> tuple[np.ndarray, tuple[Box, ...]]:
        """Return the input for an audio file of any kind and rate; no box is known.

        Raises:
            DataError: If the bytes are no readable audio, or too long.
        """
        return self.from_array(decode_audio(media, self.rate_hz, spec.seconds)), ()

    def _check_length(self, samples: np.ndarray) -> None:
        if not 0 < len(samples) <= self.max_seconds * self.rate_hz:
            raise DataError(
                f"expected a clip of up to {self.max_seconds:g} seconds{self._more}, received "
                f"{len(samples) / self.rate_hz:.2f}; send the captcha alone."
            )


class LogMelFeatures(_ClipFeatures):
    """A log-mel spectrogram in 256 steps, from ``range_db`` below the clip's loudest bin (0) up to it (255).

    A short clip is followed by zeros up to ``max_seconds``, so that every sample has the same shape.

    Args:
        said_twice: A clip that repeats itself counts from where it does so; ``max_seconds`` is then that of one pass.
    """

    kind: Literal["log_mel"] = "log_mel"
    hop: int = Field(ge=1)
    window: int = Field(ge=2, le=2**16)
    mels: int = Field(default=40, ge=8, le=128)
    low_hz: float = Field(default=LOW_HZ, ge=0, lt=MIN_RATE_HZ / 2)
    range_db: float = Field(default=RANGE_DB, gt=0, le=1000)
    said_twice: bool = False

    @model_serializer(mode="wrap")
    def _as_ever(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what came later where it has its default: older bundles keep their digests."""
        fields: dict[str, Any] = write(self)
        return fields if self.said_twice else {key: value for key, value in fields.items() if key != "said_twice"}

    @property
    def _more(self) -> str:
        return ", or one that says that twice" if self.said_twice else ""

    @property
    def frames(self) -> int:
        """T, the frames of the longest clip."""
        return 1 + int(self.max_seconds * self.rate_hz) // self.hop

    @property
    def shape(self) -> tuple[int, int]:
        """(T, M) of one sample."""
        return self.frames, self.mels

    @property
    def hop_s(self) -> float:
        """Seconds from one frame to the next; frame t is centred on t times this."""
        return self.hop / self.rate_hz

    def step_s(self, steps: int) -> float | None:
        """Return the seconds from one time step of a network to the next; None where steps count from the second pass.

        Args:
            steps: T' of its logits for the T frames of the longest clip; each stands for a whole number of frames.
        """
        if self.said_twice:
            return None
        return max(1, round(self.frames / steps)) * self.hop_s

    def augmentation(self, strength: float) -> Augment | None:
        """Return what distorts training batches, None where the strength is 0."""
        if not strength:
            return None
        steps_a_db = 255.0 / self.range_db
        return lambda levels, rng: augment_clips(levels, rng, strength, steps_a_db)

    def upright(self, levels: np.ndarray) -> np.ndarray:
        """Return (T, M, ...) with time to the right and low tones below."""
        return levels.swapaxes(0, 1)[::-1]

    def decibels(self, samples: np.ndarray) -> np.ndarray:
        """Return float32 (T, M), decibels below the loudest bin, of a clip's own length."""
        return log_mel(
            samples, self.rate_hz, self.window, self.hop, self.mels, self.low_hz, self.rate_hz / 2, self.range_db
        )

    def from_array(self, samples: np.ndarray, /) -> np.ndarray:
        """Return uint8 (T, M) of samples float32 (N,) at ``rate_hz``.

        Raises:
            DataError: If the clip is empty or longer than ``max_seconds``.
        """
        if self.said_twice and len(samples):
            again = last_pass(samples)
            samples = samples if again is None else again
        self._check_length(samples)
        levels = np.zeros(self.shape, np.uint8)
        own = self.decibels(samples)
        levels[: len(own)] = np.rint((own + self.range_db) * (255.0 / self.range_db))
        return levels

    @classmethod
    def of(cls, spec: CaptchaSpec) -> "LogMelFeatures":
        """Return the features of a specification, with the usual hop and window."""
        rate_hz = spec.rate_hz
        return cls(
            rate_hz=rate_hz, max_seconds=spec.seconds, hop=round(HOP_S * rate_hz), window=round(WINDOW_S * rate_hz)
        )


class SpectrogramPicture(_ClipFeatures):
    """The seed's input: the whole clip as a grey spectrogram picture of 64 x 128 pixels, as SoX draws it.

    SoX takes a transform of 2 * (height - 1) samples with a Hann window, averages the power of the frames that fall
    into each column, and shows 120 dB below full scale; high frequencies are at the top.
    """

    kind: Literal["spectrogram_picture"] = "spectrogram_picture"
    height_px: int = Field(default=64, ge=8, le=MAX_SIDE_PX)
    width_px: int = Field(default=128, ge=8, le=MAX_SIDE_PX)
    range_db: float = Field(default=120.0, gt=0, le=1000)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 1) of one sample."""
        return self.height_px, self.width_px, 1

    def from_array(self, samples: np.ndarray, /) -> np.ndarray:
        """Return uint8 (H, W, 1) of samples float32 (N,) at ``rate_hz``.

        Raises:
            DataError: If the clip is empty or longer than ``max_seconds``.
        """
        self._check_length(samples)
        window = 2 * (self.height_px - 1)
        power = power_spectrum(samples, window, window // 2) * np.float32((4.0 / window) ** 2)  # full scale is 0 dB
        edges = np.linspace(0, len(power), self.width_px + 1)
        first = np.minimum(edges[:-1].astype(int), len(power) - 1)
        sums = np.concatenate([np.zeros((1, self.height_px)), np.cumsum(power, axis=0, dtype=np.float64)])
        last = np.maximum(edges[1:].astype(int), first + 1)
        columns = (sums[last] - sums[first]) / (last - first)[:, None]
        decibels = 10.0 * np.log10(np.maximum(columns, FLOOR_POWER * 1e-3))
        grey = np.clip(1.0 + decibels / self.range_db, 0.0, 1.0) * 255.0
        return np.asarray(np.rint(grey.T[::-1, :, None]), np.uint8)

    @classmethod
    def of(cls, spec: CaptchaSpec) -> "SpectrogramPicture":
        """Return the features of a specification."""
        return cls(rate_hz=spec.rate_hz, max_seconds=spec.seconds)
