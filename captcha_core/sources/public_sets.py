"""Public sets of labelled captchas by name: where they are, how their labels are written, what is wrong with them.

Nothing of them ships, and nothing is downloaded: a set is what a person has put into a folder. Digests are those of the
files that the figures of this project were measured on, some of them a part of the whole set; ``faults`` were found by
``captchalab audit`` and looked at.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from captcha_core.errors import DataError
from captcha_core.files import file_digest
from captcha_core.media.image import size_of
from captcha_core.media.sniff import kind_of

LOOKED_AT = 200  # files whose bytes are read to know a set by
FITTING = 0.9  # share of files that must fit


@dataclass(frozen=True)
class PublicSet:
    """One set.

    Args:
        name: Ours.
        repository: Owner and name at GitHub.
        licence: As the repository states it.
        about: What its captchas are.
        labels: How they are written.
        file: Pattern of a captcha's path in the folder.
        size_px: (height, width) of its pictures, None for clips.
        files: How many files the digest is of.
        digest: SHA-256 over paths and contents, see :func:`digest_of_files`.
        case_insensitive: Whether labels fold the case of what the picture shows.
        faults: What is known to be wrong.
    """

    name: str
    repository: str
    licence: str
    about: str
    labels: str
    file: str
    size_px: tuple[int, int] | None
    files: int
    digest: str
    case_insensitive: bool = False
    faults: tuple[str, ...] = ()


SETS = (
    PublicSet(
        "nthu-digits6", "Joshimello/NTHUAISDecaptcha", "MIT", "six coloured digits, stars", "in the name",
        r"\d{6}\.png", (32, 104), 1000, "65aa066439d5f2b028fd6f2348d429716dede191d22c47496f9fe385db161a39",
        faults=("3 of 1,000 labels are wrong: 488210 (485210), 893983 (893953), 998749 (998949)",),
    ),
    PublicSet(
        "nthu-letters", "Joshimello/NTHUAISDecaptcha", "MIT", "single digits of nthu-digits6", "folder",
        r"\d/[^/]+\.png", (30, 30), 992, "c4369859bf8ad1fae49383342d93f0d6970aba9021d85540f4e7f5d3fbf4e00c",
        faults=("1 of 992 labels is wrong",),
    ),
    PublicSet(
        "gtzhang", "GT-ZhangAcer/CaptchaDataset", "MIT", "four digits in colours, dashes",
        "a Python dictionary in label_dict.txt", r"\d+\.jpg", (30, 70), 801,
        "ad6becf3decd607a3cfe2810d3a4726cc86f8331fa3652a2a50088fb2617b6b8",
        faults=("12 of 800 labels are wrong, among them 6668 (8999), 0012 (0014), 0143 (0141)",),
    ),
    PublicSet(
        "captchads", "cloudchamb3r/captcha-ds", "MIT", "four digits along a wave, dots",
        "in the name, a second picture of a text is TEXT.1.png", r"\d{4}(\.\d+)?\.png", (80, 240), 800,
        "5426a68db833d8f5d6bbdd76660e28e780c38ca9a6a5b8c163ba0618cd09dee9", faults=("labelled by many, some wrong",),
    ),
    PublicSet(
        "fssp", "punkerpunker/captcha_solver", "MIT", "five of Cyrillic letters and digits", "in the name",
        r"[а-я0-9]{5}\.png", (60, 200), 447, "ea1c496388a0bd7f97949361c80ba030dc950990d5e13be535fee0567140b85f",
    ),
    PublicSet(
        "tjsp", "decryptr/captchaSajData", "MIT", "five letters, coloured lines", "in the name, mostly lower case",
        r"[A-Za-z]{5}\.png", (51, 118), 800, "19f67863280aacb86ca1c34925c170b3eaaa1f6c43524e25d73d22fe35dffb4f",
        case_insensitive=True, faults=("the case of the picture is not kept",),
    ),
    PublicSet(
        "hollow6", "HollowMan6/Captcha-Data-Set-Marking-Tool", "GPL-3", "five digits, 1 bit", "in the name",
        r"\d{5}\.png", (25, 80), 800, "620d39a1b93b67843e158d999d5163a25b99307902c2ececbe0d16763d8124c3",
    ),
    PublicSet(
        "receita", "decryptr/captchaReceitaData", "GPL-3", "six characters, touching, lines and dots",
        "behind the underscore", r"[^/]+_[A-Za-z0-9]{6}\.jpg", (50, 180), 750,
        "cd74ff7bcf5f020bc068c38df73ef7ee02bab27c9291ab073d1dd659bb14f9c2",
    ),
    PublicSet(
        "receita-audio", "decryptr/captchaReceitaData", "GPL-3", "six characters in Portuguese, noise, 8 kHz",
        "in the name", r"[A-Za-z0-9]{6}\.wav", None, 260,
        "5538f416243cf89e9368dcd5307a4564aecb824a18f3059056100b6273570814",
    ),
    PublicSet(
        "balcilar-audio", "balcilar/Audio-Captcha-Recognition", "MIT", "digits under babble, 8 kHz", "in the name",
        r"\d{5,7}\.wav", None, 75, "04ce9d556938116ea76af36a4094f599ea6594d241fe685a17f6051c38bb9cb2",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Likeness:
    """How well a folder fits a set.

    Args:
        known: The set.
        fitting: Share of the files that are named and sized as it says.
        exact: Whether all bytes are those that were measured.
        files: How many files lie there.
    """

    known: PublicSet
    fitting: float
    exact: bool
    files: int


def recognise(folder: Path) -> list[Likeness]:
    """Return the sets that a folder may hold, the likeliest first.

    Raises:
        DataError: If it is no folder, or an empty one.
    """
    files = _files(folder)
    digest = digest_of_files(folder, files)
    found = [Likeness(one, _fitting(one, folder, files), one.digest == digest, len(files)) for one in SETS]
    fits = [one for one in found if one.exact or one.fitting >= FITTING]
    return sorted(fits, key=lambda one: (not one.exact, -one.fitting, len(one.known.file)))


def _files(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise DataError(f"expected the folder of a public set, received {folder}, which is none; give its folder.")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if not files:
        raise DataError(f"expected files in {folder}, received none; put the set there.")
    return files


def digest_of_files(folder: Path, files: Sequence[str]) -> str:
    """Return SHA-256 over the sorted paths and contents of files, which does not depend on the disk's order."""
    rows = sorted(f"{name}\n{file_digest(folder / name)}\n" for name in files)
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def _fitting(known: PublicSet, folder: Path, files: Sequence[str]) -> float:
    """Return the share of files, but for lists of labels, whose name and size are those of a set."""
    media = [name for name in files if not name.endswith((".txt", ".csv", ".json", ".md"))]
    if not media:
        return 0.0
    named = sum(re.fullmatch(known.file, name) is not None for name in media) / len(media)
    if named < FITTING:
        return named
    some = media[:: max(1, len(media) // LOOKED_AT)]
    sizes = Counter(_size((folder / name).read_bytes()) for name in some)
    return min(named, sizes[known.size_px] / len(some))


def _size(media: bytes) -> tuple[int, int] | str | None:
    """Return the size of a picture, None for a clip, a word for anything else."""
    try:
        return size_of(media) if kind_of(media) == "image" else None
    except DataError:
        return "neither"
