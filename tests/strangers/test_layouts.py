"""Layouts in which people keep captchas: the labels are right, or the error offers the reading that makes them right.

Nothing is opened here: a layout is names and files of labels, so each file holds one byte.
"""

import json
import re
import shlex
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from captcha_core.errors import DataError
from captcha_core.sources.folders import Listing, list_labelled
from captcha_core.sources.labels.scoring import LabelHints
from tests.sources.labelled_files import fill

COUNT = 60
DIGITS, LETTERS, ALNUM = "0123456789", "abcdefghjkmnpqrstuvwxyz", "23456789abcdefghjkmnpqrstuvwxyz"
MIXED = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
CJK, CYRILLIC = "中内区南古外天安徽心服来津海湖片股蒙", "абвгдежзиклмнпрст"


def texts(alphabet: str = DIGITS, length: int = 4, count: int = COUNT) -> list[str]:
    rng = np.random.default_rng([length, count, ord(alphabet[0])])
    drawn = ["".join(rng.choice(list(alphabet), length)) for _ in range(3 * count)]
    return list(dict.fromkeys(drawn))[:count]


def hashes(digits: int = 32) -> list[str]:
    rng = np.random.default_rng(digits)
    return ["".join(rng.choice(list("0123456789abcdef"), digits)) for _ in range(COUNT)]


Layout = tuple[dict[str, str], dict[str, str]]  # name -> label, and name -> content of the files beside


def named(pattern: str, labels: Sequence[str], folder: str = "") -> Layout:
    """Names after a pattern of {text}, {i} and others that differ from file to file."""
    names = {}
    for i, text in enumerate(labels):
        facts = {"md5": hashes(32)[i], "h8": hashes(8)[i], "ms": 1600000000000 + 37777 * i, "s": 1600000000 + 97 * i}
        code = hashes(32)[i]
        facts["uuid"] = "-".join((code[:8], code[8:12], code[12:16], code[16:20], code[20:]))
        facts["day"], facts["time"] = (
            f"2017{1 + i % 12:02d}{1 + i % 28:02d}",
            f"{i % 24:02d}{i % 60:02d}{7 * i % 60:02d}",
        )
        names[folder + pattern.format(text=text, i=i, n=i + 1, **facts)] = text
    return names, {}


def counted(labels: Sequence[str], pattern: str = "{i:03d}.png") -> dict[str, str]:
    return {pattern.format(i=i): text for i, text in enumerate(labels)}


def beside(table: str, content: Callable[[dict[str, str]], str], pattern: str = "{i:03d}.png") -> Layout:
    """Counted files and a file of labels."""
    names = counted(texts(), pattern)
    return names, {table: content(names)}


def lines(separator: str, header: str = "") -> Callable[[dict[str, str]], str]:
    return lambda names: header + "\n".join(f"{name}{separator}{text}" for name, text in names.items()) + "\n"


def studio(names: dict[str, str]) -> str:
    tasks = [
        {
            "id": i,
            "data": {"ocr": f"/data/upload/1/{hashes(8)[i]}-{name}"},
            "annotations": [{"id": i, "result": [{"value": {"text": [text]}, "from_name": "transcription"}]}],
            "predictions": [],
        }
        for i, (name, text) in enumerate(names.items())
    ]
    return json.dumps(tasks)


def coco(names: dict[str, str]) -> str:
    images = [{"id": i, "file_name": name, "width": 9} for i, name in enumerate(names)]
    return json.dumps(
        {"images": images, "annotations": [{"image_id": i, "caption": t} for i, t in enumerate(names.values())]}
    )


def with_texts(names: dict[str, str], suffix: str = ".txt") -> Layout:
    return names, {name.rpartition(".")[0] + suffix: f"{text}\n" for name, text in names.items()}


def copies(marks: Sequence[str]) -> Layout:
    labels = texts(ALNUM, 5)
    names = {f"{text}.png": text for text in labels}
    return names | {f"{text}{mark}.png": text for text, mark in zip(labels, marks, strict=False)}, {}


def pictures_of_texts() -> Layout:
    return {f"{text}/{i}.png": text for text in texts(ALNUM, 5, 20) for i in range(3)}, {}


def split_tables() -> Layout:
    parts = {"train": texts(count=60)[:40], "test": texts(count=60)[40:]}
    names = {f"{part}/{i}.png": text for part, labels in parts.items() for i, text in enumerate(labels)}
    return names, {
        f"{part}.csv": lines(",", "filename,label\n")({n: t for n, t in names.items() if n.startswith(part)})
        for part in parts
    }


LAYOUTS: dict[str, Layout] = {
    "TEXT": named("{text}.png", texts()),
    "TEXT of letters": named("{text}.jpg", texts(LETTERS, 5)),
    "TEXT of letters and digits": named("{text}.png", texts(ALNUM, 6)),
    "TEXT in mixed case": named("{text}.png", texts(MIXED, 5)),
    "TEXT in Chinese": named("{text}.png", texts(CJK, 4)),
    "TEXT in Cyrillic": named("{text}.png", texts(CYRILLIC, 5)),
    "TEXT taken apart by a Mac": named("{text}.png", [unicodedata.normalize("NFC", t) for t in texts("äöüéàç", 5)]),
    "TEXT.webp": named("{text}.webp", texts(ALNUM, 4)),
    "TEXT_count": named("{text}_{i}.png", texts()),
    "TEXT_count, as wide": named("{text}_{i:04d}.png", texts()),
    "TEXT-count": named("{text}-{i:04d}.png", texts()),
    "TEXT_md5": named("{text}_{md5}.png", texts()),
    "TEXT_hash of eight": named("{text}_{h8}.png", texts()),
    "TEXT.md5": named("{text}.{md5}.png", texts(ALNUM, 5)),
    "TEXT_milliseconds": named("{text}_{ms}.png", texts()),
    "TEXT-seconds": named("{text}-{s}.png", texts(DIGITS, 6)),
    "TEXT count": named("{text} {i}.png", texts(LETTERS, 5)),
    "count_TEXT": named("{i}_{text}.png", texts()),
    "count padded_TEXT": named("{i:05d}_{text}.png", texts()),
    "count-TEXT": named("{n}-{text}.png", texts(ALNUM, 5)),
    "count.TEXT": named("{n}.{text}.png", texts(DIGITS, 5)),
    "seconds_TEXT": named("{s}_{text}.png", texts()),
    "milliseconds-TEXT": named("{ms}-{text}.png", texts(LETTERS, 4)),
    "day_time_TEXT": named("{day}_{time}_{text}.png", texts(LETTERS, 5)),
    "code and date_TEXT": named("{h8}{day}{time}_{text}.jpg", texts(ALNUM, 6)),
    "md5_TEXT": named("{md5}_{text}.png", texts(ALNUM, 5)),
    "captcha_TEXT": named("captcha_{text}.png", texts()),
    "captcha-TEXT": named("captcha-{text}.png", texts(LETTERS, 6)),
    "captchaTEXT": named("captcha{text}.png", texts(LETTERS, 5)),
    "captcha_count_TEXT": named("captcha_{i}_{text}.png", texts()),
    "captcha_TEXT_count": named("captcha_{text}_{i}.png", texts()),
    "img-TEXT-md5": named("img-{text}-{md5}.png", texts(ALNUM, 5)),
    "count(TEXT)": named("{i}({text}).png", texts(LETTERS, 5)),
    "[TEXT]count": named("[{text}]{i}.png", texts(LETTERS, 5)),
    "TEXT in split folders": (
        named("{text}.png", texts()[:40], "train/")[0] | named("{text}.png", texts()[40:], "val/")[0],
        {},
    ),
    "TEXT in batches": (
        named("{text}.png", texts()[:30], "batch1/")[0] | named("{text}.png", texts()[30:], "batch2/")[0],
        {},
    ),
    "TEXT.1 of a second picture": copies([".1"] * 9),
    "TEXT (2) of Windows": copies([" (2)", " (3)", " - Copy", " - Copy (2)", "(1)"]),
    "TEXT-0 and TEXT_2": copies(["-0", "-1", "_2", "_3"]),
    "TEXT 副本": copies([" - 副本", " - 副本 (2)", " 副本", "副本2"]),
    "a folder a text": pictures_of_texts(),
    "a folder a character": ({f"{c}/{i}.png": c for c in DIGITS for i in range(5)}, {}),
    "sums in names": named("{text}.png", [f"{a}+{b}=" for a in range(10) for b in range(6)]),
    "labels.txt with spaces": beside("labels.txt", lines(" ")),
    "labels.txt with tabs": beside("labels.txt", lines("\t")),
    "labels.txt with commas": beside("labels.txt", lines(",")),
    "labels.txt with colons": beside("labels.txt", lines(": ")),
    "labels.txt, text first": beside("labels.txt", lambda n: "\n".join(f"{t} {name}" for name, t in n.items())),
    "train.lst": beside("train.lst", lines("\t"), "data/{i}.jpg"),
    "rec_gt_train.txt": beside("rec_gt_train.txt", lines("\t"), "train_data/word_{i}.png"),
    "answers.json, a map": beside("answers.json", json.dumps),
    "labels.json, objects": beside(
        "labels.json", lambda n: json.dumps([{"file": k, "text": v, "w": 9} for k, v in n.items()])
    ),
    "labels.json, objects in a map": beside(
        "labels.json", lambda n: json.dumps({k: {"label": v} for k, v in n.items()})
    ),
    "labels.json, pairs": beside("labels.json", lambda n: json.dumps(list(n.items()))),
    "labels.json, under a name": beside(
        "labels.json", lambda n: json.dumps({"version": 1, "items": [{"image": k, "answer": v} for k, v in n.items()]})
    ),
    "labels.jsonl": beside(
        "metadata.jsonl", lambda n: "\n".join(json.dumps({"file_name": k, "text": v}) for k, v in n.items())
    ),
    "Label Studio": beside("project-1-at-2026.json", studio),
    "COCO": beside("captions.json", coco),
    "a Python dictionary": beside("label_dict.txt", repr),
    "a Python file": beside("labels.py", lambda n: f"LABELS = {n!r}\n"),
    "NAME.txt beside": with_texts(counted(texts())),
    "NAME.gt.txt beside": with_texts(counted(texts(ALNUM, 5)), ".gt.txt"),
    "train.csv and test.csv": split_tables(),
    "TEXT_uuid": named("{text}_{uuid}.png", texts(ALNUM, 5)),
    "labels/1.txt of images/1.png": (
        counted(texts(), "images/{i}.png"),
        {f"labels/{i}.txt": text for i, text in enumerate(texts())},
    ),
    "NAME.json beside": (
        counted(texts()),
        {f"{i:03d}.json": json.dumps({"version": 2, "text": text}) for i, text in enumerate(texts())},
    ),
    "labels.yaml": beside("labels.yaml", lambda n: "\n".join(f"{name}: '{text}'" for name, text in n.items())),
    "labels.txt with arrows": beside("labels.txt", lines(" -> ")),
    "fonts before TEXT": (
        {f"{('arial', 'times', 'courier')[i % 3]}_{text}.png": text for i, text in enumerate(texts(ALNUM, 5))},
        {},
    ),
    "TEXT_size": named("{text}_120x40.png", texts(ALNUM, 5)),
    "a text of ten pictures": ({f"{text}_{i:02d}.png": text for text in texts()[:20] for i in range(10)}, {}),
    "classes in split folders": (
        {f"{s}/{c}/{i}.png": c for s in ("train", "test") for c in DIGITS for i in range(4)},
        {},
    ),
    "two tables that agree": (
        counted(texts()),
        {"labels.csv": lines(",", "file,text\n")(counted(texts())), "labels.json": json.dumps(counted(texts()))},
    ),
    "numbers alone": (counted(texts(), "captcha{i}.png"), {}),
    "hashes alone": named("{md5}.png", texts()),
}


def as_written(layout: str) -> dict[str, str]:
    """Return file -> label; names of a Mac are decomposed on its disk."""
    names, _ = LAYOUTS[layout]
    return {unicodedata.normalize("NFD", n): t for n, t in names.items()} if "Mac" in layout else names


def written(folder: Path, layout: str) -> Path:
    contents = {name: b"x" for name in as_written(layout)}
    return fill(folder, contents | {name: text.encode() for name, text in LAYOUTS[layout][1].items()})


def labels(listing: Listing) -> dict[str, str | None]:
    return {entry.name: entry.text for entry in listing.entries}


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if not name.endswith("alone")])
def test_labels_are_what_the_layout_means(layout: str, tmp_path: Path) -> None:
    listing = list_labelled(written(tmp_path, layout))
    assert labels(listing) == as_written(layout)
    assert {reject.name for reject in listing.rejects} <= {"labels.json"}  # where labels.csv says the same


@pytest.mark.parametrize("layout", ["numbers alone", "hashes alone"])
def test_names_that_are_no_labels_are_asked_about(layout: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)expected labels in the names.*--label-from none"):
        list_labelled(written(tmp_path, layout))


@pytest.mark.parametrize(
    ("pattern", "kind", "hints"),
    [
        ("{text}_{other}.png", "name-start", LabelHints(alphabet=DIGITS)),
        ("{other}_{text}.png", "name-end", LabelHints(min_length=4, max_length=4)),
    ],
)
def test_two_parts_alike_are_asked_about_and_options_decide(
    pattern: str, kind: str, hints: LabelHints, tmp_path: Path
) -> None:
    others = texts(LETTERS, 5)
    names = {pattern.format(text=text, other=other): text for text, other in zip(texts(), others, strict=True)}
    fill(tmp_path, dict.fromkeys(names, b"x"))
    with pytest.raises(DataError, match="received several ways") as error:
        list_labelled(tmp_path)
    offered = [line.strip().partition(":")[0] for line in str(error.value).splitlines()[1:]]
    assert f"--label-from {kind}" in offered
    assert labels(list_labelled(tmp_path, kind, hints=hints)) == names
    assert labels(list_labelled(tmp_path, hints=hints)) == names


def test_every_reading_that_is_offered_can_be_chosen(tmp_path: Path) -> None:
    names = {f"{a}_{b}_{c}.png": b for a, b, c in zip(texts(), texts(LETTERS, 5), texts(ALNUM, 6), strict=True)}
    fill(tmp_path, dict.fromkeys(names, b"x") | {"mine.csv": lines(",")(names).replace(".png,", ".png,7").encode()})
    with pytest.raises(DataError, match="several ways") as error:
        list_labelled(tmp_path)
    offers = [line for line in str(error.value).splitlines() if line.startswith("  --label-")][:-1]
    assert len(offers) >= 3
    for offer in offers:
        words = shlex.split(re.split(r": (?:TEXT|anything|\S+\.csv)", offer)[0])
        chosen = {"--label-from": {"rule": words[1]}, "--label-pattern": {"pattern": words[1]}}[words[0]]
        shown = dict(re.findall(r"(\S+) -> (\S+?)(?:,|$)", offer))
        found = labels(list_labelled(tmp_path, **chosen))
        assert shown and all(found[name] == text for name, text in shown.items()), offer


def test_lines_that_name_no_files_are_offered_in_their_order(tmp_path: Path) -> None:
    names = counted(texts(), "{i}.png")
    fill(tmp_path, dict.fromkeys(names, b"x") | {"labels.txt": "\n".join(names.values()).encode()})
    with pytest.raises(DataError, match=r"(?s)--label-from labels.txt: the lines of labels.txt in the order"):
        list_labelled(tmp_path)
    assert labels(list_labelled(tmp_path, "labels.txt")) == names


def test_tables_that_contradict_each_other_are_asked_about(tmp_path: Path) -> None:
    names, others = counted(texts()), counted(texts(ALNUM, 5))
    tables = {"labels.csv": lines(",", "file,text\n")(names).encode(), "labels.json": json.dumps(others).encode()}
    fill(tmp_path, dict.fromkeys(names, b"x") | tables)
    with pytest.raises(DataError, match=r"(?s)several ways.*--label-from labels.csv.*--label-from labels.json"):
        list_labelled(tmp_path)


def test_a_file_of_labels_beats_names_and_says_what_they_would_be(tmp_path: Path) -> None:
    names = {f"{text}.png": text for text in texts()}
    wrong = dict(list(names.items())[:5])
    right = names | {name: "9999" for name in wrong}
    fill(tmp_path, dict.fromkeys(names, b"x") | {"labels.csv": lines(",", "file,text\n")(right).encode()})
    listing = list_labelled(tmp_path)
    assert labels(listing) == right
    assert listing.notes == ("5 names say another text than labels.csv (file and text) (--label-from name takes them)",)


def test_the_user_is_asked_with_the_best_reading_first(tmp_path: Path) -> None:
    fill(tmp_path, {f"{i:03d}_{text}.png": b"x" for i, text in enumerate(texts())})
    shown = []
    listing = list_labelled(tmp_path, ask=lambda readings: shown.extend(readings) or readings[0])
    assert shown[0].rule == "name-end" and shown[-1].rule == "none"
    assert {entry.text for entry in listing.entries} == set(texts())


def test_a_pattern_finds_what_no_rule_does(tmp_path: Path) -> None:
    fill(tmp_path, {f"x{text}y/{i}.png": b"x" for i, text in enumerate(texts())} | {"odd.png": b"x"})
    listing = list_labelled(tmp_path, pattern=r"x(?P<text>\d+)y/")
    assert sorted(text or "" for text in labels(listing).values()) == sorted(texts())
    assert [reject.name for reject in listing.rejects] == ["odd.png"]


def test_a_hundred_thousand_names_are_read_in_seconds() -> None:
    import time

    from captcha_core.sources.labels.names import name_readings

    rng = np.random.default_rng(1)
    codes = rng.choice(list(ALNUM), (100_000, 5))
    names = [f"{i:06d}_{''.join(code)}_{i % 100}.png" for i, code in enumerate(codes)]
    start = time.process_time()
    best = max(name_readings(names, LabelHints()), key=lambda reading: reading.score)
    assert best.labels[names[7]] == names[7].split("_")[1]
    assert time.process_time() - start < 20  # 1.6 s on a machine of its own
