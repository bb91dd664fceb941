"""What a program draws, worked out from its first captchas: a scheme like any other."""

import re
from collections.abc import Sequence
from pathlib import Path

from captcha_core.sources.folders import Entry
from captcha_core.sources.import_spec import SpecOverrides, spec_of
from captcha_core.sources.import_survey import Survey, UsableFile
from captcha_core.sources.probe import probe
from captcha_core.sources.programs.scheme import ProgramKnobs
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample

FIRST = 100  # captchas that show what there is


def scheme_of_program(
    command: Sequence[str], overrides: SpecOverrides, seconds: float = 20.0, memory_mb: int = 2048, name: str = ""
) -> Scheme:
    """Return the scheme of a program: its specification as of an import, and whether it can be asked again.

    Args:
        command: The program and its arguments.
        overrides: What the user states of the captchas.
        seconds: Longest time for an answer.
        memory_mb: Most memory that it may use.
        name: Of the scheme; by default what the command runs.

    Raises:
        DataError: If the program fails or repeats itself.
        SpecError: If the overrides contradict its captchas.
    """
    knobs = ProgramKnobs(command=tuple(command), seconds=seconds, memory_mb=memory_mb)
    first = knobs.ask(0, range(FIRST))
    files = [
        UsableFile(Entry(f"captcha {index}", one.text), Sample(one.media, None).id, probe(one.media))
        for index, one in enumerate(first)
    ]
    spec = spec_of(Survey(files, media_bytes=sum(len(one.media) for one in first), signs=True), overrides)
    reproducible = knobs.ask(0, range(3)) == first[:3]
    return Scheme(
        name=name or _name_of(command),
        description=f"Drawn by {' '.join(command)}",
        spec=spec,
        knobs=knobs.model_copy(update={"reproducible": reproducible}),
    )


def _name_of(command: Sequence[str]) -> str:
    """Return the function's name of a Python function, otherwise that of the script or program."""
    if len(command) == 5 and Path(command[1]).name == "host.py":
        words = [Path(command[2]).stem.replace(".", "-"), command[3]]
    else:
        words = [next((Path(one).stem for one in command[1:] if re.search(r"\.\w+$", one)), Path(command[0]).stem)]
    return re.sub(r"[^\w.-]+", "-", "-".join(words)).strip("-.") or "program"
