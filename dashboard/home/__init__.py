"""The first page, and trainings that it starts in the background."""
