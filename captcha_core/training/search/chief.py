"""Keras Tuner's chief: the oracle of a search, asked by workers over gRPC.

The service and its client are Keras Tuner's. Its own loop around them is not used: it would wait for ever for a worker
that died, and up to 20 seconds at the end.
"""

from concurrent import futures
from typing import Any

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer


class Chief:
    """Serves an oracle within the block.

    Args:
        oracle: From :func:`captcha_core.training.search.oracles.make_oracle`.
        host: Address to listen at; there is no password, so that of this machine or of a closed network.
    """

    def __init__(self, oracle: Any, host: str = "127.0.0.1") -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
        protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), self._server)
        self.host, self.port = host, self._server.add_insecure_port(f"{host}:0")

    def __enter__(self) -> "Chief":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=1).wait()

    def variables(self, tuner_id: str) -> dict[str, str]:
        """Return the environment in which Keras Tuner is a worker of this chief."""
        return {
            "KERASTUNER_TUNER_ID": tuner_id,
            "KERASTUNER_ORACLE_IP": self.host,
            "KERASTUNER_ORACLE_PORT": str(self.port),
        }
