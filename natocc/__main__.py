"""``python -m natocc``."""

from natocc.cli import main

if __name__ == "__main__":
    main()
