"""Engines that speak characters: recordings, espeak-ng and paid services."""
