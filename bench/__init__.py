"""Benchmarks: each module asks one question and runs the other engines beside this one in the same process.

`python -m maskforge.bench` lists them; `make bench` sets up what they need and runs the short comparison.
"""
