"""Memory that a command needs before it begins: libraries of C and C++ end the process where they get none."""

from captcha_core.errors import DataError

# of address space, most of which is never touched; at two processors drawing took 2,097 MB where it could, and did with
# 1,500, a training took 5,054
DATA_MB = 1500
LEARNER_MB = 6000


def require_address_space(needed_mb: int) -> None:
    """Refuse to begin under a limit (``ulimit -v``) that is too low.

    Raises:
        DataError: If it is.
    """
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and soft < needed_mb * 2**20:
        raise DataError(
            f"expected at least {needed_mb:,} MB of address space, received a limit of {soft // 2**20:,} MB; raise it "
            "with ulimit -v."
        )
