"""captchalab dashboard: serve the pages."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

APP = Path(__file__).parent.parent / "dashboard" / "app.py"


def dashboard(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
) -> None:
    """Compare runs and solve captchas in the browser, until Ctrl-C."""
    from captcha_core.errors import CaptchaError
    from captcha_core.registry.runs import use_tracking

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CaptchaError(
                f"expected a free port, received {error.strerror} for {host}:{port}; choose another with --port."
            ) from None
    use_tracking()
    print(f"dashboard at http://{host}:{port} (Ctrl-C stops it)", file=sys.stderr)
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.address", host, "--server.port", str(port)]
    command += ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  our own arguments
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
