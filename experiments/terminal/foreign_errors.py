"""Errors of the tracking store and of TensorFlow that are no fault of the code, in a sentence."""

from captcha_core.tracking.address import tracking_uri
from captcha_core.tracking.redact import masked
from captcha_core.tracking.server import refusal

STATUS = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}  # MLflow's words
TOO_LITTLE_MEMORY = "expected enough memory, received none; use smaller batches or fewer workers."
NO_MEMORY = ("ResourceExhaustedError", "OOM when allocating")


def foreign_error(error: BaseException) -> str:
    """Return what to say of an error from MLflow, its database or TensorFlow; empty for any other."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    whence = type(error).__module__.partition(".")[0]
    if status := STATUS.get(str(getattr(error, "error_code", ""))):
        return refusal(tracking_uri(), status)
    if whence in ("mlflow", "sqlalchemy", "alembic", "sqlite3", "requests", "urllib3"):
        return masked(
            f"expected the tracking store at {tracking_uri()} to work, received: {first[:300]}; see to it and run the "
            "same command again, or go on with --resume."
        )
    if whence == "tensorflow" and any(word in f"{type(error).__name__} {error}" for word in NO_MEMORY):
        return TOO_LITTLE_MEMORY
    if whence == "tensorflow" and "No space left on device" in str(error):
        return f"expected room on the disk, received: {first[:300]}; see to that and run again."
    return ""
