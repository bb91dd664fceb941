"""A small site that serves captchas of its own, to try the collector and attacks on. Loopback only.

Each request for the picture draws the next captcha of a scheme. The texts stay inside the process: the site itself
never tells them. A picture that was asked for under a name (``/captcha.png?NAME``) takes answers: ``POST /answer`` with
the fields ``captcha``, that name, and ``text``.
"""

import contextlib
import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

from captcha_core.errors import SpecError
from captcha_core.sources.answer_form import AnswerForm
from captcha_core.sources.generate import draw_samples
from captcha_core.sources.scheme import Scheme
from captcha_core.spec.sample import Sample

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>captchalab demo</title>
<style>body {{ font: 16px sans-serif; margin: 3em auto; max-width: 24em }} img {{ border: 1px solid #ccc }}</style>
<h1>Are you a person?</h1>
<p><img id="captcha" src="/captcha.png?{name}" alt="captcha" width="{width}" height="{height}"></p>
<p><button id="refresh" type="button">Another one</button></p>
<form method="post" action="/answer"><input type="hidden" name="captcha" id="name" value="{name}">
<input name="text" aria-label="text" autocomplete="off"> <button>Send</button></form>
<script>
let number = 0;
document.getElementById("refresh").addEventListener("click", () => {{
  const name = "{name}-" + (++number);
  document.getElementById("name").value = name;
  document.getElementById("captcha").src = "/captcha.png?" + name;
}});
</script>
</html>
"""
MAX_NAME, MAX_BODY = 64, 4096
STATUS = {
    "accepted": HTTPStatus.OK,
    "refused": HTTPStatus.FORBIDDEN,
    "gone": HTTPStatus.GONE,
    "wait": HTTPStatus.TOO_MANY_REQUESTS,
}


class DemoSite:
    """The site, from :meth:`start` to :meth:`close`, or inside a ``with`` block.

    Args:
        scheme: What it draws; images only.
        seed: Decides all captchas.
        port: 0 for any that is free.
        tries: Answers that each captcha takes.
        per_minute: Answers that are taken in any minute; 0 for as many as come.

    Raises:
        SpecError: If the scheme draws no images.
        OSError: If the port is taken.
    """

    def __init__(self, scheme: Scheme, seed: int = 0, port: int = 0, tries: int = 1, per_minute: int = 0) -> None:
        if scheme.spec.media != "image":
            raise SpecError(f"expected an image scheme for the demo site, received {scheme.name}; choose another.")
        self.scheme, self.seed = scheme, seed
        self.form = AnswerForm(scheme.spec, tries, per_minute)
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

    def named(self, name: str) -> tuple[int, str, bytes]:
        """Return the next captcha as the answer to a request, and let the form know it by a name."""
        media = self.picture()
        self.form.show(name[:MAX_NAME], self.truth[Sample(media, None).id])
        return 200, "image/png", media

    def judge(self, body: str) -> tuple[int, str, bytes]:
        """Return the answer to what somebody has typed into the form."""
        fields = parse_qs(body)
        said = self.form.judge(fields.get("captcha", [""])[0][:MAX_NAME], fields.get("text", [""])[0])
        return STATUS[said], "application/json", json.dumps({"answer": said}).encode()

    def answer(self, path: str) -> tuple[int, str, bytes] | None:
        """Return status, content type and body for a path, or None where nothing is there."""
        height, width = self.scheme.spec.size_px
        if path == "/":
            return (
                200,
                "text/html; charset=utf-8",
                PAGE.format(width=width, height=height, name=secrets.token_hex(8)).encode(),
            )
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
                path, _, name = self.path.partition("?")
                self._send(site.named(name) if name and path == "/captcha.png" else site.answer(path))

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if self.path != "/answer" or not length.isdecimal() or int(length) > MAX_BODY:
                    self.send_error(HTTPStatus.BAD_REQUEST)
                    return
                self._send(site.judge(self.rfile.read(int(length)).decode("utf-8", "replace")))

            def _send(self, found: tuple[int, str, bytes] | None) -> None:
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
