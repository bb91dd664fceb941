"""What is in the data sets below ``data/``."""
