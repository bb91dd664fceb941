"""Who may ask, and how often: bearer tokens from a file that only its owner can read."""

import hashlib
import hmac
import os
import re
import stat
from collections.abc import MutableSequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from captcha_core.errors import SpecError
from captcha_core.serving.limits import DEFAULT_PER_MINUTE, MIN_TOKEN_CHARACTERS

LINE = re.compile(r"(\S+)\s+([!-~]+)(?:\s+(\d{1,9}))?")
COMMENT = re.compile(r"(?:^|\s)#.*")  # within a token a number sign is a character like others


@dataclass(frozen=True, slots=True)
class Token:
    """One caller, with the requests of late counted as a leaking bucket.

    Processes that share the memory share the rate. No lock guards it: two that count in the same microsecond may count
    one request too few, and a process that is killed while it counts stops none of the others.

    Args:
        name: For logs and metrics; never the secret.
        digest: SHA-256 of the secret; the secret itself is not kept.
        per_minute: Requests allowed a minute, a tenth of them in one burst.
        memory: Two numbers from ``at`` on: requests that have not leaked yet, and when that was.
        at: Their place.
    """

    name: str
    digest: bytes
    per_minute: int
    memory: MutableSequence[float] = field(default_factory=lambda: [0.0, 0.0])
    at: int = 0

    def take(self, now: float) -> float:
        """Take one request; return 0, or the seconds to wait when there is none left."""
        rate, burst = self.per_minute / 60, max(1.0, self.per_minute / 10)
        used = max(0.0, self.memory[self.at] - (now - self.memory[self.at + 1]) * rate)
        over = used + 1 - burst
        self.memory[self.at] = used if over > 0 else used + 1
        self.memory[self.at + 1] = now
        return max(0.0, over / rate)


@dataclass(frozen=True, slots=True)
class Tokens:
    """All callers a server knows."""

    tokens: tuple[Token, ...]

    @classmethod
    def load(cls, path: Path) -> "Tokens":
        """Read a file with a line ``NAME TOKEN [REQUESTS_PER_MINUTE]`` for each caller.

        ``#`` at the beginning or behind a space begins a comment; within a token it belongs to that.

        Raises:
            SpecError: If others can read the file, or a line is not of this form.
        """
        if not path.is_file():
            raise SpecError(f"expected a token file at {path}, received none; write a line NAME TOKEN into it.")
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SpecError(
                f"expected a token file that only its owner can read, received mode {mode:o}; run chmod 600 {path}."
            )
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = [COMMENT.sub("", line).strip() for line in text.splitlines()]
        tokens = tuple(_token(number, line) for number, line in enumerate(lines, start=1) if line)
        if not tokens:
            raise SpecError(f"expected a line NAME TOKEN in {path}, received none; write one.")
        return cls(tokens)

    def sharing(self, memory: MutableSequence[float]) -> "Tokens":
        """Return the same callers with their rates counted in shared memory, two numbers for each."""
        return Tokens(tuple(replace(one, memory=memory, at=2 * place) for place, one in enumerate(self.tokens)))

    def find(self, header: str) -> Token | None:
        """Return whose ``Authorization`` header this is. Takes as long for a wrong token as for a right one."""
        scheme, _, secret = header.partition(" ")
        digest = _digest(secret.strip()) if scheme.lower() == "bearer" else bytes(32)
        found = None
        for token in self.tokens:  # all of them, whatever was found
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found


def _token(number: int, line: str) -> Token:
    parts = LINE.fullmatch(line)
    if not parts or len(parts[2]) < MIN_TOKEN_CHARACTERS or (parts[3] and int(parts[3]) < 1):
        raise SpecError(
            f"expected NAME TOKEN [REQUESTS_PER_MINUTE] with a token of at least {MIN_TOKEN_CHARACTERS} printable "
            f"ASCII characters in line {number} of the token file, received something else; correct the line."
        )
    return Token(parts[1], _digest(parts[2]), int(parts[3] or DEFAULT_PER_MINUTE))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
