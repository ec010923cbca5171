"""One face, cutouts and decisions make a composite: arrays in, arrays out, no files.

:mod:`plan` draws, :mod:`render` applies; :mod:`place`, :mod:`warp`, :mod:`colour` and :mod:`blend` are what they draw and apply.
"""
