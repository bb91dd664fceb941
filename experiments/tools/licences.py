"""The licence of each pinned package, by its own metadata: ``python -m experiments.tools.licences`` prints a page."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

CONSTRAINTS = Path(__file__).parent.parent.parent / "constraints.txt"
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)(?:\s*;\s*(.*))?$", re.M)
WHOLE_TEXT = 60  # some put the licence's text where its name belongs
HEAD = """# Licences of the pinned packages

What each package's own metadata says, made by `make licences`. captchalab itself is MIT, and none of these is part of
its wheel. Mind the copyleft ones where you hand on an environment with them in it: espeakng-loader brings espeak-ng,
which is under the GPL, version 3 or later, and runs as a library within the process that speaks.

| package | version | licence |
|---|---|---|
"""


def pins() -> dict[str, str]:
    """Return the pinned versions by package."""
    return {name: version for name, version, _ in PIN.findall(CONSTRAINTS.read_text(encoding="utf-8"))}


def licence(name: str) -> str:
    """Return the licence of an installed package, in its metadata's own words."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return "not installed here"
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if one.startswith("License")]
    fields = {name.lower(): about[name] for name in about}
    named = fields.get("license", "").strip()
    short = "" if len(named) > WHOLE_TEXT or "\n" in named else named
    expression = fields.get("license-expression") or short
    first = named.splitlines()[0] if named else "not stated"
    return (expression or ", ".join(classifiers) or first).replace("|", "/")


def main() -> None:
    """Print the page."""
    rows = (f"| {name} | {version} | {licence(name)} |" for name, version in pins().items())
    print(HEAD + "\n".join(rows))


if __name__ == "__main__":
    main()
