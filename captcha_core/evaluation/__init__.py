"""How well texts were read, and which of two models reads better."""
