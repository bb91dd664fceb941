"""Spoken clips on disk, so that nothing is paid for twice: one FLAC file for each engine, voice, text and settings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from captcha_core.errors import DataError
from captcha_core.files import own_draft, write_file
from captcha_core.media.audio import decode_audio, encode_flac

MAX_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ClipKey:
    """What decides how a clip sounds."""

    engine: str
    voice: str
    text: str
    settings: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        """Where the clip lies within the cache."""
        parts = [self.engine, self.voice, self.text, *(f"{name}={value}" for name, value in sorted(self.settings))]
        name = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        return f"{self.engine}/{name[:2]}/{name}.flac"


class VoiceCache:
    """A folder of clips. Files appear whole or not at all, so processes can share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: ClipKey, rate_hz: int) -> np.ndarray | None:
        """Return the clip, float32 (N,), or None when it is not there.

        Raises:
            DataError: If the file is damaged.
        """
        path = self.folder / key.file
        try:
            return decode_audio(path.read_bytes(), rate_hz, MAX_SECONDS) if path.exists() else None
        except DataError as error:
            raise DataError(f"{path}: {error} Remove it, and it is asked for and paid for again.") from None

    def put(self, key: ClipKey, rate_hz: int, samples: np.ndarray) -> None:
        """Store a clip, float32 (N,)."""
        _write(self.folder / key.file, encode_flac(samples, rate_hz))

    def listing(self, engine: str) -> dict[str, str]:
        """Return the voices that the service listed when it was last asked, each with a remark."""
        path = self.folder / engine / "voices.json"
        try:
            return json.loads(path.read_bytes()) if path.exists() else {}
        except ValueError:
            raise DataError(f"expected a list of voices in {path}, received a damaged file; remove it.") from None

    def put_listing(self, engine: str, voices: Mapping[str, str]) -> None:
        """Store what the service listed."""
        _write(self.folder / engine / "voices.json", json.dumps(dict(voices), indent=1, sort_keys=True).encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content, own_draft(path))
