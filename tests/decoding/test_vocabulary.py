"""The bytes of every token: proved by decoding random and real token sequences with the tokenizers themselves."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from maskforge import MisuseError, UnsupportedError, Vocabulary
from maskforge.decoding.tokenizers.byte_level import byte_level_token
from tests.decoding.tokenizer_files import (
    HUGGINGFACE,
    SENTENCEPIECE,
    TEKKEN,
    TEXTS,
    huggingface_tokenizer,
    mistral_file,
    sentencepiece_processor,
    tekken_tokenizer,
)


def text_ids(vocabulary: Vocabulary) -> list[int]:
    """The ids that are text."""
    return [token_id for token_id in range(vocabulary.size) if vocabulary.token(token_id)]


def check_decoding(vocabulary: Vocabulary, decode: Callable[[list[int]], str], seed: int, rounds: int = 300) -> None:
    """Every text token alone and random sequences decode to their bytes, with invalid UTF-8 replaced."""
    ids = text_ids(vocabulary)
    generator = random.Random(seed)
    for token_id in ids:
        assert decode([token_id]) == vocabulary.token(token_id).decode("utf-8", "replace"), token_id
    for _ in range(rounds):
        sequence = generator.choices(ids, k=generator.randint(0, 40))
        assert decode(sequence) == vocabulary.decode(sequence).decode("utf-8", "replace"), sequence


@pytest.mark.parametrize("name", HUGGINGFACE)
def test_byte_level_tokens_decode_to_their_bytes(name: str) -> None:
    tokenizer = huggingface_tokenizer(name)
    vocabulary = Vocabulary.from_huggingface(tokenizer)
    assert vocabulary.size == len(tokenizer)
    check_decoding(vocabulary, lambda ids: tokenizer.decode(ids, clean_up_tokenization_spaces=False), seed=1)
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False)
        data = vocabulary.decode(ids).decode()
        assert data == tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize("name", HUGGINGFACE)
def test_every_byte_can_be_written(name: str) -> None:
    vocabulary = Vocabulary.from_huggingface(huggingface_tokenizer(name))
    single = {vocabulary.token(token_id) for token_id in text_ids(vocabulary) if len(vocabulary.token(token_id)) == 1}
    assert single == {bytes([byte]) for byte in range(256)}


@pytest.mark.parametrize("name", HUGGINGFACE)
def test_special_tokens_are_never_text(name: str) -> None:
    tokenizer = huggingface_tokenizer(name)
    vocabulary = Vocabulary.from_huggingface(tokenizer)
    added = tokenizer.added_tokens_decoder
    special = [token_id for token_id, token in added.items() if token.special]
    assert special
    for token_id, token in added.items():
        assert vocabulary.token(token_id) == (b"" if token.special else token.content.encode())
    assert vocabulary.eos_token_ids == [tokenizer.eos_token_id]


@pytest.mark.parametrize("name", TEKKEN)
def test_tekken_tokens_decode_to_their_bytes(name: str) -> None:
    tokenizer = tekken_tokenizer(name)
    vocabulary = Vocabulary.from_mistral(tokenizer)
    assert vocabulary.size == tokenizer.n_words
    assert vocabulary.eos_token_ids == [tokenizer.eos_id]
    assert not any(vocabulary.token(token_id) for token_id in range(tokenizer.num_special_tokens))
    check_decoding(vocabulary, tokenizer.decode, seed=2)
    for text in TEXTS:
        assert vocabulary.decode(tokenizer.encode(text, bos=True, eos=True)).decode() == text


def test_tekken_without_its_private_table() -> None:
    tokenizer = tekken_tokenizer(TEKKEN[0])

    class Public:
        """Only what mistral-common documents."""

        n_words, eos_id, num_special_tokens = tokenizer.n_words, tokenizer.eos_id, tokenizer.num_special_tokens
        id_to_byte_piece = staticmethod(tokenizer.id_to_byte_piece)

    assert Vocabulary.from_mistral(Public()).fingerprint == Vocabulary.from_mistral(tokenizer).fingerprint


def decode_in_the_middle(processor: Any, ids: list[int]) -> str:
    """SentencePiece strips one space at the start of a text: decode behind a token and take that off."""
    front = processor.piece_to_id("x")
    decoded = processor.decode([front, *ids])
    assert decoded.startswith("x")
    return str(decoded[1:])


@pytest.mark.parametrize("name", SENTENCEPIECE)
def test_sentencepiece_tokens_decode_to_their_bytes(name: str) -> None:
    processor = sentencepiece_processor(name)
    vocabulary = Vocabulary.from_sentencepiece(processor)
    assert vocabulary.size == processor.get_piece_size()
    assert vocabulary.eos_token_ids == [processor.eos_id()]
    assert Vocabulary.from_sentencepiece(mistral_file(name)).fingerprint == vocabulary.fingerprint
    whole = [token_id for token_id in text_ids(vocabulary) if not processor.is_byte(token_id)]
    for token_id in whole:
        assert decode_in_the_middle(processor, [token_id]) == vocabulary.token(token_id).decode(), token_id
    generator = random.Random(3)
    byte_of = {vocabulary.token(i)[0]: i for i in text_ids(vocabulary) if processor.is_byte(i)}
    assert sorted(byte_of) == list(range(256))
    for _ in range(500):
        ids: list[int] = []
        for _ in range(generator.randint(0, 20)):
            if generator.random() < 0.3:  # a character spelled in bytes
                ids += [byte_of[byte] for byte in generator.choice('é東👩ñ \n"x').encode()]
            else:
                ids.append(generator.choice(whole))
        assert decode_in_the_middle(processor, ids) == vocabulary.decode(ids).decode(), ids
    for text in TEXTS:
        text = text.replace("\u0000", "")  # SentencePiece drops it
        ids = processor.encode(text)
        assert decode_in_the_middle(processor, ids)[1:] == vocabulary.decode(ids).decode()[1:]


@pytest.mark.parametrize("name", SENTENCEPIECE)
def test_sentencepiece_control_pieces_are_never_text(name: str) -> None:
    processor = sentencepiece_processor(name)
    vocabulary = Vocabulary.from_sentencepiece(processor)
    ids = range(processor.get_piece_size())
    never = [i for i in ids if processor.is_control(i) or processor.is_unknown(i) or processor.is_unused(i)]
    assert never == [i for i in ids if not vocabulary.token(i)]


def byte_fallback_tokenizer(processor: Any) -> Any:
    """The same pieces as Llama 2's tokenizer.json holds them: BPE with byte fallback behind a chain of decoders."""
    tokenizers = pytest.importorskip("tokenizers")
    pieces = {processor.id_to_piece(i): i for i in range(processor.get_piece_size())}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(pieces, [], byte_fallback=True, unk_token="<unk>"))
    tokenizer.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("▁", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
            tokenizers.decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tokenizer


def test_byte_fallback_decoder_is_followed() -> None:
    processor = sentencepiece_processor(SENTENCEPIECE[0])
    tokenizer = byte_fallback_tokenizer(processor)
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=2)
    assert vocabulary.fingerprint == Vocabulary.from_sentencepiece(processor).fingerprint
    front = tokenizer.token_to_id("x")
    generator = random.Random(4)
    whole = [i for i in text_ids(vocabulary) if not processor.is_byte(i)]
    for _ in range(300):
        ids = generator.choices(whole, k=generator.randint(0, 20))
        assert tokenizer.decode([front, *ids])[1:] == vocabulary.decode(ids).decode(), ids


def test_slow_sentencepiece_tokenizer() -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("sentencepiece")
    tokenizer = transformers.BertGenerationTokenizer(str(mistral_file(SENTENCEPIECE[0])))
    tokenizer.add_tokens(["<call>"])
    vocabulary = Vocabulary.from_huggingface(tokenizer)
    direct = Vocabulary.from_sentencepiece(sentencepiece_processor(SENTENCEPIECE[0]))
    assert vocabulary.eos_token_ids == [tokenizer.eos_token_id]
    assert vocabulary.token(tokenizer.convert_tokens_to_ids("<call>")) == b"<call>"
    special = set(tokenizer.all_special_ids)
    for token_id in range(direct.size):
        assert vocabulary.token(token_id) == (b"" if token_id in special else direct.token(token_id))


def test_mistral_common_behind_transformers() -> None:
    pytest.importorskip("mistral_common")
    backend = pytest.importorskip("transformers.tokenization_mistral_common")
    tokenizer = backend.MistralCommonBackend(str(mistral_file(TEKKEN[1])))
    direct = Vocabulary.from_mistral(tekken_tokenizer(TEKKEN[1]))
    assert Vocabulary.from_huggingface(tokenizer).fingerprint == direct.fingerprint
    assert Vocabulary.from_mistral(tokenizer.tokenizer).fingerprint == direct.fingerprint


def small_tokenizer(decoder: Any = None) -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    pieces = {"a": 0, "Ġb": 1, "▁c": 2, "##d": 3, "<0x0A>": 4, "Ċ": 5}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(pieces, []))
    tokenizer.add_special_tokens(["<eos>"])
    tokenizer.add_tokens(["<call>", "two words", "Ġmark"])
    if decoder is not None:
        tokenizer.decoder = decoder
    return tokenizer


def test_added_tokens_are_what_the_decoder_prints() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = small_tokenizer(tokenizers.decoders.ByteLevel())
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=6)
    assert [vocabulary.token(i) for i in range(10)] == [
        *(b"a", b" b", "▁c".encode(), b"##d", b"<0x0A>", b"\n"),
        *(b"", b"<call>", b"two words", b" mark"),
    ]
    for i in (0, 1, 2, 3, 4, 5, 7, 8, 9):
        assert tokenizer.decode([i], skip_special_tokens=False) == vocabulary.token(i).decode()


def test_metaspace_decoder() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = small_tokenizer(tokenizers.decoders.Metaspace())
    vocabulary = Vocabulary.from_huggingface(tokenizer, eos_token_ids=6)
    assert vocabulary.decode([0, 2, 0, 2]) == b"a ca c"
    assert tokenizer.decode([0, 2, 0, 2]) == "a ca c"


def test_decoders_that_look_at_neighbours_are_refused() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    decoders = tokenizers.decoders
    for decoder in (decoders.WordPiece(), decoders.BPEDecoder(), decoders.CTC()):
        with pytest.raises(UnsupportedError, match="neighbours"):
            Vocabulary.from_huggingface(small_tokenizer(decoder), eos_token_ids=6)
    with pytest.raises(UnsupportedError, match="joined text"):
        chain = decoders.Sequence([decoders.Fuse(), decoders.Replace("a", "b")])
        Vocabulary.from_huggingface(small_tokenizer(chain), eos_token_ids=6)
    with pytest.raises(UnsupportedError, match="regular expression"):
        Vocabulary.from_huggingface(small_tokenizer(decoders.Replace(tokenizers.Regex("a+"), "b")), eos_token_ids=6)
    with pytest.raises(UnsupportedError, match="no decoder"):
        Vocabulary.from_huggingface(small_tokenizer(), eos_token_ids=6)
    with pytest.raises(UnsupportedError, match="cannot read"):
        Vocabulary.from_huggingface(object(), eos_token_ids=6)


def test_byte_level_alphabet() -> None:
    assert byte_level_token("Ġhello") == b" hello"
    assert byte_level_token("ĊĊ") == b"\n\n"
    assert byte_level_token("ÃĹ") == "×".encode()
    assert byte_level_token("a b") == b"a b"  # a space is not in the alphabet: the token is its own text
    assert byte_level_token("東") == "東".encode()
    assert byte_level_token("") == b""


def test_tiktoken() -> None:
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks.update({b"ab": 256, b"\xe6\x9d": 300})  # with a hole
    encoding = tiktoken.Encoding(
        name="small", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 301, "<|x|>": 303}
    )
    vocabulary = Vocabulary.from_tiktoken(encoding)
    assert vocabulary.size == 304
    assert vocabulary.eos_token_ids == [301]
    assert vocabulary.token(300) == b"\xe6\x9d"
    assert not any(vocabulary.token(i) for i in (257, 299, 301, 302, 303))
    for text in TEXTS:
        ids = encoding.encode(text, disallowed_special=())
        assert vocabulary.decode(ids) == encoding.decode_bytes(ids)

    class Public:
        """Only what tiktoken documents."""

        n_vocab, special_tokens_set = encoding.n_vocab, encoding.special_tokens_set
        decode_single_token_bytes = staticmethod(encoding.decode_single_token_bytes)
        encode_single_token = staticmethod(encoding.encode_single_token)

    assert Vocabulary.from_tiktoken(Public(), 301).fingerprint == vocabulary.fingerprint
    with pytest.raises(UnsupportedError):
        Vocabulary.from_tiktoken(object(), 0)


def test_several_ends_and_a_wider_model() -> None:
    vocabulary = Vocabulary.from_tokens([b"a", b"", b"a", b"\xff", b"</s>"], [4, 1, 4], vocab_size=70)
    assert vocabulary.size == 70 and len(vocabulary) == 70
    assert vocabulary.bitmask_words == 3
    assert vocabulary.eos_token_ids == [1, 4]
    assert [vocabulary.token(i) for i in range(6)] == [b"a", b"", b"a", b"\xff", b"", b""]
    narrow = Vocabulary.from_tokens([b"a", b"b", b"c"], 0, vocab_size=2)
    assert narrow.size == 2
    assert vocabulary.fingerprint != narrow.fingerprint
    assert vocabulary.fingerprint == Vocabulary([b"a", b"", b"a", b"\xff", b""], (1, 4), 70).fingerprint


def test_huggingface_options() -> None:
    tokenizer = huggingface_tokenizer("llama3_1")
    vocabulary = Vocabulary.from_huggingface(tokenizer, vocab_size=128512, eos_token_ids=[128001, 128008, 128009])
    assert vocabulary.size == 128512
    assert vocabulary.eos_token_ids == [128001, 128008, 128009]
    assert vocabulary.token(128511) == b""


@pytest.mark.parametrize(
    ("tokens", "eos", "size"),
    [
        ([], 0, None),
        (["a"], 0, None),
        ([b"a", None], 0, None),
        ([bytearray(b"a")], 0, None),
        ([b"a"], 1, None),
        ([b"a"], -1, None),
        ([b"a"], [True], None),
        ([b"a"], ["0"], None),
        ([b"a", b"b"], 1, 1),
        ([b"a"], 0, 0),
    ],
)
def test_misuse(tokens: Any, eos: Any, size: int | None) -> None:
    with pytest.raises(MisuseError):
        Vocabulary.from_tokens(tokens, eos, vocab_size=size)


def test_missing_end_is_said() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    with pytest.raises(MisuseError, match="eos_token_ids"):
        Vocabulary.from_huggingface(small_tokenizer(tokenizers.decoders.ByteLevel()))


def test_token_out_of_range() -> None:
    vocabulary = Vocabulary.from_tokens([b"a", b"b"], 1)
    for token_id in (-1, 2):
        with pytest.raises(MisuseError):
            vocabulary.token(token_id)
