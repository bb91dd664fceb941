"""One small file of every kind that is taken: pictures and clips."""

import io

import numpy as np
import soundfile
from PIL import Image


def pictures() -> list[bytes]:
    """One picture in every format and mode that is taken."""
    rng = np.random.default_rng(5)
    grey = Image.fromarray(rng.integers(0, 255, (16, 32), dtype=np.uint8))
    kinds: list[tuple[Image.Image, str, dict[str, object]]] = [
        (grey, "PNG", {}),
        (grey.convert("RGBA"), "PNG", {}),
        (grey.convert("P"), "PNG", {"transparency": 3}),
        (grey.convert("1"), "PNG", {}),
        (Image.fromarray(rng.integers(0, 65535, (16, 32), dtype=np.uint16)), "PNG", {}),
        (grey, "JPEG", {}),
        (grey.convert("CMYK"), "JPEG", {"progressive": True}),
        (grey, "GIF", {"save_all": True, "append_images": [grey] * 3}),
        (grey.convert("RGB"), "BMP", {}),
        (grey, "BMP", {}),
        (grey.convert("RGB"), "WEBP", {"lossless": True}),
        (grey.convert("RGBA"), "WEBP", {"save_all": True, "append_images": [grey.convert("RGBA")]}),
    ]
    files = []
    for picture, kind, options in kinds:
        file = io.BytesIO()
        picture.save(file, kind, **options)
        files.append(file.getvalue())
    return files


def clips() -> list[bytes]:
    """One clip in every format that is taken."""
    samples = np.sin(np.arange(4000) / 5) * 0.3
    files: list[bytes] = []
    for kind, subtype in [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ]:
        file = io.BytesIO()
        soundfile.write(file, samples, 8000, format=kind, subtype=subtype)
        files.append(file.getvalue())
    return files
