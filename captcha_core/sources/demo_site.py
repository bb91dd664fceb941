"""A small site that serves captchas of its own, to try the collector on. Loopback only.

Each request for the picture draws the next captcha of a scheme. The texts stay inside the process: the site itself
never tells them.
"""

import contextlib
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from captcha_core.errors import SpecError
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.scheme import Scheme

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>captchalab demo</title>
<style>body {{ font: 16px sans-serif; margin: 3em auto; max-width: 24em }} img {{ border: 1px solid #ccc }}</style>
<h1>Are you a person?</h1>
<p><img id="captcha" src="/captcha.png" alt="captcha" width="{width}" height="{height}"></p>
<p><button id="refresh" type="button">Another one</button></p>
<script>
let number = 0;
document.getElementById("refresh").addEventListener("click", () => {{
  document.getElementById("captcha").src = "/captcha.png?" + (++number);
}});
</script>
</html>
"""


class DemoSite:
    """The site, from :meth:`start` to :meth:`close`, or inside a ``with`` block.

    Args:
        scheme: What it draws; images only.
        seed: Decides all captchas.
        port: 0 for any that is free.

    Raises:
        SpecError: If the scheme draws no images.
        OSError: If the port is taken.
    """

    def __init__(self, scheme: Scheme, seed: int = 0, port: int = 0) -> None:
        if scheme.spec.media != "image":
            raise SpecError(f"expected an image scheme for the demo site, received {scheme.name}; choose another.")
        self.scheme, self.seed = scheme, seed
        self.truth: dict[str, str] = {}  # content hash -> text, for tests
        self._lock, self._drawn = threading.Lock(), 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        draw_samples(scheme, seed, range(1))  # the first drawing loads fonts and compiles

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def picture(self) -> bytes:
        """Draw the next captcha and return its file."""
        with self._lock:
            index = self._drawn
            self._drawn += 1
        (sample,) = draw_samples(self.scheme, self.seed, range(index, index + 1))
        self.truth[sample.id] = sample.text or ""
        return sample.media

    def answer(self, path: str) -> tuple[int, str, bytes] | None:
        """Return status, content type and body for a path, or None where nothing is there."""
        height, width = self.scheme.spec.size_px
        if path == "/":
            return 200, "text/html; charset=utf-8", PAGE.format(width=width, height=height).encode()
        return (200, "image/png", self.picture()) if path == "/captcha.png" else None

    def serve(self) -> None:
        """Answer requests until :meth:`close` is called from another thread, or the process is stopped."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> Self:
        """Serve from a thread of its own."""
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = site.answer(self.path.partition("?")[0])
                if found is None:
                    self.send_error(HTTPStatus.NOT_FOUND)
                    return
                status, kind, body = found
                self.send_response(status)
                self.send_header("Location" if status in (301, 302) else "Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                with contextlib.suppress(ConnectionError):  # the browser went away
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Print nothing: whoever runs the site looks at the browser."""

        return Handler
