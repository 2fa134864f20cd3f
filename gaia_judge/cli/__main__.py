"""``python -m gaia_judge.cli``."""

from gaia_judge.cli import main

if __name__ == "__main__":
    main()
