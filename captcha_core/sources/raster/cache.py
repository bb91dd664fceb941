"""When compiled code on disk is out of date."""

import hashlib
from functools import cache
from pathlib import Path

from captcha_core.sources import randomness


@cache
def sources_digest() -> int:
    """Return a digest of the code that pictures are drawn with, as a number.

    Numba keeps a compiled function as long as its own file is unchanged, even when functions of other files that went
    into it are not. A function that refers to this digest as a variable of its closure is compiled anew.
    """
    digest = hashlib.sha256(Path(randomness.__file__).read_bytes())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:7])
