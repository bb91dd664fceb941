"""What strangers pack: folders, zips, tars, tables and TFRecord files, brought in as ``captchalab import`` does."""

import io
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from captcha_core.dataset.import_files import write_import
from captcha_core.sources.folders import list_labelled
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import fit, survey
from dashboard.solve.uploads import take as take_uploads
from tests.faults.fuzzing import Target
from tests.faults.mutations import BIG, MEDIA, NUMBER, Move, mutants, tfrecord_of
from tests.media.every_kind import clips, pictures

NAMES = (
    "0.png", "ab12.png", "00001_ab12.png", "ab12_x.png", "train/ab12.png", "a/x.png", "b/y.png", "U+0041/x.png",
    "U+FFFFF/x", "labels.csv", "x/labels.csv", "../../evil.png", "/etc/evil.png", "C:\\evil.png", "..\\evil.png",
    ".png", "_", "a/", "", "\u202egnp.ab12", "x" * 250 + ".png", "é.png", "a\x01b.png", "clip.wav",
    "__MACOSX/._ab12.png", "con.png", "²³_ab12.png",
)  # fmt: skip
TABLE = b"file,text\n0.png,ab12\nab12.png,cd34\n../../evil.png,ab12\n,\n"
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
RULES = (None, "filename", "name", "name-start", "name-end", "folder", "csv", "none")


def _directory_moves() -> tuple[Move, ...]:
    """Return moves that change numbers where an archive keeps its own: in the headers of its members."""

    def header(mark: bytes, offset: int) -> Move:
        def move(content: bytes, place: int, value: int) -> bytes:
            places = [at for at in range(len(content)) if content.startswith(mark, at)]
            if not places:
                return content
            at = places[place % len(places)] + offset + value % 42
            return (
                content[:at]
                + struct.pack("<I", (value * 2654435761) & BIG)[: 1 + value % 4]
                + content[at + 1 + value % 4 :]
            )

        return move

    return header(b"PK\x01\x02", 4), header(b"PK\x03\x04", 4), header(b"PK\x05\x06", 4)


def files() -> st.SearchStrategy[dict[str, bytes]]:
    """Return a strategy of up to six names with contents."""
    contents = mutants([*pictures(), *clips(), TABLE], MEDIA, 2)
    names = st.sampled_from(NAMES) | st.text(max_size=12).map(lambda text: f"{text}.png")
    return st.dictionaries(names, contents, min_size=1, max_size=6)


def zipped(members: dict[str, bytes], packing: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("\x00", "") or "x"), content, packing)
    return file.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name or "x")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def unpacked(members: dict[str, bytes], folder: Path) -> None:
    """Write members as a folder as far as the file system takes their names; one in five is a link."""
    folder.mkdir()
    for number, (name, content) in enumerate(members.items()):
        path = folder / name.replace("\\", "/").replace("..", "__").lstrip("/").replace("\x00", "")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if len(content) % 5 == 0 and number:
                path.symlink_to(folder if len(content) % 2 else "/dev/zero")
            else:
                path.write_bytes(content)
        except (OSError, ValueError):  # a name that no file can have
            continue


def imports(folder: Path) -> Target:
    """List, survey and fit whatever lies there; write every eighth as a data set."""
    moves = _directory_moves()
    zips = st.builds(zipped, files(), st.sampled_from(PACKINGS))
    steps = st.lists(st.tuples(st.sampled_from([*MEDIA, *moves, *moves, *moves]), NUMBER, NUMBER), max_size=3)
    damaged = st.builds(_damaged, zips, steps)
    packs = st.tuples(st.just("zip"), zips | damaged | damaged)
    tars = st.tuples(st.just("tar"), st.builds(tarred, files()))
    folders = st.tuples(st.just("folder"), files())
    place = folder / "in"

    def take(value: tuple[tuple[str, Any], str | None, bool]) -> None:
        (kind, content), rule, written = value
        _clean(place, folder / "out", folder / "in.zip", folder / "in.csv")
        source = place
        if kind == "folder":
            unpacked(content, place)
        else:
            source = folder / f"in.{kind}"
            source.write_bytes(content)
        if kind == "zip":
            take_uploads([("in.zip", content)])  # the dashboard's way, too
        listing = list_labelled(source, rule)
        seen = survey(listing)
        spec = spec_of(
            seen, SpecOverrides(alphabet="abcd1234", min_length=1, max_length=8) if rule == "none" else SpecOverrides()
        )
        fit(seen, spec)
        if written:
            dataset = write_import(folder / "out", listing, seen, spec, split="0.8/0.1/0.1")
            dataset.verify()
        assert not list(folder.parent.glob("evil*")), "nothing is written beside the place"

    return Target(
        st.tuples(packs | packs | folders | tars, st.sampled_from(RULES), st.sampled_from([False] * 7 + [True])), take
    )


def records(folder: Path) -> Target:
    """Read TFRecord files, their checksums right or not."""
    import tensorflow as tf

    def feature(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    path = folder / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for text, media in (("ab", pictures()[0]), ("cd", pictures()[4])):
            fields = {"media": media, "text": text.encode(), "path": f"{text}.png".encode()}
            wrapped = {name: feature(value) for name, value in fields.items()}
            writer.write(tf.train.Example(features=tf.train.Features(feature=wrapped)).SerializeToString())
    good = path.read_bytes()
    (first,) = struct.unpack("<Q", good[:8])
    record = good[12 : 12 + first]

    def rewritten(content: bytes) -> bytes:
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(content)
        return path.read_bytes()

    def take(value: tuple[bool, bytes]) -> None:
        summed, content = value
        path.write_bytes(rewritten(content) if summed else content)
        seen = survey(list_labelled(path))
        fit(seen, spec_of(seen, SpecOverrides()))

    whole = st.tuples(st.just(False), mutants([good]))
    lengths = st.sampled_from([0, len(record), 2**16, 2**33, 2**40, 2**62, 2**64 - 16, 2**64 - 1])
    lying = st.tuples(st.just(False), st.builds(lambda length: good + tfrecord_of(b"record", length) + good, lengths))
    return Target(whole | lying | st.tuples(st.just(True), mutants([record])), take)


def _damaged(content: bytes, steps: Sequence[tuple[Move, int, int]]) -> bytes:
    for step, at, value in steps:
        content = step(content, at, value) if content else content
    return content


def _clean(*places: Path) -> None:
    for place in places:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
