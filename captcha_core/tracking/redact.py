"""Nothing secret in what is logged or said: passwords and keys in a text are replaced by stars."""

import re

STARS = "***"
_SECRETS = (
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@"), rf"\1:{STARS}@"),  # the password in an address
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), STARS),  # keys of AWS
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|hf_)[\w-]{16,}"), STARS),
    (re.compile(r"\bAIza[\w-]{35}"), STARS),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), STARS),  # JSON web tokens
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {STARS}"),
    (
        re.compile(
            r"(?i)((?:^|[\s?&,;'\"{.-])[\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|"
            r"credentials?)[\"']?\s*(?:=|:)\s*[\"']?|--[\w-]*(?:password|secret|token|api-?key)\s+)(?!\*)[^\s&,;'\"}]+"
        ),
        rf"\1{STARS}",
    ),
)


def masked(text: str) -> str:
    """Return a text with every password, token and key in it replaced by ``***``."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def masked_value(key: str, value: object) -> str:
    """Return a value as it may be logged under a name: stars under the name of a secret."""
    text = masked(str(value))
    pair = f"{key}={text}"
    return STARS if text and masked(pair) != pair else text
