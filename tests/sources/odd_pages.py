"""A demo site with the pages that make a collector's life hard."""

import threading
from typing import Any

from captcha_core.sources.demo_site import DemoSite

CANVAS = """<canvas id="captcha" width="160" height="60"></canvas><script>
const picture = new Image();
picture.onload = () => document.getElementById("captcha").getContext("2d").drawImage(picture, 0, 0);
picture.src = "/captcha.png";</script>"""
BACKGROUND = '<div id="captcha" style="width:160px;height:60px;background:url(/captcha.png)"></div>'
DATA = """<img id="captcha"><script>
fetch("/captcha.png").then(answer => answer.blob()).then(blob => {
  const reader = new FileReader();
  reader.onload = () => document.getElementById("captcha").src = reader.result;
  reader.readAsDataURL(blob);
});</script>"""
BLOB = """<img id="captcha"><script>
fetch("/captcha.png").then(answer => answer.blob()).then(blob => {
  document.getElementById("captcha").src = URL.createObjectURL(blob);
});</script>"""
MANY = '<img class="captcha" src="/captcha.png"><img class="captcha" src="/captcha.png?2">'
ABROAD = '<img id="captcha" src="{other}captcha.png">'


class OddSite(DemoSite):
    """Pages besides the usual one. ``other`` is another host's address, ``asked`` every path that was asked for."""

    other = "http://localhost:9/"
    hung = threading.Event()  # set by a test that is done with the page that never loads

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: list[str] = []
        self.pictures_left = 0

    def answer(self, path: str) -> tuple[int, str, bytes] | None:
        self.asked.append(path)
        pages = {
            "/canvas": CANVAS,
            "/background": BACKGROUND,
            "/data": DATA,
            "/blob": BLOB,
            "/many": MANY,
            "/abroad": ABROAD.format(other=self.other),
            "/same": '<img id="captcha" src="/same.png">',
            "/leaves-later": f'<img id="captcha" src="/captcha.png"><a id="refresh" href="{self.other}">new</a>',
        }
        if path in pages:
            return 200, "text/html", f"<!doctype html>{pages[path]}".encode()
        if path == "/elsewhere":
            return 302, self.other, b""
        if path == "/never":
            self.hung.wait(30)
            return 200, "text/html", b"too late"
        if path == "/limited":
            self.pictures_left -= 1
            return super().answer("/") if self.pictures_left >= 0 else None
        if path == "/same.png":
            self._drawn = 0
            return 200, "image/png", self.picture()
        return super().answer(path)
