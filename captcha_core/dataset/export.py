"""A data set in forms that other programs read. Both can be imported again."""

import csv
from collections.abc import Callable
from pathlib import Path

from captcha_core.dataset.split import SPLITS
from captcha_core.dataset.store import Dataset
from captcha_core.errors import disk_error
from captcha_core.files import new_folder
from captcha_core.media.sniff import suffix_of
from captcha_core.sources import tfrecord
from captcha_core.spec.sample import Sample

LABELS = "labels.csv"
Progress = Callable[[int], None]


def export_folder(dataset: Dataset, out: Path, progress: Progress = lambda _: None) -> int:
    """Write SPLIT/TEXT_ID.png for each sample, and a ``labels.csv`` of file, text and split.

    Characters that file names cannot hold become '-' in the name; the CSV has them all.

    Returns:
        The number of samples.

    Raises:
        DataError: If the folder is not empty or cannot be written; nothing is left then.
    """
    with new_folder(out) as folder, (folder / LABELS).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "text", "split"])
        for split in SPLITS:
            (folder / split).mkdir()
            for sample in dataset.samples(split):
                path = _free_path(folder / split, sample)
                path.write_bytes(sample.media)
                table.writerow([f"{split}/{path.name}", sample.text or "", split])
                progress(1)
    return sum(dataset.counts.values())


def export_tfrecord(dataset: Dataset, out: Path, progress: Progress = lambda _: None) -> int:
    """Write SPLIT.tfrecord with one tf.train.Example a sample: the bytes features media, text and path.

    Returns:
        The number of samples.

    Raises:
        DataError: If the folder is not empty or cannot be written; nothing is left then.
    """
    import tensorflow as tf

    def feature(value: str | bytes) -> tf.train.Feature:
        raw = value.encode() if isinstance(value, str) else value
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[raw]))

    with new_folder(out) as folder:
        try:
            for split in SPLITS:
                with tf.io.TFRecordWriter(str(folder / f"{split}.tfrecord")) as writer:
                    for sample in dataset.samples(split):
                        fields = {tfrecord.MEDIA: sample.media, tfrecord.TEXT: sample.text, tfrecord.PATH: sample.path}
                        features = tf.train.Features(
                            feature={name: feature(value) for name, value in fields.items() if value is not None}
                        )
                        writer.write(tf.train.Example(features=features).SerializeToString())
                        progress(1)
        except tf.errors.OpError as error:
            raise disk_error(out, OSError(error.message)) from None
    return sum(dataset.counts.values())


def _free_path(folder: Path, sample: Sample) -> Path:
    """Return a path for the sample that no other has, even where the same picture is there twice."""
    text = "".join(character if character.isalnum() else "-" for character in sample.text or "unlabelled")
    stem, ending = f"{text}_{sample.id[:8]}", suffix_of(sample.media)
    path, again = folder / f"{stem}{ending}", 2
    while path.exists():
        path, again = folder / f"{stem}_{again}{ending}", again + 1
    return path
