"""`python -m maskforge.bench`: the same as `maskforge bench`."""

from maskforge.bench.app import app

if __name__ == "__main__":
    app()
