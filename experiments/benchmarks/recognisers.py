"""Speech recognisers that nobody trained for the captchas in question: what is off the shelf beside a training of ours.

pocketsphinx is the one that pip brings with its model, an English one. A grammar tells it the words that can be said:
the names of the alphabet's characters, any number of them.
"""

import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from captcha_core.errors import DataError
from captcha_core.evaluation.metrics import character_error_rate, exact_match
from captcha_core.features.repetition import last_pass
from captcha_core.media.audio import decode_audio, to_int16
from captcha_core.spec.captcha import MAX_SECONDS
from experiments.benchmarks.readers import labelled
from experiments.benchmarks.timing import one_core

RATE_HZ = 16_000  # of the model
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Hear = Callable[[np.ndarray], str]


def run(data: str | Sequence[str], count: int = 200) -> dict[str, Any]:
    """Let pocketsphinx listen to ``count`` labelled clips of each folder or data set, on one core.

    Raises:
        DataError: If it is not installed, or a folder holds no labelled clips.
    """
    if importlib.util.find_spec("pocketsphinx") is None:
        raise DataError("expected a speech recogniser, received none; pip install pocketsphinx.")
    with one_core():
        rows = [_row(Path(folder), count) for folder in ([data] if isinstance(data, str) else data)]
    return {"suite": "recognisers", "rows": rows}


def table(result: dict[str, Any]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| set | recogniser | exact match | character error rate | n |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['data']} | {row['recogniser']} | {row['exact_match']['value']:.1%} "
        f"| {row['character_error_rate']:.1%} | {row['n']} |"
        for row in result["rows"]
    ]
    return "\n".join(lines)


def words_of(alphabet: str) -> dict[str, str]:
    """Return the English name of each digit and letter, with the character that it means."""
    return {DIGIT_WORDS[int(one)] if one.isdecimal() else name_of(one): one for one in alphabet.lower()}


def name_of(letter: str) -> str:
    """Return a letter as the recogniser's dictionary names it; with a full stop it is no word, such as the article."""
    return f"{letter}."


def grammar_of(words: Sequence[str]) -> str:
    """Return a JSGF grammar of any number of these words."""
    return f"#JSGF V1.0; grammar captcha; public <captcha> = ({' | '.join(words)})+;"


def _row(folder: Path, count: int) -> dict[str, Any]:
    clips = labelled(folder, count)
    truth = [text.casefold() for _, text in clips]
    hear = _sphinx("".join(sorted(set("".join(truth)))))
    texts = [hear(once) for once in _said_once(media for media, _ in clips)]
    return {
        "data": folder.name, "recogniser": "pocketsphinx", "n": len(clips),
        "exact_match": exact_match(truth, texts).as_dict(),
        "character_error_rate": character_error_rate(truth, texts),
    }  # fmt: skip


def _said_once(clips: Iterator[bytes]) -> Iterator[np.ndarray]:
    """Yield samples (N,); of a clip that says everything twice the second time alone."""
    for media in clips:
        samples = decode_audio(media, RATE_HZ, MAX_SECONDS)
        again = last_pass(samples)
        yield samples if again is None else again


def _sphinx(alphabet: str) -> Hear:
    from pocketsphinx import Decoder

    words = words_of(alphabet)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "captcha.gram"
        path.write_text(grammar_of(list(words)), encoding="utf-8")
        decoder = Decoder(samprate=RATE_HZ, jsgf=str(path), loglevel="FATAL")

    def hear(samples: np.ndarray) -> str:
        decoder.start_utt()
        decoder.process_raw(to_int16(samples).tobytes(), full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        return "".join(words.get(word, "") for word in (heard.hypstr if heard else "").split())

    return hear
