"""One face, cutouts and decisions make a composite: arrays in, arrays out, no files.

:mod:`draw` makes every random decision of a sample, a plan; :mod:`render` applies it.
"""
