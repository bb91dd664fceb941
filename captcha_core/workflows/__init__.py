"""What the commands do, for Python: train, search, evaluate, promote and label."""
