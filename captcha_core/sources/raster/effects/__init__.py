"""What is drawn behind and over a text, an effect a file.

A new effect is one file here, one knob, and two lines in ``raster/picture.py``:

1. Write ``raster/effects/NAME.py``: ``SLOTS`` says how many random numbers one of it takes, ``per`` which knob counts
   them, and a compiled function draws on a canvas from its own slots (a row for each), the knobs and the text's pixel.
2. Add its knob to ``ImageKnobs`` (``raster/knobs.py``), off by default. ``Annotated`` with ``Scaled()``, difficulty
   multiplies it. Compiled code finds it in ``params``.
3. In ``raster/picture.py`` name the slots at the end of ``Draws``, so that existing pictures stay as they are, and call
   the function in ``_draw_behind_text`` or ``_draw_over_text``, where the order is.

``tests/sources/test_digests.py`` proves that nothing else has changed.
"""
