"""Data sets: written from drawings, imports and collections, labelled, corrected, read and exported."""
