"""Every metric on records made by hand, whose right answer can be counted."""

from __future__ import annotations

import pytest

from maskforge.jsonschemabench import metrics
from maskforge.jsonschemabench.records import InstanceRecord, SchemaRecord, WalkRecord

GOOD = WalkRecord(ended=True, valid=True, tokens=10, forced_tokens=4)
WRONG = WalkRecord(ended=True, valid=False, reason="$.a", tokens=6, forced_tokens=1, text="{}")
ENDLESS = WalkRecord(ended=False, tokens=400)
UNJUDGED = WalkRecord(ended=True, valid=None, reason="the validator cannot say", tokens=3)
DEAD_END = WalkRecord(ended=False, stopped="a mask without any token", tokens=2)


def instance(valid: bool, accepted: bool, masks: list[int] | None = None, **more: object) -> InstanceRecord:
    masks = [1] if masks is None else masks
    return InstanceRecord(valid, accepted, mask_ns=masks, accept_ns=[1] * (len(masks) - (not accepted)), **more)  # type: ignore[arg-type]


def schema(name: str, status: str = "ok", engine: str = "e", split: str = "s", **more: object) -> SchemaRecord:
    record = SchemaRecord(engine, split, name, status, **more)  # type: ignore[arg-type]
    record.instances_planned = record.instances_planned or len(record.instances)
    record.valid_planned = record.valid_planned or sum(instance.valid for instance in record.instances)
    if status == "ok" and record.compile_ns is None:
        record.compile_ns = 100
    if record.instances and record.first_ns is None and record.compile_ns is not None:
        record.first_ns = record.compile_ns + record.instances[0].mask_ns[0]
    return record


@pytest.mark.parametrize(
    ("walks", "covered"),
    [
        ([GOOD], True),
        ([GOOD, ENDLESS], True),
        ([GOOD, UNJUDGED], True),
        ([GOOD, WRONG], False),
        ([GOOD, DEAD_END], False),
        ([ENDLESS], False),
        ([UNJUDGED], False),
        ([], False),
    ],
)
def test_empirical_coverage_of_a_schema(walks: list[WalkRecord], covered: bool) -> None:
    assert metrics.empirical(schema("a", walks=walks, walks_planned=2)) is covered
    assert not metrics.empirical(schema("a", "timeout", walks=walks, walks_planned=2))


def test_walks_that_say_nothing() -> None:
    assert metrics.unproven(schema("a", walks=[ENDLESS, UNJUDGED], walks_planned=2))
    for walks in ([GOOD, ENDLESS], [WRONG], [DEAD_END]):
        assert not metrics.unproven(schema("a", walks=walks, walks_planned=2))
    assert not metrics.unproven(schema("a", "refused", walks_planned=2))


def test_right_rejected_and_accepted() -> None:
    right = schema("a", instances=[instance(True, True), instance(False, False)])
    rejects = schema("b", instances=[instance(True, False), instance(False, False)])
    accepts = schema("c", instances=[instance(True, True), instance(False, True)])
    stops = schema("d", first_ns=1, instances=[InstanceRecord(True, False, "out of fuel")])
    cut = schema("e", "timeout", instances=[instance(True, True)], instances_planned=2)
    assert [metrics.right(record) for record in (right, rejects, accepts, stops, cut)] == [True] + 4 * [False]
    assert [metrics.valid_rejected(record) for record in (right, rejects, accepts, stops)] == [
        False,
        True,
        False,
        False,
    ]
    assert [metrics.invalid_accepted(record) for record in (right, rejects, accepts)] == [False, False, True]
    assert metrics.gave_up(stops) and not metrics.gave_up(right)


def test_an_unsatisfiable_schema_is_right_when_no_instance_says_otherwise() -> None:
    true = schema("a", "unsatisfiable", instances_planned=2)
    false = schema("b", "unsatisfiable", instances_planned=2, valid_planned=1)
    assert metrics.right(true) and not metrics.valid_rejected(true)
    assert not metrics.right(false) and metrics.valid_rejected(false)
    assert not metrics.declared(true)


def test_a_refused_schema_rejects_nothing() -> None:
    refused = schema("a", "refused", instances_planned=2, valid_planned=2)
    assert not metrics.valid_rejected(refused) and not metrics.right(refused) and not metrics.declared(refused)


def test_coverage_and_counts_of_an_engine() -> None:
    records = [
        schema("1", walks=[GOOD, GOOD], walks_planned=2, instances=[instance(True, True, [1, 2, 3], forced_masks=2)]),
        schema("2", walks=[GOOD, WRONG], walks_planned=2, instances=[instance(False, True)]),
        schema("3", walks=[ENDLESS], walks_planned=2),
        schema("4", "refused", reason="no", walks_planned=2, instances_planned=1),
        schema("5", "timeout", walks_planned=2),
        schema("6", "crash", walks_planned=2),
        schema("7", "memory", walks_planned=2),
        schema("8", "error", walks_planned=2, split="t", memory_before_bytes=10, memory_peak_bytes=25),
    ]
    everything, first, second = metrics.rows(records)
    assert (everything.split, first.split, second.split) == (metrics.ALL_SPLITS, "s", "t")
    assert (everything.schemas, first.schemas, second.schemas) == (8, 7, 1)
    assert everything.declared_coverage == 3 / 8
    assert everything.empirical_coverage == 1 / 8
    assert everything.compliance == 1 / 3
    assert everything.unproven == 1
    assert (everything.right, everything.with_instances, everything.right_share) == (2, 3, 2 / 8)
    assert (everything.invalid_accepted, everything.valid_rejected) == (1, 0)
    ends = everything.refused, everything.timeouts, everything.crashes, everything.out_of_memory, everything.errors
    assert ends == (1, 1, 1, 1, 1)
    assert (everything.masks, everything.forced_masks, everything.forced_share) == (3, 2, 2 / 3)
    assert (everything.walks, everything.walks_ended, everything.walks_invalid) == (5, 4, 1)
    assert everything.walk_forced_share == (3 * 4 + 1) / (3 * 10 + 6 + 400)
    assert (everything.memory_peak_bytes, everything.memory_growth_bytes) == (25, 15)
    assert first.memory_peak_bytes is None


def test_shares_of_nothing_are_unknown() -> None:
    row = metrics.row("e", "s", [schema("a")])
    assert row.declared_coverage == 1
    assert row.empirical_coverage is row.compliance is row.right_share is row.forced_share is None


def test_reasons_are_counted_without_names_and_numbers() -> None:
    records = [
        schema("a", "refused", reason='keyword "not" at /properties/a is not supported'),
        schema("b", "refused", reason='keyword "if" at /items/3/x is not supported\nmore'),
        schema("c", "refused", reason="over 100 states"),
        schema("d", "crash", reason="signal SIGABRT"),
        schema("e", "refused", engine="other", reason="over 100 states"),
    ]
    assert metrics.reasons(records, "e") == [("keyword … at … is not supported", 2), ("over N states", 1)]
    assert metrics.reasons(records, "e", "crash") == [("signal SIGABRT", 1)]


@pytest.fixture
def table() -> metrics.Table:
    """Two engines; both accept the valid instance of "a" only, and both compile "a" and "b"."""
    return metrics.by_schema(
        [
            schema("a", engine="x", compile_ns=10, instances=[instance(True, True, [1, 3], warm_mask_ns=[1, 1])]),
            schema("a", engine="y", compile_ns=40, instances=[instance(True, True, [20, 10], warm_mask_ns=[5, 5])]),
            schema("b", engine="x", compile_ns=20, instances=[instance(True, True, [7]), instance(False, False, [9])]),
            schema(
                "b", engine="y", compile_ns=80, instances=[instance(True, False, [50]), instance(False, False, [60])]
            ),
            schema("c", engine="x", compile_ns=30, instances=[instance(True, True, [11])]),
            schema("c", "timeout", engine="y", instances_planned=1),
            schema("d", engine="x", compile_ns=50, first_ns=60),
            schema("d", "crash", engine="y", compile_ns=90, first_ns=95),  # after its first mask
        ]
    )


def test_times_over_what_all_handle_and_over_all(table: metrics.Table) -> None:
    assert metrics.times(table, "mask, cold", "x", ("x", "y")) == [1, 3]
    assert metrics.times(table, "mask, cold", "y", ("x", "y")) == [20, 10]
    assert metrics.times(table, "mask, cold", "x") == [1, 3, 7, 9, 11]
    assert metrics.times(table, "mask, warm", "x") == [1, 1]
    assert metrics.times(table, "accept", "y", ("x",)) == [1, 1]
    assert metrics.times(table, "mask and accept, cold", "y", ("x",)) == [21, 11]
    assert metrics.times(table, "compile", "x", ("x", "y")) == [10, 20]
    assert metrics.times(table, "compile", "x") == [10, 20, 30, 50]
    assert metrics.times(table, "compile", "y") == [40, 80, 90]
    assert metrics.times(table, "compile and first mask", "y", ("x",)) == [60, 130]


def test_a_refusal_is_no_compile() -> None:
    table = metrics.by_schema([schema("a", "refused", compile_ns=5), schema("b", "timeout", compile_ns=7)])
    assert metrics.times(table, "compile", "e") == [7]


def test_time_rows_have_every_column(table: metrics.Table) -> None:
    rows = metrics.time_rows(table, "mask, cold", ["x", "y"], common=False)
    assert set(rows["x"]) == {"count", "avg", "p25", "p50", "p75", "p90", "p99", "p99.9", "max"}
    assert rows["x"] == {
        "count": 5, "avg": 6.2, "p25": 3, "p50": 7, "p75": 9, "p90": 11, "p99": 11, "p99.9": 11, "max": 11,
    }  # fmt: skip
    assert metrics.time_rows(table, "mask, cold", ["x", "y"], common=True)["y"]["count"] == 2


def test_ratios(table: metrics.Table) -> None:
    found = metrics.ratios(table, "mask, cold", "y", "x")
    assert (found["avg"], found["p25"], found["p50"], found["max"]) == (7.5, 10.0, 10.0, 20 / 3)
    assert metrics.ratios(table, "mask, cold", "y", "nobody") == {}
