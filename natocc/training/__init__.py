"""Train a segmenter on labelled pictures, and compare what training sets are worth: ``pip install natocc[benchmark]``."""
