"""``python -m natocc``."""

from natocc.cli import main

main()
