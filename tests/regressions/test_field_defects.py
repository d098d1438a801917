"""Defects that other engines for constrained decoding had, one by one; none of them may come here.

What costs too much there is bounded here by work and memory, not by a clock: the fuel limit turns a hang into an error,
so that a compile which returns has stayed below it.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

import maskforge as mf
from tests.schema.support import accepts, allows, byte_compiler, byte_vocabulary, llama_with_tokenizer
from tests.schema.walks import Walker

MIB = 1 << 20


def forms(value: Any) -> list[str]:
    return [json.dumps(value), json.dumps(value, separators=(",", ":")), json.dumps(value, indent=2)]


def mask(grammar: mf.Grammar, text: bytes = b"") -> set[int]:
    matcher = grammar.matcher()
    assert matcher.accept_bytes(text) == len(text)
    return set(matcher.allowed_tokens())


# ---- repetition that is unrolled, work that does not end -----------------------------------------------------------


@pytest.mark.parametrize("most", [127, 512, 100_000])
def test_long_length_limits_cost_what_short_ones_cost(most: int) -> None:
    compiler = mf.Compiler(byte_vocabulary())
    compiler.json_schema({"type": "string", "maxLength": 5}).matcher().allowed_tokens()
    before = compiler.memory_bytes()
    grammar = compiler.json_schema({"type": "string", "maxLength": most})
    matcher = grammar.matcher()
    matcher.allowed_tokens()
    assert compiler.memory_bytes() - before < MIB // 8
    assert accepts(grammar, json.dumps("x" * most))
    assert not accepts(grammar, json.dumps("x" * (most + 1)))
    assert accepts(grammar, json.dumps("\u00e9" * most)), "characters are counted, not the bytes of their escapes"


@pytest.mark.parametrize("keyword", ["minLength", "minItems", "minProperties"])
def test_long_lower_bounds(keyword: str) -> None:
    grammar = byte_compiler().json_schema({"type": ["string", "array", "object"], keyword: 2000})
    values = {"minLength": "x" * 2000, "minItems": [0] * 2000, "minProperties": {str(key): 0 for key in range(2000)}}
    value = values[keyword]
    assert accepts(grammar, json.dumps(value))
    shorter = dict(list(value.items())[1:]) if isinstance(value, dict) else value[1:]
    assert not accepts(grammar, json.dumps(shorter))


@pytest.mark.parametrize("count", [60, 1000])
def test_many_optional_properties(count: int) -> None:
    compiler = mf.Compiler(byte_vocabulary())
    names = [f"property_{number}" for number in range(count)]
    grammar = compiler.json_schema(
        {"type": "object", "properties": {name: {"type": "integer"} for name in names}, "additionalProperties": False}
    )
    assert compiler.memory_bytes() < 64 * MIB
    assert mask(grammar, b'{"') == set(b"p\\")  # or an escape of it
    dice = random.Random(count)
    for size in (0, 1, 30, count):
        chosen = dice.sample(names, size)
        assert accepts(grammar, json.dumps(dict.fromkeys(chosen, 1)))
    assert not accepts(grammar, json.dumps({names[0]: 1, "property_x": 1}))
    assert not accepts(grammar, f'{{"{names[0]}":1,"{names[0]}":2}}')
    assert compiler.memory_bytes() < 64 * MIB


@pytest.mark.parametrize("count", [60, 1000])
def test_many_required_properties(count: int) -> None:
    names = [f"property_{number}" for number in range(count)]
    grammar = byte_compiler().json_schema({"type": "object", "required": names})
    value = dict.fromkeys(random.Random(count).sample(names, count), None)
    assert accepts(grammar, json.dumps(value))
    del value[names[count // 2]]
    assert not accepts(grammar, json.dumps(value))


def test_schemas_nested_3000_deep_work_or_are_refused() -> None:
    schema: Any = {"type": "integer"}
    text = '{"type":"array","items":' * 3000 + '{"type":"integer"}' + "}" * 3000
    try:
        grammar = byte_compiler().json_schema(text)
    except mf.SpecError as error:
        assert "nested deeper" in str(error)
    else:
        assert accepts(grammar, "[" * 3000 + "1" + "]" * 3000)
    for _ in range(500):
        schema = {"type": "array", "items": schema}
    grammar = byte_compiler().json_schema(schema)
    assert accepts(grammar, "[" * 500 + "1" + "]" * 500)
    assert not accepts(grammar, "[" * 500 + "null" + "]" * 500)


def test_values_nested_3000_deep() -> None:
    schema = {"$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}, "$ref": "#/$defs/list"}
    for grammar in (byte_compiler().json_schema(schema), byte_compiler().json_schema(True)):
        assert accepts(grammar, "[" * 3000 + "]" * 3000)
        matcher = grammar.matcher()
        assert matcher.accept_bytes(b"[" * 3000) == 3000
        assert {ord("["), ord("]")} <= set(matcher.allowed_tokens())
    assert not accepts(byte_compiler().json_schema(schema), "[" * 3000 + "1" + "]" * 3000)


def test_a_constant_of_50_kb() -> None:
    compiler = mf.Compiler(byte_vocabulary())
    text = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz ", k=50_000))
    grammar = compiler.json_schema({"const": text})
    assert accepts(grammar, json.dumps(text))
    assert not accepts(grammar, json.dumps(text[:-1]))
    matcher = grammar.matcher()
    prefix = json.dumps(text).encode()[:25_000]
    assert matcher.accept_bytes(prefix) == len(prefix)
    assert ord(text[24_999]) in matcher.allowed_tokens()
    assert compiler.memory_bytes() < 64 * MIB
    value = {"list": [{"key": text[:20_000]}] * 2}
    assert accepts(compiler.json_schema({"const": value}), json.dumps(value))


def test_enums_of_thousands() -> None:
    words = [f"{number:x}-{number * 7919 % 10007}" for number in range(5000)]
    grammar = byte_compiler().json_schema({"enum": words})
    assert all(accepts(grammar, json.dumps(word)) for word in words[::97])
    assert not accepts(grammar, json.dumps(words[0] + "0"))


@pytest.mark.parametrize(
    "pattern", [r"([a-z]+,?){0,500}\.", r"((a*)*)*b", r"(a?){300}a{300}", r"(x+x+)+y", r"(a|b|ab)*c"]
)
def test_nested_repetition(pattern: str) -> None:
    compiler = mf.Compiler(byte_vocabulary())
    grammar = compiler.regex(pattern)
    texts = {
        r"([a-z]+,?){0,500}\.": ("ab,c," * 200 + ".", "ab,,c."),
        r"((a*)*)*b": ("a" * 500 + "b", "a" * 500),
        r"(a?){300}a{300}": ("a" * 450, "a" * 601),
        r"(x+x+)+y": ("x" * 500 + "y", "x" * 500),
        r"(a|b|ab)*c": ("abba" * 100 + "c", "abbac" * 2),
    }
    good, bad = texts[pattern]
    assert accepts(grammar, good)
    assert not accepts(grammar, bad)
    assert compiler.memory_bytes() < 64 * MIB


# ---- constraints that are dropped ----------------------------------------------------------------------------------


def test_siblings_of_a_reference_are_enforced() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n", "minimum": 5, "enum": [1, 6, "x"]}
    assert allows(schema, "6")
    assert not any(allows(schema, text) for text in ("1", '"x"', "7"))


def test_siblings_of_any_of_are_enforced() -> None:
    schema = {
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        "properties": {"a": {"type": "integer"}},
        "additionalProperties": {"type": "string"},
        "maxProperties": 2,
    }
    assert allows(schema, '{"a": 1}') and allows(schema, '{"c": "", "b": ""}')
    assert not any(allows(schema, text) for text in ("{}", '{"a": ""}', '{"b": 1}', '{"a":1,"b":"","c":""}'))


def test_siblings_of_an_enum_are_enforced() -> None:
    schema = {"enum": ["a", "abc", 5, 50], "maxLength": 2, "maximum": 10}
    assert [text for text in ('"a"', '"abc"', "5", "50") if allows(schema, text)] == ['"a"', "5"]


def test_all_of_two_are_both_enforced() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"a": {"minimum": 3}, "b": {"type": "string"}}, "required": ["b"]},
        ]
    }
    assert allows(schema, '{"b": "", "a": 3}')
    assert not any(
        allows(schema, text)
        for text in ('{"a": 3}', '{"b": "", "a": 2}', '{"b": 1, "a": 3}', '{"b": "", "a": "x"}', "1")
    )
    assert allows({"allOf": [{"pattern": "^a"}, {"pattern": "b$"}, {"maxLength": 3}]}, '"acb"')
    assert not allows({"allOf": [{"pattern": "^a"}, {"pattern": "b$"}, {"maxLength": 3}]}, '"accb"')


def test_one_of_means_exactly_one() -> None:
    schema = {"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]}
    assert [number for number in range(8) if allows(schema, str(number))] == [2, 3, 4]


def test_patterns_search() -> None:
    assert allows({"pattern": "b"}, '"abc"')
    assert not allows({"pattern": "^b"}, '"abc"')
    assert allows({"pattern": "c$"}, '"abc"')
    assert allows({"patternProperties": {"x": {"type": "integer"}}}, '{"axb": 1}')
    assert not allows({"patternProperties": {"x": {"type": "integer"}}}, '{"axb": ""}')


def test_length_limits_keep_json_valid_and_allow_escapes() -> None:
    for schema in ({"type": "string", "maxLength": 5}, {"type": "string", "minLength": 1, "maxLength": 5}):
        grammar = byte_compiler().json_schema(schema)
        inside = mask(grammar, b'"a')
        assert not inside & set(range(0x20)), "control characters are never raw"
        assert ord("\\") in inside and ord('"') in inside
        assert mask(grammar, b'"a\\') == set(b'"\\/bfnrtu')
        assert accepts(grammar, r'"\n\u0000\"\\\/"')
        assert not accepts(grammar, r'"\n\u0000\"\\\/x"')


# ---- texts that are wrongly rejected --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema, text",
    [
        ({"type": "integer"}, "1.0"),
        ({"type": "integer"}, "1e3"),
        ({"type": "integer", "minimum": 0, "maximum": 5000}, "1e3"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "5e-1"),
        ({"type": "string"}, r'"\u0041"'),
        ({"type": "string"}, r'"\/"'),
        ({"const": "A/"}, r'"\u0041\/"'),
        ({"properties": {"a": {"const": 1}}, "required": ["a"]}, r'{"\u0061": 1}'),
    ],
)
def test_other_spellings(schema: Any, text: str) -> None:
    assert allows(schema, text)


def test_keys_may_come_in_any_order_and_only_once() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "null"}},
        "required": ["a", "c"],
        "additionalProperties": False,
    }
    for order in ("abc", "acb", "bac", "bca", "cab", "cba"):
        value = {key: {"a": 1, "b": "", "c": None}[key] for key in order}
        assert all(allows(schema, text) for text in forms(value))
    assert not allows(schema, '{"a":1,"c":null,"a":1}')
    assert not allows(schema, '{"c":null,"b":"","a":1,"c":null}')


@pytest.mark.parametrize(
    "pattern, good, bad",
    [
        ("(a|ab)(c|bd)", ["ac", "abd", "abc", "abbd"], ["ab", "a", "abcd"]),
        ("[0-9]+5", ["15", "55", "12345555"], ["5", "51"]),
        ("[a-z]*abc", ["abc", "ababc", "abcabc"], ["ab", "abcx"]),
        ("a*ab", ["ab", "aaab"], ["b", "aa"]),
        ('"[^"]*"', ['""', '"x y"'], ['"', '"""']),
    ],
)
def test_no_part_of_a_pattern_is_greedy(pattern: str, good: list[str], bad: list[str]) -> None:
    grammar = byte_compiler().regex(pattern)
    assert [text for text in good if not accepts(grammar, text)] == []
    assert [text for text in bad if accepts(grammar, text)] == []


# ---- special tokens, and masks that disagree with accept -------------------------------------------------------------

# 258 is a special token: a name, but no text. Ordinary tokens may spell the same characters.
SPECIAL = ["<|end|>", "<|tool|>"]


def special_vocabulary() -> mf.Vocabulary:
    tokens = [bytes([byte]) for byte in range(256)] + [b"", b"", b"<|", b"|>", b"end", b'"<|end|>', b"<|end|>"]
    return mf.Vocabulary.from_tokens(tokens, eos_token_ids=[256])


def test_special_tokens_are_never_text() -> None:
    compiler = mf.Compiler(special_vocabulary())
    for schema in ({"type": "string"}, {"const": "<|end|>"}, {"type": "string", "maxLength": 9}, True):
        grammar = compiler.json_schema(schema)
        matcher = grammar.matcher()
        for byte in b'"<|':
            ids = set(matcher.allowed_tokens())
            assert not ids & {256, 257}
            matcher.accept_token(byte)


def test_a_literal_may_spell_what_a_special_token_is_called() -> None:
    compiler = mf.Compiler(special_vocabulary())
    grammar = compiler.json_schema({"const": "<|end|>"})
    for tokens in ([261, 34], [34, 262, 34], [34, 258, 260, 259, 34], list(b'"<|end|>"')):
        matcher = grammar.matcher()
        for token in tokens:
            assert token in matcher.allowed_tokens()
            assert matcher.accept_token(token)
        assert matcher.is_accepting() and 256 in matcher.allowed_tokens()


def test_the_special_tokens_of_a_real_vocabulary_are_never_text() -> None:
    vocabulary, tokenizer = llama_with_tokenizer()
    special = set(tokenizer.added_tokens_decoder)
    assert len(special) >= 255
    ends = set(vocabulary.eos_token_ids)
    compiler = mf.Compiler(vocabulary)
    name = "<|eot_id|>"
    for schema in ({"type": "string"}, {"const": name}, {"type": "string", "maxLength": 30}):
        grammar = compiler.json_schema(schema)
        for text in (b"", b'"', b'"<', b'"<|'):
            assert not mask(grammar, text) & (special - ends)
            assert not mask(grammar, text) & ends
        assert accepts(grammar, json.dumps(name))


def test_masks_and_accept_agree_on_every_token_of_a_real_vocabulary() -> None:
    vocabulary, _ = llama_with_tokenizer()
    walker = Walker(vocabulary)
    compiler = mf.Compiler(vocabulary)
    schema = {
        "type": "object",
        "properties": {"name": {"enum": ["Anna", "Ann", "An"]}, "n": {"type": "integer", "minimum": 10, "maximum": 99}},
        "required": ["name", "n"],
        "additionalProperties": False,
    }
    grammar = compiler.json_schema(schema)
    for text in (b"", b"{", b'{"', b'{"n', b'{"name": "', b'{"name": "An', b'{"n": ', b'{"n": 1', b'{"name": "Anna"'):
        matcher = grammar.matcher()
        assert matcher.accept_bytes(text) == len(text)
        assert set(matcher.allowed_tokens()) == walker.expected(matcher, iter(range(vocabulary.size)))


# ---- dead ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "enum": [1, 2]},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 5},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "string", "pattern": "^a", "enum": ["b", "c"]},
        {"type": "object", "required": ["a"], "properties": {"a": False}},
        {"type": "object", "required": ["a"], "maxProperties": 0},
        {"type": "object", "propertyNames": {"enum": ["a"]}, "minProperties": 2},
        {"type": "array", "items": False, "minItems": 1},
        {"type": "array", "contains": {"type": "string"}, "items": {"type": "integer"}},
        {"not": {}},
        {"enum": []},
        {
            "$defs": {"n": {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/n"}}}},
            "$ref": "#/$defs/n",
        },
        {"type": "number", "multipleOf": 3, "minimum": 4, "maximum": 5},
        {"oneOf": [{"type": "string"}, {"type": "string"}]},
    ],
    ids=json.dumps,
)
def test_empty_languages_are_refused(schema: Any) -> None:
    with pytest.raises(mf.UnsatisfiableError):
        byte_compiler().json_schema(schema)


@pytest.mark.parametrize("pattern", ["[]", "a(?!a)a", "(?=b)a", "[^\\s\\S]", "a[]b"])
def test_empty_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(mf.UnsatisfiableError):
        byte_compiler().regex(pattern)


@pytest.mark.parametrize(
    "schema, prefix, never",
    [
        # Each byte of `never` would lead to where nothing can follow.
        ({"type": "integer", "minimum": 100, "maximum": 199}, b"", b'2-n"'),
        ({"type": "string", "pattern": "^[a-c]{3}$", "enum": ["abd", "abc"]}, b'"ab', b'd"'),
        ({"type": "object", "properties": {"ab": False}, "propertyNames": {"maxLength": 2}}, b'{"a', b"b"),
        ({"type": "object", "required": ["k"], "maxProperties": 1}, b"{", b"}"),
        ({"type": "object", "required": ["k"], "maxProperties": 1}, b'{"', b'a"'),
        ({"type": "array", "prefixItems": [True, False], "minItems": 1}, b"[0", b","),
        ({"type": "array", "contains": {"const": 7}, "maxItems": 2}, b"[0,", b"12345689nt"),
        ({"properties": {"a": {"type": "integer"}}, "required": ["a"], "not": {"required": ["b"]}}, b'{"b', b'"'),
        ({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, b'{"a":1,"b', b'"'),
    ],
)
def test_no_byte_that_leads_nowhere_is_allowed(schema: Any, prefix: bytes, never: bytes) -> None:
    allowed = mask(byte_compiler().json_schema(schema), prefix)
    assert allowed and not allowed & set(never)


def test_no_mask_on_the_way_of_random_texts_is_empty() -> None:
    walker = Walker(byte_vocabulary())
    schema = {
        "$defs": {
            "tree": {"type": "object", "required": ["v"], "properties": {"kids": {"items": {"$ref": "#/$defs/tree"}}}}
        },
        "anyOf": [{"$ref": "#/$defs/tree"}, {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}],
    }
    grammar = byte_compiler().json_schema(schema)
    for seed in range(20):
        text = walker.walk(grammar, random.Random(seed), free_steps=40, look=lambda matcher, ids: None, schema=schema)
        assert json.loads(text) is not None
