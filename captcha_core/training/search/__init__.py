"""What a search tries next, by Keras Tuner."""
