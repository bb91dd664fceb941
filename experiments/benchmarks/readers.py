"""Readers that nobody trained for the captchas in question: ours beside ddddocr and others that are installed.

Case is folded for all: labels are often written in one case whatever the picture shows. Every reader is also measured
with the alphabet of the labels made known to it, and ours with their lengths as well.
"""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import exact_match
from captcha_core.models.decode import Limits
from captcha_core.registry.versions import BUILTIN
from captcha_core.solver import Solver
from captcha_core.sources.folders import list_labelled, read_sample
from experiments.benchmarks.timing import milliseconds, one_core, one_thread_a_session, seconds_of

Read = Callable[[bytes], str]
Labelled = list[tuple[bytes, str]]
MEGABYTE = 1e6


def run(data: Sequence[str], count: int = 200, model: str = BUILTIN) -> dict[str, Any]:
    """Let every reader that is installed read ``count`` labelled pictures of each folder or data set, on one core.

    Raises:
        DataError: If a folder holds no labelled pictures.
    """
    folders = [data] if isinstance(data, str) else data
    with one_core():
        sets = {Path(folder).name: labelled(Path(folder), count) for folder in folders}
        rows = [row for name, pictures in sets.items() for row in _rows(name, pictures, model)]
    return {"suite": "readers", "rows": rows}


def table(result: dict[str, Any]) -> str:
    """Return the figures as a Markdown table, a set a row and a reader a column, with means over the sets."""
    readers = list(dict.fromkeys(row["reader"] for row in result["rows"]))
    sets = list(dict.fromkeys(row["data"] for row in result["rows"]))
    cells = {(row["data"], row["reader"]): row for row in result["rows"]}
    lines = ["| set | n | " + " | ".join(readers) + " |", "|---" * (len(readers) + 2) + "|"]
    for name in sets:
        shares = [f"{cells[name, reader]['exact_match']['value']:.1%}" for reader in readers]
        lines.append(f"| {name} | {cells[name, readers[0]]['n']} | " + " | ".join(shares) + " |")
    mean = [sum(cells[name, reader]["exact_match"]["value"] for name in sets) / len(sets) for reader in readers]
    lines.append("| mean | | " + " | ".join(f"{share:.1%}" for share in mean) + " |")
    slow = [sum(cells[name, reader]["p50_ms"] for name in sets) / len(sets) for reader in readers]
    lines.append("| milliseconds | | " + " | ".join(f"{time_ms:.1f}" for time_ms in slow) + " |")
    large = [cells[sets[0], reader]["megabytes"] for reader in readers]
    lines.append("| megabytes | | " + " | ".join(f"{size:.1f}" for size in large) + " |")
    return "\n".join(lines)


def labelled(folder: Path, count: int) -> Labelled:
    """Return pictures and labels from all over a data set, or a folder or archive as ``import`` understands it."""
    if (folder / MANIFEST).is_file():
        dataset = Dataset.open(folder)
        samples = [one for split in dataset.counts for one in dataset.samples(split) if one.text is not None]
        every = [(one.media, one.text or "") for one in samples]
    else:
        listing = list_labelled(folder)
        entries = [entry for entry in listing.entries if entry.text]
        step = max(1, len(entries) // count)
        every = [(read_sample(listing.files, entry).media, entry.text or "") for entry in entries[::step]]
    if not every:
        raise DataError(f"expected labelled pictures in {folder}, received none; import them, or give another folder.")
    return every[:: max(1, len(every) // count)][:count]


def _rows(name: str, pictures: Labelled, model: str) -> Iterator[dict[str, Any]]:
    alphabet = "".join(sorted({character for _, text in pictures for character in text}))
    lengths = [len(text) for _, text in pictures]
    truth = [text.casefold() for _, text in pictures]
    for reader, (read, megabytes) in _readers(model, alphabet, min(lengths), max(lengths)).items():
        texts, times_s = _timed(read, [media for media, _ in pictures])
        share = exact_match(truth, [text.casefold() for text in texts])
        yield {
            "data": name, "reader": reader, "n": len(pictures), "exact_match": share.as_dict(), **milliseconds(times_s),
            "megabytes": megabytes,
        }  # fmt: skip


def _timed(read: Read, media: Sequence[bytes]) -> tuple[list[str], list[float]]:
    """Return what is read and how many seconds each took; what is loaded late is not timed."""
    read(media[0])
    texts: list[str] = []
    return texts, [seconds_of(lambda one=one: texts.append(read(one))) for one in media]  # type: ignore[misc]


def _readers(model: str, alphabet: str, shortest: int, longest: int) -> dict[str, tuple[Read, float]]:
    """Return each reader by its name, with the size of its model."""
    solver = Solver.load(model)
    megabytes = solver.bundle.litert_path.stat().st_size / MEGABYTE
    limits = Limits.within(solver.spec, alphabet, shortest, longest)
    readers: dict[str, tuple[Read, float]] = {
        model: (lambda media: solver.solve(media).text, megabytes),
        f"{model}, limits known": (lambda media: solver.solve(media, limits).text, megabytes),
    }
    if importlib.util.find_spec("ddddocr"):
        readers |= _ddddocr(alphabet)
    if importlib.util.find_spec("captcha_whisperer"):
        readers |= _whisperer()
    return readers | _tesseract(alphabet)


def _ddddocr(alphabet: str) -> dict[str, tuple[Read, float]]:
    import ddddocr

    folder = Path(ddddocr.__file__).parent
    forms = "".join(
        sorted({form for character in alphabet for form in (character, character.lower(), character.upper())})
    )
    readers: dict[str, tuple[Read, float]] = {}
    for name, settings, file in (("ddddocr", {}, "common_old.onnx"), ("ddddocr beta", {"beta": True}, "common.onnx")):
        with one_thread_a_session():
            plain, limited = (ddddocr.DdddOcr(show_ad=False, **settings) for _ in range(2))
        limited.set_ranges(forms)
        megabytes = (folder / file).stat().st_size / MEGABYTE
        readers[name] = (lambda media, engine=plain: _text(engine, media), megabytes)  # type: ignore[misc]
        readers[f"{name}, alphabet known"] = (lambda media, engine=limited: _text(engine, media), megabytes)  # type: ignore[misc]
    return readers


def _text(engine: Any, media: bytes) -> str:
    """Return what ddddocr reads; with ranges it gives a text or a table of probabilities, by its version."""
    try:
        found = engine.classification(media)
    except Exception:  # a format that it does not take
        return ""
    if isinstance(found, dict):
        found = found.get("text") or "".join(
            found["charsets"][max(range(len(step)), key=step.__getitem__)] for step in found["probability"]
        )
    return str(found)


def _whisperer() -> dict[str, tuple[Read, float]]:
    from captcha_whisperer import CaptchaRecognizer

    engine = CaptchaRecognizer(threads=1)

    def read(media: bytes) -> str:
        try:
            return str(engine.recognize_bytes(media)["text"])
        except OSError:  # a format that Pillow does not take
            return ""

    return {"captcha-whisperer": (read, engine.model_path.stat().st_size / MEGABYTE)}


def _tesseract(alphabet: str) -> dict[str, tuple[Read, float]]:
    """Return Tesseract as people run it on captchas: one line, the alphabet's characters alone."""
    import io
    import shutil

    if not (importlib.util.find_spec("pytesseract") and shutil.which("tesseract")):
        return {}
    import pytesseract
    from PIL import Image

    signs = "".join(c for c in alphabet if c.isalnum())
    settings = f"--psm 7 -c tessedit_char_whitelist={signs}"

    def read(media: bytes) -> str:
        picture = Image.open(io.BytesIO(media)).convert("RGB")
        return "".join(pytesseract.image_to_string(picture, config=settings).split())

    return {"tesseract, alphabet known": (read, 0.0)}
