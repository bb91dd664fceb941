"""Two data sets are compared by content: what came, what went, what has another text or lies elsewhere."""

from pathlib import Path

from captcha_core.dataset.difference import difference
from captcha_core.dataset.in_memory import with_split, write_samples
from captcha_core.dataset.split import KEEP
from captcha_core.dataset.store import Dataset
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample


def written(folder: Path, spec: CaptchaSpec, *rows: tuple[bytes, str | None, str]) -> Dataset:
    samples = [with_split(Sample(media, text), split) for media, text, split in rows]
    return write_samples(folder, spec, samples, "test", KEEP)


def test_every_kind_of_change(tmp_path: Path, tiny_spec: CaptchaSpec) -> None:
    before = written(
        tmp_path / "a", tiny_spec,
        (b"same", "00", "train"), (b"gone", "01", "train"), (b"named", "02", "test"), (b"moved", "03", "train"),
        (b"twice", "10", "train"), (b"twice", "10", "train"), (b"open", None, "train"),
    )  # fmt: skip
    now = written(
        tmp_path / "b", tiny_spec,
        (b"same", "00", "train"), (b"new", "11", "test"), (b"named", "22", "test"), (b"moved", "03", "test"),
        (b"twice", "10", "train"), (b"open", "33", "train"),
    )  # fmt: skip
    found = difference(before, now)
    assert found.equal == 2 and found.specification == ""
    assert [row for _, row in found.added] == [("test", "11")]
    assert sorted(row for _, row in found.gone) == [("train", "01"), ("train", "10")]
    assert sorted((str(one.before[1]), str(one.now[1])) for one in found.relabelled) == [("02", "22"), ("None", "33")]
    assert [(one.before[0], one.now[0]) for one in found.moved] == [("train", "test")]
    assert difference(now, now).equal == 6
