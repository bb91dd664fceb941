"""Every error a user can cause. Its message says what was expected, what was received and what to do."""


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
