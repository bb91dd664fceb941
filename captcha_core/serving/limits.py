"""How much one request, one caller and all requests together may ask of a server."""

from dataclasses import dataclass

HEADERS_S = 10.0  # for the headers of a request, and for the rest of a body that has had its answer
MAX_HEADER_BYTES = 64 * 2**10  # of a request's address, headers and trailers together
MAX_FIELDS = 16  # options in a form
MAX_MARKS = 1024  # commas and brackets in JSON, besides those between files: two options may be made of commas
MIN_TOKEN_CHARACTERS = 16
DEFAULT_PER_MINUTE = 6000  # requests of a caller whose line names no rate


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """Bounds of a server.

    Args:
        max_body_bytes: Longest request body. A base64 text is a third longer than its media.
        max_held_bytes: Bodies held in memory at one time, all requests together.
        max_batch: Media in one batch.
        max_waiting: Media that wait for a worker; the next one gets a 503 at once.
        max_fetches: URLs fetched at one time.
        deadline_s: Time for one request, from its first byte to the answer.
        max_connections: Connections open at one time, in each process.
        max_connections_per_caller: Those of one address; all that a proxy in front opens count as one caller's.
    """

    max_body_bytes: int = 24 * 2**20
    max_held_bytes: int = 256 * 2**20
    max_batch: int = 64
    max_waiting: int = 128
    max_fetches: int = 16
    deadline_s: float = 10.0
    max_connections: int = 800
    max_connections_per_caller: int = 200
