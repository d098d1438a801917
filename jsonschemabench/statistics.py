"""Distributions of times, as every table prints them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
SPREAD = {"p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
COLUMNS = ("p50", "avg", "p90", "p99", "p99.9", "max")


def quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that at least `share` of them do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def distribution(values: Iterable[int], quantiles: Mapping[str, float] = QUANTILES) -> dict[str, float]:
    """`count`, `avg`, `max` and the quantiles by name; only the count when there are no values."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0}
    found: dict[str, float] = {"count": len(ordered), "avg": sum(ordered) / len(ordered), "max": ordered[-1]}
    found |= {name: quantile(ordered, share) for name, share in quantiles.items()}
    return found
