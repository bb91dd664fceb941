"""One captcha as it came: the currency between sources, data sets, solvers and reports."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """Media bytes with what is known about them.

    Args:
        media: The encoded file (PNG, JPEG, WAV, FLAC, ...), untouched.
        text: The label, or None while nobody has read it.
        path: A file name for exports and messages; no directory part is trusted.
        origin: Where it came from, JSON-serialisable (source, scheme, index, voice, ...).
    """

    media: bytes
    text: str | None
    path: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Content hash: 32 hexadecimal digits of the media's SHA-256."""
        return hashlib.sha256(self.media).hexdigest()[:32]
