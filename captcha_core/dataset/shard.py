"""One Parquet shard: its columns, how it comes into its place whole, and how it is read."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from captcha_core.errors import DataError, disk_error
from captcha_core.files import file_digest, new_file
from captcha_core.spec.sample import Sample

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_GROUP = 250
MAX_UNPACKED_BYTES = 64 * 2**20  # of texts, paths and origins; media and ids are stored as they are
PLAIN = {"PLAIN", "RLE", "BIT_PACKED"}  # of the others, one stored value can stand for any number of rows
HASH_SPACE = 2**256
SHA256 = "^[0-9a-f]{64}$"


class ShardFile(BaseModel):
    """What is known of one shard: its size, the hash of its bytes and the hash of its rows.

    ``rows_hash`` is the sum of the hashes of its (split, id, text) rows, so that rows can be counted together in any
    order and grouping. It names contents; ``sha256`` guards the bytes.
    """

    model_config = ConfigDict(frozen=True)

    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)
    rows_hash: str = Field(pattern=SHA256)


def schema() -> "pyarrow.Schema":
    """Return the columns; Hugging Face datasets and Ray Data read ``media`` as it is."""
    import pyarrow as pa

    media = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.schema([("id", pa.string()), ("text", pa.string()), ("media", media), ("origin", pa.string())])


def write_shard_file(samples: Sequence[Sample], split: str, place: Path, workshop: Path) -> ShardFile:
    """Write samples to ``place`` by way of a file in ``workshop``, so that ``place`` is whole or not there.

    Equal samples give equal bytes with one version of pyarrow: nothing in the file depends on time or machine.

    Raises:
        DataError: If the disk does not take it; nothing of it is left then.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "id": [sample.id for sample in samples],
        "text": [sample.text for sample in samples],
        "media": [{"bytes": sample.media, "path": sample.path} for sample in samples],
        "origin": [json.dumps(dict(sample.origin), sort_keys=True) for sample in samples],
    }
    table = pa.table(columns, schema=schema())
    packed = {"id": "NONE", "text": "ZSTD", "media.bytes": "NONE", "media.path": "ZSTD", "origin": "ZSTD"}
    draft = workshop / f"{split}-{place.stem}.{os.getpid()}.tmp"
    try:
        place.parent.mkdir(exist_ok=True)
        with new_file(place, draft) as file:
            pq.write_table(table, file, row_group_size=ROWS_PER_GROUP, use_dictionary=False, compression=packed)
        size, digest = place.stat().st_size, file_digest(place)
    except OSError as error:
        raise disk_error(place, error) from None
    rows_hash = sum(_row_hash(split, sample) for sample in samples) % HASH_SPACE
    return ShardFile(rows=len(samples), bytes=size, sha256=digest, rows_hash=f"{rows_hash:064x}")


def _row_hash(split: str, sample: Sample) -> int:
    row = json.dumps([split, sample.id, sample.text]).encode()
    return int.from_bytes(hashlib.sha256(row).digest(), "big")


def check_shard_file(path: Path, known: ShardFile) -> None:
    """Compare the bytes of a shard with what is known of it.

    Raises:
        DataError: If they differ.
    """
    try:
        found = file_digest(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    if found != known.sha256:
        raise DataError(
            f"expected {path} to have the SHA-256 {known.sha256[:12]}..., received {found[:12]}...; the file was "
            "changed or damaged: restore it or write the data set again."
        )


def read_shard(path: Path, columns: Sequence[str], rows: int | None = None) -> Iterator["pyarrow.RecordBatch"]:
    """Yield the rows of a shard in batches of at most ``ROWS_PER_GROUP``.

    Args:
        path: The shard.
        columns: Which of the columns; nothing else of it is read.
        rows: How many there must be, where that is known.

    Raises:
        DataError: If it is missing, damaged, has other columns, another number of rows, or no media in one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(schema()):
                raise pa.ArrowInvalid("other columns than id, text, media and origin")
            found = file.metadata.num_rows
            if found != (found if rows is None else rows):
                raise pa.ArrowInvalid(f"{found:,} rows in place of {rows:,}")
            _check_unpacked(file.metadata, path.stat().st_size)
            read = 0
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=list(columns), use_threads=False):
                batch.validate(full=True)
                read += len(batch)
                if any(_has_gaps(name, batch.column(name)) for name in batch.schema.names):
                    raise pa.ArrowInvalid("a sample without its id, media or origin")
                yield batch
            if read != found:
                raise pa.ArrowInvalid(f"{read:,} rows in place of {found:,}")
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _check_unpacked(metadata: Any, file_bytes: int) -> None:
    """Refuse a shard that says of itself that it unpacks to far more than it is, before anything of it is read."""
    import pyarrow as pa

    if metadata.num_rows > file_bytes:  # each has an id
        raise pa.ArrowInvalid(f"{metadata.num_rows:,} rows in {file_bytes:,} bytes")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    if others := sorted({encoding for chunk in chunks for encoding in chunk.encodings} - PLAIN):
        raise pa.ArrowInvalid(f"columns that are encoded as {', '.join(others)} and not plainly")
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
    if unpacked > file_bytes + MAX_UNPACKED_BYTES:
        raise pa.ArrowInvalid(f"{unpacked:,} bytes packed in {file_bytes:,}")


def _has_gaps(name: str, column: Any) -> bool:
    if name == "media":
        return bool(column.null_count or any(column.field(i).null_count for i in range(column.type.num_fields)))
    return name != "text" and bool(column.null_count)


def _unreadable(path: Path, error: Exception) -> DataError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(
        f"expected a whole Parquet shard at {path}, received: {first}; restore it or write the data set again."
    )
