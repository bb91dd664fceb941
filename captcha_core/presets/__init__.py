"""Experiments by name, as YAML files."""
