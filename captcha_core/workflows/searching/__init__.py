"""A search: its plan, trials, workers, runs and report."""
