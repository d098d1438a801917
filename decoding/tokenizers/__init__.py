"""The bytes of every token, one file per tokenizer family.

Each function here takes a loaded tokenizer and returns `list[bytes]`, indexed by token id, where `b""` means "never
text" (special, control, unused, a hole in the ids). The bytes are those that the token adds in the middle of a text:
families that strip a leading space from the very first token (SentencePiece) still list it with that space, because
a model that continues a prompt is in the middle of a text.

Every family is proved in `tests/decoding/test_vocabulary.py` by decoding random token sequences with the tokenizer
itself.
"""
