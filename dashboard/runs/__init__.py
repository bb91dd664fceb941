"""The list of runs, and one run in detail."""
