"""Tints that are known, laid on pictures that have none."""
