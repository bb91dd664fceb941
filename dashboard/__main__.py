"""``python -m dashboard HOST PORT``: serve the pages until Ctrl-C. ``captchalab dashboard`` runs this."""

import sys
from pathlib import Path

from streamlit.web.cli import main as streamlit

from dashboard import process


def main(host: str, port: str) -> None:
    """Run Streamlit in this process, and load the heavy libraries before the first visitor comes."""
    process.few_heaps()
    process.preload()
    app = Path(__file__).with_name("app.py")
    options = ["--server.address", host, "--server.port", port, "--server.headless", "true"]
    streamlit(["run", str(app), *options], standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
