"""A report says what its records say, on one page that needs nothing else."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from maskforge.bench.report import html, svg, text
from maskforge.bench.report.build import build, load
from maskforge.bench.report.content import Axis, Plot, Report, Series, Table, duration, number, percent
from maskforge.jsonschemabench.records import EngineRecord, InstanceRecord, RunRecord, SchemaRecord, WalkRecord

MS = 1_000_000


class Page(HTMLParser):
    """What of a page the tests ask about: tables by caption, the tags with their attributes, all text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._stack: list[str] = []
        self._caption = ""
        self.feed(content)
        assert not self._stack, f"not closed: {self._stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":  # the only one without an end
            self._stack.append(tag)
        if tag == "caption":
            self._caption = ""
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        if tag in ("td", "th"):
            self.tables[self._caption][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if "caption" in self._stack:
            self._caption += data
        elif self._stack and self._stack[-1] in ("td", "th"):
            self.tables[self._caption][-1][-1] += data

    def row(self, caption: str, name: str, **where: str) -> dict[str, str]:
        """The row that begins with `name` and has the given cells, as column: cell."""
        header, *rows = self.tables[caption]
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            if row[0] == name and all(cells[column] == cell for column, cell in where.items()):
                return cells
        raise AssertionError(f"no row {name} {where} in {caption}: {rows}")


def schema(
    engine: str,
    name: str,
    masks: list[int] | None = None,
    *,
    split: str = "easy",
    status: str = "ok",
    reason: str = "",
    accepted: bool = True,
    walk: bool | None = None,
    compile_ns: int = 2 * MS,
) -> dict[str, Any]:
    """A schema with one valid instance, masks in µs; warm masks take half as long."""
    masks = masks or []
    found = SchemaRecord(engine, split, name, status, reason, compile_ns, instances_planned=1, valid_planned=1)
    if status == "ok":
        times = [1000 * mask for mask in masks]
        warm = [time // 2 for time in times]
        found.instances = [InstanceRecord(True, accepted, "", times, [500] * len(times), warm, 1)]
        found.first_ns = compile_ns + times[0]
    if walk is not None:
        found.walks_planned = 1
        if status == "ok":
            found.walks = [WalkRecord(True, walk, tokens=4, forced_tokens=1)]
    return found.record()


def run(**settings: Any) -> dict[str, Any]:
    return RunRecord(
        date="2026-01-02T03:04:05+00:00",
        command="maskforge bench masks --data own",
        machine={"processor": "P", "cores": 2, "system": "S", "python": "3.11", "load": [2.5, 1.0, 1.0]},
        engines={
            "maskforge": EngineRecord("1.2", 1500 * MS, 3 << 20),
            "grid": EngineRecord(missing='grid is not installed: pip install "maskforge[engine-grid]"'),
        },
        settings=settings,
        data=["own"],
        clock="cpu",
        clock_ns=222,
    ).record()


def page_of(*records: dict[str, Any]) -> Page:
    return Page(html.page(build(list(records))))


MASKS = [
    run(vocabulary=128256),
    schema("other", "a", [40, 40], walk=True, compile_ns=6 * MS),
    schema("maskforge", "a", [10, 30], walk=True),
    schema("other", "b", status="refused", reason="keyword 'x' at line 3 is <not> supported", walk=False),
    schema("maskforge", "b", [20], walk=True),
    schema("other", "c", [100], split="hard", accepted=False, walk=False),
    schema("maskforge", "c", [50], split="hard", walk=False),
    schema("other", "d", status="timeout", reason="while compiling: over 10 s", split="hard", walk=False),
    schema("maskforge", "d", [60], split="hard", walk=True),
]


def test_coverage() -> None:
    page = page_of(*MASKS)
    whole = "Schemas, all splits together"
    assert page.row(whole, "maskforge") == {
        "": "maskforge",
        "schemas": "4",
        "declared": "100.0%",
        "right": "100.0%",
        "empirical": "75.0%",
        "compliance": "75.0%",
        "unproven": "0",
        "valid rejected": "0",
        "invalid accepted": "0",
    }
    other = page.row(whole, "other")
    assert (other["declared"], other["right"], other["empirical"], other["compliance"]) == (
        "50.0%",
        "25.0%",
        "25.0%",
        "50.0%",
    )
    assert other["valid rejected"] == "1"
    left = page.row("Schemas that were not worked through", "other")
    assert (left["refused"], left["timeout"], left["crash"]) == ("1", "1", "0")
    by_split = "Schemas fully right, by split"
    assert page.row(by_split, "easy") == {"split": "easy", "schemas": "2", "maskforge": "100.0%", "other": "50.0%"}
    assert page.row(by_split, "hard")["other"] == "0.0%"
    assert page.row(by_split, "all")["other"] == "25.0%"


def test_times_by_itself_and_over_what_both_handle() -> None:
    page = page_of(*MASKS)
    ours = page.row("mask, cold, µs", "maskforge")
    assert (ours["avg"], ours["p50"], ours["max"], ours["count"]) == ("34.0", "30.0", "60.0", "5")
    other = page.row("mask, cold, µs", "other")
    assert (other["avg"], other["max"], other["count"]) == ("60.0", "100", "3")  # what it rejected is its own, too
    ratio = page.row("mask, cold, µs", "other / maskforge, what both handle")
    assert (ratio["avg"], ratio["p50"], ratio["max"], ratio["count"]) == ("2.00×", "4.00×", "1.33×", "2")
    assert page.row("mask, cold, µs", "maskforge, what both handle")["avg"] == "20.0"
    assert page.row("mask, warm, µs", "maskforge")["max"] == "30.0"
    assert page.row("mask and accept, cold, µs", "maskforge")["max"] == "60.5"
    assert page.row("compile, ms", "other / maskforge, what both handle")["p50"] == "1.00×"  # 6 and 2, 2 and 2
    assert page.row("compile and first mask, ms", "maskforge")["max"] == "2.06"
    curve = page.row("mask, cold, µs: the time that this share did not exceed", "maskforge")
    assert (curve["p50"], curve["p99"], curve["max"]) == ("30.0", "–", "60.0")  # five values have no p99


def test_reasons_are_told_and_escaped() -> None:
    page = page_of(*MASKS)
    reasons = page.tables["Reasons, most frequent first"]
    assert ["other", "refused", "keyword … at line N is <not> supported", "1"] in reasons
    assert ["other", "timeout", "while compiling: over N s", "1"] in reasons
    assert "not" not in [tag for tag, _ in page.tags]


def test_where_we_are_wrong_is_named() -> None:
    page = page_of(schema("maskforge", "mine", [1], accepted=False))
    assert page.tables["Where maskforge is wrong"][1:] == [["maskforge", "mine", "valid rejected"]]


def test_facts_of_the_run() -> None:
    (about,) = build(MASKS).runs
    facts = dict(about)
    assert facts["Command"] == "maskforge bench masks --data own"
    assert facts["Machine"] == "P, 2 cores, S, Python 3.11, load 2.5 at the start"
    assert facts["Engines"] == "maskforge 1.2 (set up in 1.50 s, 3 MiB)"
    assert facts["Not run: grid"].endswith('pip install "maskforge[engine-grid]"')
    assert facts["Settings"] == "vocabulary 128,256"
    assert "processor time" in facts["Times"] and "222 ns" in facts["Times"]


def test_a_schema_that_was_run_again_counts_once() -> None:
    page = page_of(schema("maskforge", "a", status="crash"), schema("maskforge", "a", [5]))
    assert page.row("Schemas, all splits together", "maskforge")["schemas"] == "1"
    assert page.row("mask, cold, µs", "maskforge")["count"] == "1"


def batch(engine: str, threads: int, round: int, fill: list[int], **more: Any) -> dict[str, Any]:
    return {
        "kind": "batch",
        "engine": engine,
        "workload": "many grammars",
        "batch": 64,
        "threads": threads,
        "state": "cold",
        "round": round,
        "fill_ns": [1000 * each for each in fill],
        "accept_ns": [2000 for _ in fill],
        "compile_ns": 3 * MS,
        "native": True,
        "failed": "",
        **more,
    }


BATCHES = [
    batch("maskforge", 1, 0, [100, 300]),
    batch("maskforge", 2, 0, [60, 180]),
    batch("maskforge", 1, 1, [100, 100]),
    batch("maskforge", 2, 1, [50, 70]),
    batch("slow", 1, 0, [900], native=False),
    batch("broken", 1, 0, [], failed="Disagreement: masks token 3", batch=8),
]


def test_batches() -> None:
    page = page_of(*BATCHES)
    one = page.row("many grammars, cold", "maskforge", threads="1")
    assert (one["batch"], one["fill, µs"], one["accept, µs"]) == ("64", "100", "2.00")
    assert one["both, µs a row"] == "1.59"  # 102 / 64
    assert one["all steps of a round, ms"] == "0.30"  # the median of 0.404 and 0.204
    share = page.row("many grammars, cold: time as a share of the time with one thread", "maskforge")
    assert (share["threads"], share["fill"], share["accept"]) == ("2", "0.60", "1.00")  # of 240/400 and 120/200
    assert page.row("What failed", "broken")["message"] == "Disagreement: masks token 3"
    assert "slow: no batch call" in " ".join(page.words)


def generate(engine: str, round: int, with_ns: int, without_ns: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "generate",
        "engine": engine,
        "processor": "its own",
        "batch": 4,
        "new_tokens": 10,
        "round": round,
        "with_ns": with_ns,
        "without_ns": without_ns,
        "failed": "",
        **more,
    }


def test_generation() -> None:
    page = page_of(
        generate("maskforge", 0, 900 * MS, 1 * MS),  # warms up
        generate("maskforge", 1, 44 * MS, 40 * MS),
        generate("maskforge", 2, 42 * MS, 40 * MS),
        generate("maskforge", 3, 60 * MS, 50 * MS),
        generate("thin one", 1, 60 * MS, 40 * MS, processor="thin"),
        generate("broken", 1, 0, 0, failed="ValueError: no"),
    )
    title = "Tokens per second and microseconds per token, without and with the processor"
    row = page.row(title, "maskforge")
    assert (row["tokens/s without"], row["tokens/s with"]) == ("1,000", "909")
    assert (row["µs/token without"], row["µs/token with"]) == ("1,000", "1,100")
    assert (row["overhead"], row["spread"], row["rounds"]) == ("+10.0%", "+5.0 to +20.0%", "3")
    assert page.row("What failed", "broken")["message"] == "ValueError: no"
    assert "thin one: thin" in " ".join(page.words)


def test_kernels() -> None:
    shared = {"kind": "kernel", "dtype": "bfloat16", "vocab": 128256, "allowed": "half", "device": "H200"}
    page = page_of(
        {**shared, "name": "apply_bitmask", "batch": 1, "ns": 5000, "bytes_per_second": 2e12},
        {**shared, "name": "apply_bitmask", "batch": 64, "ns": [9000, 8000, 8500], "bytes_per_second": None},
    )
    assert page.row("H200", "apply_bitmask", batch="1") == {
        "": "apply_bitmask",
        "dtype": "bfloat16",
        "batch": "1",
        "vocabulary": "128,256",
        "allowed tokens": "half",
        "µs": "5.00",
        "GB/s": "2,000",
    }
    assert page.row("H200", "apply_bitmask", batch="64")["µs"] == "8.50"


def everything() -> Report:
    return build([*MASKS, *BATCHES, generate("maskforge", 1, 2, 1)])


def test_the_page_needs_nothing_else() -> None:
    content = html.page(everything())
    page = Page(content)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "image", "iframe", "object", "embed", "use", "video", "audio", "base"}
    for tag, attributes in page.tags:
        assert not {"src", "srcset", "xlink:href", "data"} & attributes.keys(), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        if "href" in attributes:
            assert tag == "a" and str(attributes["href"]).startswith("#")
    assert "http" not in content and "@import" not in content and "url(" not in content


def test_the_page_is_accessible() -> None:
    content = html.page(everything())
    page = Page(content)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("role") == "img"]
    assert len(pictures) == 8  # coverage three times, times three times, generation, batches
    for attributes in pictures:
        assert set(str(attributes["aria-labelledby"]).split()) <= set(ids)
    assert content.count("<figure>") == content.count("<details>") == len(pictures)
    assert all(part.table.rows for section in everything().sections for part in section.parts if isinstance(part, Plot))
    assert "prefers-color-scheme:dark" in content and 'lang="en"' in content
    links = {str(attributes["href"]).removeprefix("#") for tag, attributes in page.tags if tag == "a"}
    assert links and links <= set(ids)


def test_markdown_has_every_table_once() -> None:
    content = text.markdown(everything())
    titles = [line for line in content.splitlines() if line.startswith("**")]
    assert len(titles) == len(set(titles))
    assert "| other / maskforge, what both handle | 2.00×" in content
    assert "| maskforge | 64 | 2 | 0.60 | 1.00 |" in content
    assert "did not exceed" not in content  # a detail, for the page
    assert "- Command: maskforge bench masks --data own" in content
    for line in content.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_cells_cannot_break_a_markdown_table() -> None:
    report = Report("t", [], [])
    report.sections = everything().sections[:1]
    report.sections[0].parts = [Table("x", ["a", "b"], [["one|two", "three\nfour"]])]
    assert "| one\\|two | three four |" in text.markdown(report)


def test_files_are_read_in_order_and_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(json.dumps(MASKS[0]) + "\n" + json.dumps(MASKS[1]) + "\n" + '{"kind": "sche', encoding="utf-8")
    second.write_text(json.dumps(MASKS[2]) + "\n", encoding="utf-8")
    assert load([first, second]) == [MASKS[0], MASKS[1], MASKS[2]]
    second.write_text("[1]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.jsonl, line 1 is no record"):
        load([second])


def test_scales() -> None:
    linear = svg.Scale(Axis("y"), [0, 92], 300, 0)
    assert [round(value) for value, _ in linear.ticks()] == [0, 20, 40, 60, 80, 100]
    assert (linear(0), linear(50), linear(100)) == (300, 150, 0)
    log = svg.Scale(Axis("x", "log"), [0.5, 20, 900], 0, 400)
    assert [label for _, label in log.ticks()] == ["0.1", "1", "10", "100", "1,000"]
    assert [round(log(value)) for value in (0.1, 1, 10, 1000)] == [0, 100, 200, 400]
    nines = svg.Scale(Axis("share", "nines"), [0.5, 0.999], 0, 300)
    assert [label for _, label in nines.ticks()] == ["0%", "50%", "90%", "99%", "99.9%"]
    assert [round(nines(share)) for share in (0, 0.9, 0.99, 0.999, 1)] == [0, 100, 200, 300, 300]
    assert svg.Scale(Axis("x", "log", [1, 64]), [1], 0, 10).ticks() == [(1, "1"), (64, "64")]
    assert svg.Scale(Axis("y"), [], 0, 10)(0) == 0  # nothing to show is no error
    below = svg.Scale(Axis("y"), [-30, 50], 0, 100)
    assert below.ticks()[0][0] == -30 and 0 < below(0) < 100


def test_lines_and_bars_are_where_the_numbers_are() -> None:
    table = Table("t", ["a"], [["b"]])
    lines = Plot("p", "lines", Axis("x", "log"), Axis("y"), [Series("one", [(1, 0), (10, 10)])], table)
    bottom, right = svg.HEIGHT - svg.BOTTOM, svg.WIDTH - svg.RIGHT
    assert f'points="{svg.LEFT}.0,{bottom}.0 {right}.0,{svg.TOP}.0"' in svg.draw(lines, "i")
    bars = Plot("p", "bars", Axis("x"), Axis("y"), [Series("one", [(0, 50), (1, 100)])], table, groups=["g", "h"])
    found = Page(svg.draw(bars, "i"))
    heights = [float(str(attributes["height"])) for tag, attributes in found.tags if tag == "rect"]
    assert heights == [pytest.approx((bottom - svg.TOP) / 2), pytest.approx(bottom - svg.TOP)]


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0.00"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (-5, "-5.00"), (1e4, "10,000")]
)
def test_numbers(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(1, "100.0%"), (0.9999, ">99.9%"), (0, "0.0%"), (0.0001, "<0.1%"), (0.5, "50.0%")]
)
def test_percent_does_not_round_to_all_or_nothing(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_durations() -> None:
    assert [duration(ns) for ns in (12, 1500, 2.5e6, 3e9)] == ["12 ns", "1.50 µs", "2.50 ms", "3.00 s"]
