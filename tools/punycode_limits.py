"""Prints how long a label may be so that its A-label surely has at most 63 octets: the limits in formats_idn.cc.

    python tools/punycode_limits.py

The worst label of an alphabet is searched for by dynamic programming over RFC 3492. The distances that the encoder
writes after the first add up to at most (size of the alphabet) x (length of the label), since every code point of the
alphabet is passed once; how many digits a distance takes hangs on the bias, and that on the distance before. Distances
are counted in coarse steps, rounded down, so the result errs towards longer labels.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

BASE, T_MIN, T_MAX, SKEW, DAMP, FIRST_BIAS = 36, 1, 26, 38, 700, 72
STEPS = 400  # how finely the sum of distances is counted
LONGEST = 59  # octets after "xn--"


def adapt(distance: int, points: int, first: bool) -> int:
    distance = distance // (DAMP if first else 2)
    distance += distance // points
    k = 0
    while distance > (BASE - T_MIN) * T_MAX // 2:
        distance //= BASE - T_MIN
        k += BASE
    return k + (BASE - T_MIN + 1) * distance // (distance + SKEW)


@functools.cache
def thresholds(bias: int) -> list[int]:
    """The least distances that take two digits, three, and so on."""
    least, weight, out = 0, 1, []
    for k in range(BASE, 10 * BASE, BASE):
        t = min(max(k - bias, T_MIN), T_MAX)
        least += t * weight
        weight *= BASE - t
        out.append(least)
    return out


def digits(distance: int, bias: int) -> int:
    return 1 + sum(distance >= least for least in thresholds(bias))


BIASES = 150


@dataclass
class Alphabet:
    first: int
    last: int
    size: int  # of a range between the two in which all characters lie

    def options(self, points: int, most: int) -> list[tuple[int, int, np.ndarray]]:
        """Every distance from which on the next bias or some number of digits changes, with both."""
        edges = {0} | {edge for bias in range(BIASES) for edge in thresholds(bias) if edge <= most}
        low, before = 0, adapt(0, points, False)
        while before < adapt(most, points, False):
            high = most
            while low + 1 < high:
                middle = (low + high) // 2
                low, high = (middle, high) if adapt(middle, points, False) == before else (low, middle)
            edges.add(high)
            low, before = high, adapt(high, points, False)
        kept, seen = [], None
        for edge in sorted(edges):
            costs = np.array([digits(edge, bias) for bias in range(BIASES)], dtype=np.int16)
            after = adapt(edge, points, False)
            if seen is None or seen[0] != after or (seen[1] != costs).any():
                kept.append((edge, after, costs))
            seen = (after, costs)
        return kept

    def longest_codes(self, longest_label: int) -> dict[tuple[int, int], int]:
        """(characters beyond ASCII, all characters) -> digits of the worst label."""
        step = max(1, self.size * longest_label // STEPS)
        sums = self.size * longest_label // step + 1
        # after[r]: the most digits of r distances, by bias and sum, where the last has `longest_label` points.
        worst: dict[tuple[int, int], np.ndarray] = {}
        for points in range(longest_label + 1, 1, -1):
            worst[points, 0] = np.zeros((BIASES, sums), dtype=np.int16)
            if points > longest_label:
                continue
            options = self.options(points, self.size * longest_label)
            for rest in range(1, longest_label - points + 2):
                following = worst[points + 1, rest - 1]
                best = np.zeros((BIASES, sums), dtype=np.int16)
                for distance, after, costs in options:
                    used = distance // step
                    if used < sums:
                        reached = costs[:, None] + following[after][None, : sums - used]
                        np.maximum(best[:, used:], reached, out=best[:, used:])
                worst[points, rest] = best
        return self.first_distances(longest_label, worst, step)

    def first_distances(
        self, longest_label: int, worst: dict[tuple[int, int], np.ndarray], step: int
    ) -> dict[tuple[int, int], int]:
        out = {}
        for length in range(1, longest_label + 1):
            for beyond in range(1, length + 1):
                ascii_count = length - beyond
                low, high = (self.first - 0x80) * (ascii_count + 1), (self.last - 0x7F) * (ascii_count + 1)
                steps = sorted({low, high, *range(low, high, 100)})
                ways = {(digits(d, FIRST_BIAS), adapt(d, ascii_count + 1, True)) for d in steps}
                budget = min(self.size * length // step, worst[2, 0].shape[1] - 1)
                out[beyond, length] = max(
                    cost + (int(worst[ascii_count + 2, beyond - 1][bias, budget]) if beyond > 1 else 0)
                    for cost, bias in ways
                )
        return out


def staircase(codes: dict[tuple[int, int], int], longest_label: int) -> list[tuple[int, int]]:
    """(k, n): labels of at most n characters, at most k of them beyond ASCII, always fit."""

    def fits(beyond: int, length: int) -> bool:
        ascii_count = length - beyond
        return codes[beyond, length] + (ascii_count + 1 if ascii_count else 0) <= LONGEST

    out = []
    for most in range(1, longest_label + 1):
        length = 0
        while length < longest_label and all(fits(k, length + 1) for k in range(1, min(most, length + 1) + 1)):
            length += 1
        out.append((most, length))
        if length <= most:
            break
    return out


def main() -> None:
    for name, alphabet, longest in (
        ("alphabets of at most 256", Alphabet(0x80, 0x17FF, 256), 56),
        ("any", Alphabet(0x80, 0xD7A3, 0xD7A4 - 0x80), 56),
    ):
        print(name, staircase(alphabet.longest_codes(longest), longest), flush=True)


if __name__ == "__main__":
    main()
