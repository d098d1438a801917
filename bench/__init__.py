"""Benchmarks: each module asks one question and runs the other engines beside this one, on equal terms.

`maskforge bench` lists them; `make bench` sets up what they need and runs a short comparison. `app` has the commands,
`masks`, `generate`, `batch` and `cold_masks` measure, `report` shows.
"""
