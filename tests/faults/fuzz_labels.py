"""Label files: tables of file and text, the log of labels, and tables of predictions."""

from pathlib import Path

from hypothesis import strategies as st

from captcha_core.dataset.labelling import labelled_by_model, to_ask
from captcha_core.dataset.labels import LOG, Label, LabelLog, latest, now, tally
from captcha_core.evaluation.predictions import Predictions
from captcha_core.spec.captcha import CaptchaSpec
from tests.faults.fuzzing import Target
from tests.faults.mutations import documents, json_files, mutants
from tests.sources.labelled_files import parse_rows

TABLES = [
    b"file,text\n0.png,abcd\n1.png,ABCD\n",
    b"0.png,abcd\r\n1.png,\r\n",
    b'\xef\xbb\xbffilename,label,split\n"a,b.png","x""y",train\n1.png,z,test\n',
    "path;target\né.png;ß\n".encode(),
    "0.png\tabcd\né.png\tß\n".encode("utf-16"),
    b'{"0.png": "abcd", "1.png": {"text": "x"}}',
    b'[{"data": {"image": "/data/0.png"}, "annotations": [{"result": [{"value": {"text": ["ab"]}}]}]}]',
    b"{'0.png': 'abcd', '1.png': 'x'}",
]
PREDICTED = [b"id,text,read,confidence\nab,12,12,0.5\ncd,34,,0.0\n"]


def tables(folder: Path) -> Target:
    """Read a CSV of labels, and one of predictions."""

    def take(content: bytes) -> None:
        if content.startswith(b"id"):
            path = folder / "predictions.csv"
            path.write_bytes(content)
            Predictions.from_file(path)
        else:
            parse_rows(content, "labels.csv")
            parse_rows(content, "labels.json", ["0.png", "é.png"])

    return Target(mutants([*TABLES, *PREDICTED]), take)


def log(folder: Path) -> Target:
    """Read a label log whatever its lines are, work out what counts, and add a label to it."""
    spec = CaptchaSpec.build(
        media="image", alphabet="0123", min_length=1, max_length=4, height_px=16, width_px=32, channels=1
    )
    ids = ["a" * 32, "b" * 32]
    lines = [
        Label(id=ids[0], text="12", by="hand", who="me", when=now(), model="m", guess="12", confidence=0.5),
        Label(id=ids[1], text=None, by="hand", who="me", when=now()),
        Label(id=ids[1], text="3", by="model", who="models:/m/1", when="2026-01-01T00:00:00", confidence=0.9),
    ]
    seeds = [line.model_dump(mode="json") for line in lines]
    mine = LabelLog.of(folder, spec)

    def take(files: list[bytes]) -> None:
        content = b"\n".join(files)
        (folder / LOG).write_bytes(content)
        labels, _ = mine.read()
        tally(labels)
        labelled_by_model(labels)
        latest(labels)
        to_ask(ids, [None, None], labels)

    def add(document: object) -> None:
        try:
            label = Label.model_validate(document)
        except ValueError:  # no label: the page that makes them cannot hand over such a one
            return
        (folder / LOG).unlink(missing_ok=True)
        mine.add([label])
        assert mine.read()[1] == 0, "what was written is read back"

    def either(value: list[bytes] | tuple[object]) -> None:
        if isinstance(value, tuple):
            add(value[0])
        else:
            take(value)

    files = st.lists(json_files(seeds), min_size=1, max_size=4)
    return Target(files | files | st.tuples(documents(seeds)), either)
