"""captchalab serve: answer over HTTP."""

from typing import Annotated

import typer


def serve(
    model: Annotated[
        list[str],
        typer.Option(
            help="models:/NAME@ALIAS (followed when the alias moves), models:/NAME/VERSION, runs:/ID or a bundle's "
            "folder. Repeat it to serve several.",
            show_default=False,
        ),
    ],
    host: Annotated[str, typer.Option(help="Where to listen. Any but loopback needs --token-file.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen; 0: any free port.", min=0, max=65535)] = 8000,
    token_file: Annotated[
        str,
        typer.Option(metavar="FILE", help="Lines NAME TOKEN [REQUESTS_PER_MINUTE], readable by its owner alone."),
    ] = "",
    allow_url_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Host to fetch URLs from: a name, *.name, or * for every public one."),
    ] = None,
    allow_url_port: Annotated[
        list[int] | None, typer.Option(help="Further port to fetch from, besides 80 and 443.", min=1, max=65535)
    ] = None,
    allow_loopback: Annotated[bool, typer.Option(help="Let URLs point to this machine, for tests.")] = False,
    processes: Annotated[
        int, typer.Option(help="Processes that answer on the port, each with its own models.", min=1, max=64)
    ] = 1,
    threads: Annotated[
        int, typer.Option(help="Solvers at work in each process; 0: its share of the processors, four at most.", min=0)
    ] = 0,
    max_waiting: Annotated[int, typer.Option(help="Captchas that may wait, in each process.", min=1)] = 128,
    deadline: Annotated[float, typer.Option(help="Seconds for one request.", min=0.1)] = 10.0,
    max_connections: Annotated[int, typer.Option(help="Connections open at one time, in each process.", min=1)] = 800,
    max_connections_per_caller: Annotated[
        int, typer.Option(help="Connections of one address; all of a proxy in front count as one's.", min=1)
    ] = 200,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Web page whose scripts may ask, as https://example.org; * for all."),
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="/PREFIX", help="Prefix of all paths, where a proxy in front gives one.")
    ] = "",
    live: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Where to keep small histograms of what is asked for, for captchalab drift; '' for none.",
        ),
    ] = "live",
    poll: Annotated[float, typer.Option(help="Seconds between looks at the registry.", min=0.1)] = 2.0,
) -> None:
    """Serve models over HTTP: POST /solve and /solve/batch; GET /?url=, /models, /health/ready, /metrics and /docs.

    Several models are told apart by model=NAME or, where only one fits, by the file itself. On loopback everybody may
    ask; on any other host a token is needed. URLs are fetched only from hosts named by --allow-url-host.
    """
    from pathlib import Path

    from captcha_core.fetch.fetch import FetchPolicy
    from captcha_core.fetch.url import PORTS
    from captcha_core.serving.limits import ServingLimits
    from captcha_core.serving.server import ServerOptions, run_server

    options = ServerOptions(
        uris=tuple(model),
        host=host,
        port=port,
        token_file=Path(token_file) if token_file else None,
        processes=processes,
        threads=threads,
        poll_s=poll,
        fetch=FetchPolicy(
            hosts=frozenset(allow_url_host or ()),
            ports=frozenset({*PORTS.values(), *(allow_url_port or ())}),
            allow_loopback=allow_loopback,
            deadline_s=deadline,
        ),
        limits=ServingLimits(
            max_waiting=max_waiting,
            deadline_s=deadline,
            max_connections=max_connections,
            max_connections_per_caller=max_connections_per_caller,
        ),
        origins=tuple(allow_origin or ()),
        root_path=root_path.rstrip("/"),
        live=Path(live) if live else None,
    )

    def report(address: str) -> None:
        typer.echo(f"serving {', '.join(model)} on {address} (see {address}/docs)", err=True)

    run_server(options, report)
