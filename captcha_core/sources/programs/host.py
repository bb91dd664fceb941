"""Answer requests for captchas with a Python function: run as a program, in any environment, by the protocol.

It imports nothing but the standard library, because the function's environment need not have captchalab. A function
that draws from ``random`` or NumPy's global generator is seeded before each call. What it prints goes to stderr.
"""

import base64
import importlib
import importlib.util
import inspect
import io
import json
import os
import random
import sys
from pathlib import Path
from typing import Any


def main(module_name: str, function_name: str, settings: str) -> None:
    """Answer every line of stdin."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the generator prints is no answer
    draw = getattr(load(module_name), function_name)
    more = json.loads(settings)
    places = [p for p in inspect.signature(draw).parameters.values() if p.name not in more]
    wanted = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in places)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answer(draw, request["seed"], request["index"], wanted, more)), file=answers, flush=True)


def load(name: str) -> Any:
    """Return a module by its name, or the one in a file, whose neighbours do not hide packages of their names."""
    sys.path[0] = str(Path.cwd())  # in place of this file's folder
    if not name.endswith(".py"):
        return importlib.import_module(name)
    sys.path[:] = [*sys.path[1:], str(Path(name).resolve().parent)]
    spec = importlib.util.spec_from_file_location("generator", name)
    assert spec is not None and spec.loader is not None, name
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(draw: Any, seed: int, index: int, wanted: int, settings: dict[str, Any]) -> dict[str, str]:
    """Return one answer; a fault of the function is one, too."""
    both = seed * 1_000_003 + index
    random.seed(both)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(both % 2**32)
    try:
        text, media = draw(*((both,) if wanted == 1 else (seed, index)[:wanted]), **settings)
        return {"text": text, "media": base64.b64encode(as_bytes(media)).decode()}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def as_bytes(media: Any) -> bytes:
    """Return the bytes of what a function has drawn."""
    if isinstance(media, (bytes, bytearray, memoryview)):
        return bytes(media)
    if hasattr(media, "getvalue"):
        return bytes(media.getvalue())
    if hasattr(media, "save"):
        file = io.BytesIO()
        media.save(file, "PNG")
        return file.getvalue()
    return Path(media).read_bytes()


if __name__ == "__main__":
    main(*sys.argv[1:4])
