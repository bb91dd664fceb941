"""YAML files that people write by hand, read as plain data within limits: presets and schemes."""

from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from captcha_core.errors import SpecError

ENDINGS = (".yaml", ".yml")
MAX_BYTES = 64 * 2**10
MAX_VALUES = 10_000
MAX_DEPTH = 32


class _NoMerges(yaml.SafeLoader):
    """YAML's plain types without merge keys (``<<``): a few hundred bytes of these take for ever."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse a mapping that takes in another one."""
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.constructor.ConstructorError(None, None, "a merge key (<<); write its fields out", None)


def is_yaml(name: str) -> bool:
    """Tell whether a name is that of a YAML file."""
    return name.endswith(ENDINGS)


def read_yaml(path: Path, noun: str) -> bytes:
    """Return what is in a YAML file, as long as it can be one that a person wrote.

    Args:
        path: The file.
        noun: What it should be, for messages.

    Raises:
        SpecError: If it is too long or too deep.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SpecError(f"expected a {noun} of at most {MAX_BYTES:,} bytes, received more in {path.name}; shorten it.")
    steps = accumulate((byte in b"[{") - (byte in b"]}") for byte in content)
    if max(steps, default=0) > MAX_DEPTH:  # PyYAML takes seconds for some hundred
        raise SpecError(f"expected brackets at most {MAX_DEPTH} deep in {path.name}, received more; correct it.")
    return content


def parse_yaml(content: bytes, path: Path, noun: str) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises:
        SpecError: If it holds no mapping of names, or one that aliases make too large.
    """
    try:
        fields = yaml.load(content, _NoMerges)  # noqa: S506  a SafeLoader
        _check_size(fields, path, noun)
        return {**fields}
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SpecError(f"expected a mapping in the {noun} {path.name}, received {reason}; correct it.") from None


def _check_size(value: Any, path: Path, noun: str) -> None:
    """Refuse what a few aliases of YAML make endless or larger than any memory."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise SpecError(
                f"expected at most {MAX_VALUES:,} values in the {noun} {path.name}, received more; is an alias in "
                "itself?"
            )
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set):
            waiting += one
