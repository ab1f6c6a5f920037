"""`python -m tejax` is `tejax`."""

from tejax.cli import main

if __name__ == "__main__":
    main()
