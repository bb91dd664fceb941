"""Who is at work here."""

import getpass


def user() -> str:
    """Return the name of the user of this process, ``unknown`` where the system has none, as in many containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
