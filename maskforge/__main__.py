"""`python -m maskforge` is the command `maskforge`."""

from maskforge.cli import main

if __name__ == "__main__":
    main()
