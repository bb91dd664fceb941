"""Which model answered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model answered. ``version`` and ``alias`` are None where there is none."""

    name: str
    version: str | None = None
    alias: str | None = None
