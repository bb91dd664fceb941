"""Captchas that a model read wrong and a person corrected: a data set of its own that grows one by one."""

from dataclasses import dataclass
from pathlib import Path

from captcha_core.dataset.in_memory import locked, recover, replace_samples, with_split
from captcha_core.dataset.labels import Label
from captcha_core.dataset.split import DEFAULT_SPLIT, SPLITS, found_rule
from captcha_core.dataset.store import MANIFEST, Dataset
from captcha_core.errors import DataError
from captcha_core.spec.captcha import CaptchaSpec
from captcha_core.spec.sample import Sample

SOURCE = "corrections"
RULE = found_rule(DEFAULT_SPLIT, "content", [])


@dataclass(frozen=True)
class Corrections:
    """The data set in a folder that need not be there yet.

    Args:
        folder: Where; its name is the data set's.
        spec: What its captchas are.
    """

    folder: Path
    spec: CaptchaSpec

    def keep(self, media: bytes, name: str, label: Label) -> Dataset:
        """Add a captcha with its label, in place of an older label of the same file.

        The data set is written anew beside the old one and swapped in; two people at once wait for each other.

        Args:
            media: The file.
            name: What it is called.
            label: Its text, with who gave it and what the model had read.

        Returns:
            The data set with it. The sample's split follows from its content.

        Raises:
            SpecError: If the text is outside the alphabet or the lengths.
            DataError: If the folder holds anything else, or the disk does not take it.
        """
        text = self.spec.label(label.text or "")
        origin = {"source": SOURCE, **label.model_dump(exclude={"id", "text", "by"})}
        sample = Sample(media, text, name, origin)
        sample = with_split(sample, RULE.of(sample, 0))
        with locked(self.folder):
            recover(self.folder)
            others = [one for one in self._samples() if one.id != sample.id]
            return replace_samples(self.folder, self.spec, [*others, sample], SOURCE)

    def _samples(self) -> list[Sample]:
        if not (self.folder / MANIFEST).is_file():
            return []
        there = Dataset.open(self.folder)
        if difference := there.spec.difference(self.spec):
            raise DataError(
                f"expected corrections of one kind of captcha in {self.folder}, received {difference}; move the older "
                "ones to another name."
            )
        return [with_split(sample, split) for split in SPLITS for sample in there.samples(split)]
