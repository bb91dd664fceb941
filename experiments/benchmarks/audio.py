"""How fast and in how much memory audio captchas are made and turned into features, on one core."""

import random
from typing import Any

import psutil

from captcha_core.features.audio import LogMelFeatures
from captcha_core.sources import audio_mix
from captcha_core.sources.reference import speak
from captcha_core.sources.scheme import Scheme
from captcha_core.sources.schemes import get_scheme
from experiments.benchmarks.timing import one_core, rate

SEED = 1
CHUNK = 1_000


def run(
    package_clips: int = 40, clips: int = 5_000, flat_over: int = 100_000, speech_clips: int = 512
) -> dict[str, Any]:
    """Mix beside the package, mix many, speak, and make features.

    Args:
        package_clips: Clips that AudioCaptcha makes; it takes a quarter of a second for each.
        flat_over: Clips over which memory is watched; 0 leaves that out.
    """
    with one_core():
        result: dict[str, Any] = {
            "mixing": [mixing(name, package_clips, clips) for name in ("audio-digits", "audio-alnum")],
            "features": [features(name, seconds=600.0) for name in ("audio-digits", "speech-alnum8")],
            "speech": [drawing(name, speech_clips) for name in ("speech-alnum8", "speech-noisy")],
        }
        if flat_over:
            result["memory"] = memory("audio-digits", flat_over)
    return result


def mixing(name: str, package_clips: int, clips: int) -> dict[str, Any]:
    """Return clips a second of AudioCaptcha and of our mixer, same lengths and alphabet."""
    scheme = _scheme(name)
    texts = _texts(scheme, max(package_clips, clips))
    speak(texts[0])  # reads its recordings
    package = rate(package_clips, lambda: [speak(text) for text in texts[:package_clips]])
    ours = rate(clips, lambda: _draw(scheme, texts[:clips]))
    return {
        "scheme": name, "package_clips": package_clips, "package_clips_per_s": package,
        "clips": clips, "clips_per_s": ours, "ratio": ours / package,
    }  # fmt: skip


def drawing(name: str, clips: int) -> dict[str, Any]:
    """Return clips a second of a scheme that speaks, the speaking of fresh voices included."""
    scheme = _scheme(name)
    texts = _texts(scheme, clips)
    return {"scheme": name, "clips": clips, "clips_per_s": rate(clips, lambda: _draw(scheme, texts, seed=SEED + 2))}


def features(name: str, seconds: float) -> dict[str, Any]:
    """Return how many seconds of audio become features in one second, from samples in memory."""
    scheme = _scheme(name)
    made, clips = 0.0, []
    for index, text in enumerate(_texts(scheme, 1_000)):
        clips.append(audio_mix.mix_clip(scheme, SEED, index, text).samples)
        made += len(clips[-1]) / scheme.spec.rate_hz
        if made > seconds:
            break
    extractor = LogMelFeatures.of(scheme.spec)
    extractor.from_array(clips[0])  # makes its tables
    speed = rate(made, lambda: [extractor.from_array(clip) for clip in clips])
    return {"scheme": name, "seconds_of_audio": made, "shape": list(extractor.shape), "times_real_time": speed}


def memory(name: str, clips: int) -> dict[str, Any]:
    """Return the process's memory after the first thousand clips and after all, drawn in chunks."""
    scheme = _scheme(name)
    texts = _texts(scheme, CHUNK)
    process = psutil.Process()
    sizes = []
    for start in range(0, clips, CHUNK):
        _draw(scheme, texts[: min(CHUNK, clips - start)], start)
        sizes.append(process.memory_info().rss / 2**20)
    return {"scheme": name, "clips": clips, "first_mib": sizes[0], "last_mib": sizes[-1], "highest_mib": max(sizes)}


def _draw(scheme: Scheme, texts: list[str], start: int = 0, seed: int = SEED) -> None:
    for index, text in enumerate(texts, start):
        audio_mix.mix_clip(scheme, seed, index, text)


def _texts(scheme: Scheme, count: int) -> list[str]:
    rng, spec = random.Random(SEED), scheme.spec
    return ["".join(rng.choices(spec.alphabet, k=rng.randint(spec.min_length, spec.max_length))) for _ in range(count)]


def _scheme(name: str) -> Scheme:
    """Return the scheme with its loops compiled and its first voice spoken."""
    scheme = get_scheme(name)
    audio_mix.mix_clip(scheme, SEED + 1, 0, _texts(scheme, 1)[0])
    return scheme
