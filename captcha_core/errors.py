"""Every error a user can cause. Its message says what was expected, what was received and what to do.

CaptchaError
├── SpecError        specification, label, scheme, preset or setting
├── DataError        media or data set
├── ModelError       network, checkpoint or bundle
├── RegistryError    run, model version or alias in MLflow
├── FetchError       address of a captcha
└── ServingError     server
"""

import reprlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 100  # shortened after that, as a whole
SHORT.maxlevel = 3


class CaptchaError(Exception):
    """Base of all errors that the command line turns into one sentence and exit code 1."""


class SpecError(CaptchaError):
    """A specification, label, scheme or preset that cannot be right."""


class DataError(CaptchaError):
    """Media or a data set that cannot be read or written."""


class ModelError(CaptchaError):
    """A network, checkpoint or bundle that cannot be built, loaded or trained."""


class RegistryError(CaptchaError):
    """A run, model version or alias that MLflow cannot give."""


class FetchError(CaptchaError):
    """A URL that must not or could not be fetched."""


class ServingError(CaptchaError):
    """A server that must not or cannot start."""


def disk_error(path: Path, error: OSError) -> DataError:
    """Return the error of a file that the operating system does not let us write."""
    return DataError(
        f"expected room and permission to write {path}, received: {error.strerror or error}; see to that and run the "
        "same command again, it continues where it stopped."
    )


def first_fault(error: "ValidationError", noun: str) -> str:
    """Return pydantic's first complaint as a sentence that says what was expected, received and is to be done."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"]) or noun
    return f"expected a valid {noun}, received {short(fault.get('input'))} for {where}: {fault['msg']}; correct it."


def short(value: Any, limit: int = 80) -> str:
    """Return a value as it is written, shortened to a limit; what hostile files hold may be far larger."""
    try:
        text = SHORT.repr(value)
    except (ValueError, RecursionError):  # a number of many thousand digits
        text = f"a long {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 3] + "..."
