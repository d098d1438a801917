"""The command line, `maskforge`: demo, generate, check, report, bench. See docs/command-line.md."""

from maskforge.cli.app import app, main

__all__ = ["app", "main"]
