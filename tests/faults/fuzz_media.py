"""Pictures and clips from strangers."""

from pathlib import Path

from captcha_core.media.audio import decode_audio
from captcha_core.media.image import decode_image, size_of
from captcha_core.sources.probe import probe
from tests.faults.fuzzing import Target
from tests.faults.mutations import MEDIA, mutants
from tests.media.every_kind import clips, pictures


def images(folder: Path) -> Target:
    """Decode at a size, in colour at its own size, and ask for the size alone."""

    def take(media: bytes) -> None:
        size_of(media)
        decode_image(media, 1, (16, 32))
        probe(media)

    return Target(mutants([*pictures(), *clips()[:1]], MEDIA), take)


def audio(folder: Path) -> Target:
    """Decode at another rate, and at its own as an import does."""

    def take(media: bytes) -> None:
        probe(media)
        decode_audio(media, 11_025, 2.0)

    return Target(mutants([*clips(), *pictures()[:1]], MEDIA), take)
