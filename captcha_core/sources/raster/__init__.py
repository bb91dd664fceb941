"""The compiled renderer of pictures: glyphs, their turning and pasting, effects and the finished picture."""
