"""One module a serving engine, each on top of `maskforge.decoding` and `maskforge.grammar`.

Hugging Face `generate` needs none: `maskforge.LogitsProcessor` is passed to it as it is.
"""
