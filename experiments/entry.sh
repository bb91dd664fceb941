#!/bin/sh
# How MLproject starts a step: with the environment that `mlflow run` made or that is active, else with .venv, so that
# `.venv/bin/mlflow run . --env-manager local` works without activating anything.
if ! python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("tensorflow") is None)' 2>/dev/null; then
    PATH="$PWD/.venv/bin:$PATH"
fi
exec python -m experiments.cli "$@"
