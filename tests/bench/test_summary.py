"""The figures of a cold run, on cases small enough to count by hand."""

from __future__ import annotations

import pytest

from maskforge.bench.summary import Outcome, Reading, counts, markdown, page, summarize
from maskforge.jsonschemabench.statistics import distribution, quantile


def test_quantile_is_a_value_that_occurs() -> None:
    values = list(range(1, 1001))
    assert [quantile(values, share) for share in (0.5, 0.9, 0.99, 0.999)] == [500, 900, 990, 999]
    assert quantile([7], 0.5) == quantile([7], 0.999) == 7
    assert quantile([1, 2, 3], 0.5) == 2
    assert quantile([1, 2], 0.5) == 1


def test_distribution() -> None:
    assert distribution([4, 1, 1, 2]) == {
        "count": 4,
        "avg": 2,
        "max": 4,
        "p50": 1,
        "p90": 4,
        "p99": 4,
        "p99.9": 4,
    }
    assert distribution([]) == {"count": 0}


def reading(valid: bool, accepted: bool, masks: list[int], stopped: str = "") -> Reading:
    return Reading(valid, accepted, stopped, masks, [1] * len(masks))


def test_counts() -> None:
    unsatisfiable = {"refused": "no value", "unsatisfiable": True}
    outcomes = [
        Outcome("right", "e", readings=[reading(True, True, [1]), reading(False, False, [1])]),
        Outcome("rejects", "e", readings=[reading(True, False, [1])]),
        Outcome("accepts", "e", readings=[reading(True, True, [1]), reading(False, True, [1])]),
        Outcome("stops", "e", readings=[reading(True, False, [1], stopped="fuel")]),
        Outcome("refused", "e", refused="no", readings=[reading(False, False, [])]),
        Outcome("empty", "e", **unsatisfiable, readings=[reading(False, False, [])]),
        Outcome("not empty", "e", **unsatisfiable, readings=[reading(True, False, [])]),
    ]
    assert counts(outcomes) == {
        "schemas": 7,
        "right": 2,
        "refused": 1,
        "unsatisfiable": 2,
        "stopped": 1,
        "valid_rejected": 1,
        "invalid_accepted": 1,
    }


def test_engines_are_compared_where_both_answered() -> None:
    """Masks over the valid instances that both accept, compiles over the schemas that both compile."""
    pairs = [
        (
            Outcome("a", "ours", 10, 11, readings=[reading(True, True, [1, 3]), reading(False, False, [50])]),
            Outcome("a", "other", 30, 36, readings=[reading(True, True, [6, 6]), reading(False, False, [70])]),
        ),
        (
            Outcome("b", "ours", 20, 22, readings=[reading(True, True, [2])]),
            Outcome("b", "other", 40, 1040, readings=[reading(True, False, [1000])]),
        ),
        (
            Outcome("c", "ours", 70, 170, readings=[reading(True, True, [100])]),
            Outcome("c", "other", 50, refused="no", readings=[reading(True, False, [])]),
        ),
    ]
    summary = summarize(pairs, ["ours", "other"])
    times = summary["times"]
    assert times["mask"]["ours"]["count"] == times["mask"]["other"]["count"] == 2
    assert times["mask"]["ours"]["avg"] == 2
    assert times["mask"]["other"]["avg"] == 6
    assert times["mask and accept"]["ours"]["avg"] == 3
    assert times["mask, all instances"]["ours"]["count"] == 5
    assert times["mask, all instances"]["other"]["max"] == 1000
    assert times["compile"]["ours"]["avg"] == 15
    assert times["compile"]["other"]["avg"] == 35
    assert times["compile and first mask"]["ours"]["max"] == 22
    assert times["compile and first mask, all schemas"]["ours"]["max"] == 170
    text = markdown(summary)
    assert "| other / ours | 6.0x | 3.0x |" in text
    assert "| other | 1 | 1 | 0 | 0 | 1 | 0 |" in text


def test_the_page_says_what_ran_and_where() -> None:
    summary = summarize([(Outcome("a", "ours", 10, 11, readings=[reading(True, True, [1, 3])]),)], ["ours"])
    summary["memory"] = {
        "peak_process_bytes": 3 << 20,
        "ours": {"matcher_avg_bytes": 2048, "matcher_max_bytes": 4096, "shared_bytes": 2 << 20, "memo_bytes": 1 << 20},
    }
    summary["load_at_end"] = [3.5, 1.0, 1.0]
    about = {
        "date": "2026-01-02T03:04:05+00:00",
        "command": "python -m maskforge.bench.cold_masks --limit 1",
        "machine": {"processor": "P", "cores": 2, "system": "S", "python": "3.11", "load": [2.5, 1.0, 1.0]},
        "engines": {"ours": "1.2"},
        "setup_ms": {"ours": 1500.0},
        "vocab_size": 1000,
        "clock_ns": 200,
        "clock": "cpu",
        "fresh": False,
    }
    text = page(about, summary)
    for words in (
        "`python -m maskforge.bench.cold_masks --limit 1`",
        "2026-01-02; ours 1.2; Python 3.11, S, P, 2 cores; vocabulary of 1,000 tokens.",
        "other work (load 2.5 to 3.5)",
        "ours 1.5 s. Peak memory of the process, all engines and the tokenizer: 3 MiB.",
        "2.0 KiB on average at the end of a text, 4 KiB at most",
        "at the end: 2 MiB, of that 1 MiB masks",
    ):
        assert words in text
    quiet = {**summary, "load_at_end": [0.5, 9.0, 9.0]}
    host = {**about["machine"], "load": [0.5, 9.0, 9.0]}
    assert "other work" not in page({**about, "machine": host}, quiet)


def test_outcomes_of_different_readings_are_an_error() -> None:
    with pytest.raises(IndexError):
        summarize(
            [(Outcome("a", "x", readings=[reading(True, True, [1])]), Outcome("a", "y", readings=[]))], ["x", "y"]
        )
