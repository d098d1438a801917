"""What the records of a run say: coverage, right and wrong, times. Pure functions from SchemaRecords to table rows.

Coverage is as JSONSchemaBench defines it (Geng et al. 2025, arXiv 2501.10868):

- declared: the share of all schemas that the engine takes and works through, without refusal, error, crash or timeout;
- empirical: the share of all schemas for which what is written under the masks satisfies the schema;
- compliance: empirical / declared, the share of what it takes that it enforces.

A schema counts as empirically covered when at least one walk ended, every walk that ended is valid and the engine gave
up in none. A walk whose text the validator could not judge is no evidence either way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from maskforge.jsonschemabench.records import InstanceRecord, SchemaRecord
from maskforge.jsonschemabench.statistics import SPREAD, distribution

TIME_COLUMNS = ("avg", *SPREAD, "max")
"""avg, p25, p50, p75, p90, p99, p99.9, max."""
ALL_SPLITS = "all"


# ---- one schema -----------------------------------------------------------------------------------------------------


def declared(record: SchemaRecord) -> bool:
    return record.status == "ok"


def empirical(record: SchemaRecord) -> bool:
    judged = [walk for walk in record.walks if walk.ended and walk.valid is not None]
    return (
        declared(record)
        and bool(judged)
        and all(walk.valid for walk in judged)
        and not any(walk.stopped for walk in record.walks)
    )


def unproven(record: SchemaRecord) -> bool:
    """Declared, but the walks say nothing: none ended in a text that could be judged, and in none it gave up."""
    judged = any(walk.ended and walk.valid is not None for walk in record.walks)
    return declared(record) and not judged and not any(walk.stopped for walk in record.walks)


def right(record: SchemaRecord) -> bool:
    """Every instance read right; or called unsatisfiable, and no instance says otherwise."""
    if record.status == "unsatisfiable":
        return not record.valid_planned
    return declared(record) and all(instance.right for instance in record.instances)


def valid_rejected(record: SchemaRecord) -> bool:
    """A valid instance was masked somewhere, or the engine said that there is no valid one."""
    if record.status == "unsatisfiable":
        return record.valid_planned > 0
    return any(instance.valid and not instance.accepted and not instance.stopped for instance in record.instances)


def invalid_accepted(record: SchemaRecord) -> bool:
    return any(not instance.valid and instance.accepted and not instance.stopped for instance in record.instances)


def gave_up(record: SchemaRecord) -> bool:
    """It compiled and then stopped in an instance or a walk."""
    return any(instance.stopped for instance in record.instances) or any(walk.stopped for walk in record.walks)


# ---- one engine on one split ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """Counts of schemas of one engine in one split; shares are None where nothing was asked."""

    engine: str
    split: str
    schemas: int
    declared: int
    walked: int
    """Schemas for which walks were asked, refused ones included."""
    empirical: int
    empirical_declared: int
    """Declared ones among `walked`: what compliance is a share of."""
    unproven: int
    """Of `walked`: neither covered nor shown to be wrong, because no walk ended. A limit of the walks."""
    with_instances: int
    right: int
    """Of all: as MaskBench counts them, one without instances is right when it is taken."""
    valid_rejected: int
    invalid_accepted: int
    gave_up: int
    refused: int
    unsatisfiable: int
    timeouts: int
    crashes: int
    out_of_memory: int
    errors: int
    masks: int
    forced_masks: int
    """Over the valid instances that were accepted and where it was counted."""
    walks: int
    walks_ended: int
    walks_invalid: int
    walk_tokens: int
    walk_forced_tokens: int
    memory_peak_bytes: int | None
    """The most resident memory that its process had in one of these schemas."""
    memory_growth_bytes: int | None
    """The most by which one schema raised it, above what it was before that schema."""

    @property
    def declared_coverage(self) -> float | None:
        return share(self.declared, self.schemas)

    @property
    def empirical_coverage(self) -> float | None:
        return share(self.empirical, self.walked)

    @property
    def compliance(self) -> float | None:
        return share(self.empirical, self.empirical_declared)

    @property
    def right_share(self) -> float | None:
        """None where no schema has instances, so that there is nothing to be right about."""
        return share(self.right, self.schemas) if self.with_instances else None

    @property
    def forced_share(self) -> float | None:
        """Of the masks along valid instances, how many left no choice."""
        return share(self.forced_masks, self.masks)

    @property
    def walk_forced_share(self) -> float | None:
        return share(self.walk_forced_tokens, self.walk_tokens)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def row(engine: str, split: str, records: Sequence[SchemaRecord]) -> Row:
    """The counts over `records`, which are all of that engine."""
    statuses = Counter(record.status for record in records)
    asked = [record for record in records if record.walks_planned]
    counted = [
        instance
        for record in records
        for instance in record.instances
        if instance.valid and instance.accepted and instance.forced_masks is not None
    ]
    walks = [walk for record in records for walk in record.walks]
    peaks = [record.memory_peak_bytes for record in records if record.memory_peak_bytes is not None]
    growths = [
        record.memory_peak_bytes - record.memory_before_bytes
        for record in records
        if record.memory_peak_bytes is not None and record.memory_before_bytes is not None
    ]
    return Row(
        engine=engine,
        split=split,
        schemas=len(records),
        declared=sum(map(declared, records)),
        walked=len(asked),
        empirical=sum(map(empirical, asked)),
        empirical_declared=sum(map(declared, asked)),
        unproven=sum(map(unproven, asked)),
        with_instances=sum(record.instances_planned > 0 for record in records),
        right=sum(map(right, records)),
        valid_rejected=sum(map(valid_rejected, records)),
        invalid_accepted=sum(map(invalid_accepted, records)),
        gave_up=sum(map(gave_up, records)),
        refused=statuses["refused"],
        unsatisfiable=statuses["unsatisfiable"],
        timeouts=statuses["timeout"],
        crashes=statuses["crash"],
        out_of_memory=statuses["memory"],
        errors=statuses["error"],
        masks=sum(len(instance.mask_ns) for instance in counted),
        forced_masks=sum(instance.forced_masks or 0 for instance in counted),
        walks=len(walks),
        walks_ended=sum(walk.ended for walk in walks),
        walks_invalid=sum(walk.valid is False for walk in walks),
        walk_tokens=sum(walk.tokens for walk in walks),
        walk_forced_tokens=sum(walk.forced_tokens for walk in walks),
        memory_peak_bytes=max(peaks, default=None),
        memory_growth_bytes=max(growths, default=None),
    )


def rows(records: Iterable[SchemaRecord]) -> list[Row]:
    """For every engine, in the order in which they appear, one row a split and one over all of them, ALL_SPLITS."""
    groups: dict[str, dict[str, list[SchemaRecord]]] = {}
    for record in records:
        splits = groups.setdefault(record.engine, {ALL_SPLITS: []})
        splits[ALL_SPLITS].append(record)
        splits.setdefault(record.split, []).append(record)
    return [row(engine, split, members) for engine, splits in groups.items() for split, members in splits.items()]


def reasons(records: Iterable[SchemaRecord], engine: str, status: str = "refused") -> list[tuple[str, int]]:
    """What the engine said, most frequent first; texts that differ in quoted names and numbers only are one reason."""
    found = Counter(
        _generalised(record.reason) for record in records if record.engine == engine and record.status == status
    )
    return found.most_common()


def _generalised(reason: str) -> str:
    import re

    first = reason.strip().split("\n", 1)[0]
    quoted = re.sub(r"\"[^\"]*\"|'[^']*'|`[^`]*`|/[^\s:,;]*", "…", first)
    return re.sub(r"\d+", "N", quoted)[:160]


# ---- times ----------------------------------------------------------------------------------------------------------

Table = dict[tuple[str, str], dict[str, SchemaRecord]]
"""By (split, schema), then by engine."""


def by_schema(records: Iterable[SchemaRecord]) -> Table:
    table: Table = {}
    for record in records:
        table.setdefault((record.split, record.schema), {})[record.engine] = record
    return table


def mask_times(record: SchemaRecord, index: int) -> list[int]:
    return record.instances[index].mask_ns


def warm_mask_times(record: SchemaRecord, index: int) -> list[int]:
    return record.instances[index].warm_mask_ns


def accept_times(record: SchemaRecord, index: int) -> list[int]:
    return record.instances[index].accept_ns


def step_times(record: SchemaRecord, index: int) -> list[int]:
    """Mask and accept of a token together."""
    instance = record.instances[index]
    return [fill + accept for fill, accept in zip(instance.mask_ns, instance.accept_ns, strict=False)]


PER_MASK: dict[str, Callable[[SchemaRecord, int], list[int]]] = {
    "mask, cold": mask_times,
    "mask, warm": warm_mask_times,
    "accept": accept_times,
    "mask and accept, cold": step_times,
}
PER_SCHEMA: dict[str, Callable[[SchemaRecord], int | None]] = {
    "compile": lambda record: record.compile_ns if record.compiled else None,
    "compile and first mask": lambda record: record.first_ns,
}
MEASURES = (*PER_MASK, *PER_SCHEMA)


def _accepted(record: SchemaRecord | None, index: int) -> bool:
    if record is None or not declared(record) or index >= len(record.instances):
        return False
    instance: InstanceRecord = record.instances[index]
    return instance.valid and instance.accepted


def times(table: Table, measure: str, engine: str, among: Sequence[str] = ()) -> list[int]:
    """Every reading of a measure by `engine`, in nanoseconds.

    `among`: engines that all have to have handled the same thing, so that everyone answered at the same places: for
    masks a valid instance that all accept, for compiles a schema that all declare. Empty: whatever `engine` did by
    itself, invalid instances to the token where they end included. What ran into a limit is in neither.
    """
    found: list[int] = []
    for engines in table.values():
        record = engines.get(engine)
        if record is None:
            continue
        if measure in PER_MASK:
            for index in range(len(record.instances)):
                if not among or all(_accepted(engines.get(name), index) for name in {*among, engine}):
                    found += PER_MASK[measure](record, index)
        else:
            value = PER_SCHEMA[measure](record)
            others = [engines.get(name) for name in ({*among, engine} if among else ())]
            handled = all(other is not None and declared(other) and other.first_ns is not None for other in others)
            if value is not None and handled:
                found.append(value)
    return found


def time_rows(table: Table, measure: str, engines: Sequence[str], common: bool) -> dict[str, dict[str, float]]:
    """The distribution of a measure by engine, over what all `engines` handle or over what each handles by itself."""
    among = engines if common else ()
    return {engine: distribution(times(table, measure, engine, among), SPREAD) for engine in engines}


def ratios(table: Table, measure: str, engine: str, base: str) -> dict[str, float]:
    """How many times longer `engine` takes than `base`, column by column, over what both handle. {} without times."""
    pair = [distribution(times(table, measure, name, (engine, base)), SPREAD) for name in (engine, base)]
    if not all(row["count"] for row in pair):
        return {}
    return {column: pair[0][column] / pair[1][column] for column in TIME_COLUMNS if pair[1][column]}
