"""What looks odd about imported captchas, each in a line with the option that changes it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from captcha_core.sources.folders import Listing
from captcha_core.sources.import_survey import Survey, UsableFile
from captcha_core.sources.labels.scoring import CONVINCING
from captcha_core.sources.probe import Clip
from captcha_core.spec.captcha import CaptchaSpec

FEW_SHARE = 0.05  # of the labels: capitals or lengths that fewer have are odd
SOME = 5  # files in a folder, from which on its sizes and lengths say something
OFTEN = 10  # times the mean: a text that is there as often is odd


def oddities(listing: Listing, seen: Survey, spec: CaptchaSpec) -> list[str]:
    """Return what a user should look at before training on these files."""
    texts = [entry.text for entry in seen.entries if entry.text]
    found = [*listing.notes]
    reading = listing.reading
    if reading.fault and reading.score < CONVINCING and texts:
        found.append(f"the labels {reading.fault} (another --label-from or --label-pattern)")
    blank = sum("single colour" in reject.reason for reject in seen.rejects)
    if blank:
        found.append(f"{blank:,} pictures are of a single colour and left out")
    return [*found, *_text_oddities(texts, spec), *_folder_oddities(seen)]


def _text_oddities(texts: Sequence[str], spec: CaptchaSpec) -> Iterator[str]:
    counts = Counter(texts)
    if not counts:
        return
    text, times = counts.most_common(1)[0]
    if spec.max_length > 1 and times > max(SOME, OFTEN * len(texts) / len(counts)):
        yield f"{times:,} captchas have the label {text} (remove those that do not read it)"
    yield from _case_oddities(texts, spec)
    if spec.answer == "text":
        yield from _length_oddities(texts)


def _case_oddities(texts: Sequence[str], spec: CaptchaSpec) -> Iterator[str]:
    if not spec.case_sensitive:
        return
    upper = [text for text in texts if any(c.isupper() for c in text)]
    lower = [text for text in texts if any(c.islower() for c in text)]
    for few, kind in ((upper, "capitals"), (lower, "small letters")):
        if 0 < len(few) < FEW_SHARE * len(texts) and upper and lower:
            yield f"{kind} are in {len(few):,} of {len(texts):,} labels alone, as in {few[0]} (--case-insensitive)"


def _length_oddities(texts: Sequence[str]) -> Iterator[str]:
    lengths = Counter(map(len, texts))
    usual, many = lengths.most_common(1)[0]
    others = [text for text in texts if len(text) != usual]
    if others and many > (1 - FEW_SHARE) * len(texts):
        yield f"{len(others):,} labels have not {usual} characters as all others, as {others[0]} (--length {usual})"
    numbers = all(text.isdecimal() for text in texts)
    if numbers and len(lengths) > 1 and len(texts) >= 2 * SOME and not any(text[0] == "0" for text in texts):
        yield "some labels are shorter and none begins with 0: a spreadsheet may have removed zeros (save them as text)"


def _folder_oddities(seen: Survey) -> Iterator[str]:
    """Yield where the folders hold different kinds of captchas."""
    folders: dict[str, list[UsableFile]] = defaultdict(list)
    for file in seen.files:
        folders[file.entry.name.rpartition("/")[0]].append(file)
    large = {name: files for name, files in folders.items() if len(files) >= SOME}
    kinds: dict[str, Callable[[UsableFile], object]] = {
        "sizes": lambda file: "clips" if isinstance(file.content, Clip) else "{} x {}".format(*file.content.size_px),
        "lengths": lambda file: len(file.entry.text or ""),
    }
    for noun, value in kinds.items():
        usual = {name: Counter(map(value, files)).most_common(1)[0] for name, files in large.items()}
        usual = {name: found for name, found in usual.items() if found[1] > 0.8 * len(large[name])}
        first = next(iter(usual.items()), None)
        other = next((item for item in usual.items() if first and item[1][0] != first[1][0]), None)
        if first and other:
            yield (
                f"{first[0] or '.'} and {other[0] or '.'} hold captchas of different {noun} ({first[1][0]} and "
                f"{other[1][0]}): import them apart if they are two kinds"
            )
