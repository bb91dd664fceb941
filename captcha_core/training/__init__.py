"""Training of one network, and the search over many."""
