"""What a run read wrong."""
