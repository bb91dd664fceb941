"""TFRecord files as a place of labelled captchas: one tf.train.Example a record."""

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from captcha_core.errors import DataError
from captcha_core.media.audio import MAX_BYTES
from captcha_core.sources.archive import is_left_by_a_system, unreadable

MEDIA, TEXT, PATH = "media", "text", "path"  # the features that we write
MEDIA_FEATURES = (MEDIA, "image/encoded", "image", "image_raw", "audio")
TEXT_FEATURES = (TEXT, "image/text", "label/text", "label")
ENDINGS = (".tfrecord", ".tfrecords")
RECORD_FRAME_BYTES = 16  # a length with its checksum before the data, the data's checksum behind
MAX_RECORD_BYTES = 2 * MAX_BYTES


def is_tfrecord(place: Path) -> bool:
    """Tell whether the place is a TFRecord file or a folder of nothing else."""
    if place.is_dir():
        names = [path.name.lower() for path in place.iterdir() if not is_left_by_a_system(path.name)]
        return bool(names) and all(name.endswith(ENDINGS) for name in names)
    return place.is_file() and place.name.lower().endswith(ENDINGS)


class TfrecordFiles:
    """The records of TFRecord files, named FILE/NUMBER/PATH. Every record is checked once when they are listed."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __getstate__(self) -> dict[str, object]:
        return {"place": self.place, "_records": self._records}

    @cached_property
    def _records(self) -> dict[str, tuple[Path, int, int, str | None]]:
        """Name -> (file, offset, length, text)."""
        inside = self.place.iterdir() if self.place.is_dir() else [self.place]
        paths = sorted(path for path in inside if not is_left_by_a_system(path.name))
        found = {}
        for path in paths:
            offset = 0
            for number, record in enumerate(_scan(path)):
                features = _features(record)
                text = _first(features, TEXT_FEATURES)
                name = PurePosixPath((_first(features, (PATH,)) or b"").decode(errors="replace")).name
                found[f"{path.stem}/{number:07d}/{name or 'record'}"] = (path, offset, len(record), _decoded(text))
                offset += RECORD_FRAME_BYTES + len(record)
        return found

    def names(self) -> list[str]:
        """Return the names of all records in their order."""
        return list(self._records)

    def text(self, name: str) -> str | None:
        """Return the label of a record, None where it has none."""
        return self._records[name][3]

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """Return a record's media, as :meth:`captcha_core.sources.archive.Files.read` has it."""
        path, offset, length, _ = self._records[name]
        try:
            with path.open("rb") as file:
                file.seek(offset + RECORD_FRAME_BYTES - 4)
                record = file.read(length)
        except OSError as error:
            raise unreadable(error) from None
        media = _first(_features(record), MEDIA_FEATURES)
        if media is None:
            raise DataError(
                f"expected one of the features {', '.join(MEDIA_FEATURES)} in {name}, received none; write encoded "
                "media."
            )
        if len(media) > limit:
            raise DataError(f"expected media of at most {limit:,} bytes, received {len(media):,} in {name!r}.")
        return media


def _scan(path: Path) -> Iterator[bytes]:
    """Yield the records of a file, their checksums verified."""
    _check_lengths(path)
    import tensorflow as tf

    tf.get_logger().setLevel(logging.ERROR)  # it would have tf.data instead, which keeps 2 KiB for each file it reads
    try:
        yield from tf.compat.v1.io.tf_record_iterator(str(path))
    except tf.errors.OpError:
        raise _damaged(path) from None


def _check_lengths(path: Path) -> None:
    """Refuse records that are longer than their file: TensorFlow asks for the memory first, and dies of it."""
    try:
        with path.open("rb") as file:
            at, size = 0, path.stat().st_size
            while at < size:
                file.seek(at)
                length = int.from_bytes(file.read(8), "little")
                if at + RECORD_FRAME_BYTES + length > size:
                    raise _damaged(path)
                if length > MAX_RECORD_BYTES:
                    raise DataError(
                        f"expected records of at most {MAX_RECORD_BYTES:,} bytes, received {length:,} in {path}; leave "
                        "it out."
                    )
                at += RECORD_FRAME_BYTES + length
    except OSError as error:
        raise unreadable(error) from None


def _damaged(path: Path) -> DataError:
    return DataError(f"expected a whole TFRecord file at {path}, received a damaged one; write it again.")


def _features(record: bytes) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.example.example_pb2 import Example

    try:
        return Example.FromString(record).features.feature
    except DecodeError:
        return {}


def _first(features: Any, names: Sequence[str]) -> bytes | None:
    for name in names:
        if name in features and features[name].bytes_list.value:
            return bytes(features[name].bytes_list.value[0])
    return None


def _decoded(text: bytes | None) -> str | None:
    return text.decode(errors="replace") if text else None
