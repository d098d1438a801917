"""`python -m maskforge.bench`: the benchmarks by name; without one, the short comparison that needs no data."""

from __future__ import annotations

import typer

from maskforge.bench import cold_masks

app = typer.Typer(help="Benchmarks of maskforge beside other engines.", add_completion=False)
app.command("masks")(cold_masks.main)


@app.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        cold_masks.main()


if __name__ == "__main__":
    app()
