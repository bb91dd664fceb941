"""The one grammar of KEY=VALUE options: YAML values by name."""

from collections.abc import Sequence
from typing import Any

from captcha_core.errors import SpecError

EXAMPLES = {"--set": "batch_size=32", "--space": "dropout=[0, 0.2]"}


def parse_settings(pairs: Sequence[str] | None, option: str = "--set") -> dict[str, Any]:
    """Return the values of KEY=VALUE pairs by key; of equal keys the last counts.

    Args:
        pairs: As the command line has them; the values are YAML.
        option: The option that they were given to, for messages.

    Raises:
        SpecError: If one is no such pair, or its value is no YAML.
    """
    return dict(_key_value(pair, option) for pair in pairs or ())


def _key_value(pair: str, option: str) -> tuple[str, Any]:
    import yaml

    key, equals, value = pair.partition("=")
    example = f"write for example {EXAMPLES[option]}."
    if not equals:
        raise SpecError(f"expected KEY=VALUE after {option}, received {pair!r}; {example}")
    try:
        return key.strip(), yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SpecError(
            f"expected a value in YAML for {key.strip()} after {option}, received {value[:80]!r}; {example}"
        ) from None
