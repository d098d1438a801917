"""Records in, a report out: `content` says what a report is made of, `html`, `markdown` and `terminal` show it.

What is in it comes from `masks`, `generate`, `batch` and `kernels`, each of which makes sections from its own kinds of
records and nothing from others, so that one file, or several together, render to one report.
"""
