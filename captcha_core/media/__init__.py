"""Pictures and clips: recognised by their bytes, decoded within limits, encoded."""
