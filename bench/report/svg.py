"""Plots as SVG text, drawn here: no library, no script, no font; colours come from the page's style sheet.

Every line has its own colour, dash and marker, so that neither colour nor shape alone carries the meaning. Markers have
a tooltip with the numbers; the table behind each plot has them all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from maskforge.bench.report.content import Axis, Plot, Series, number, percent

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 30, 14, 52
PALETTE = 8
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 2", "10 2 2 2 2 2")
NINES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
LETTER, LONGEST_NAME = 7.5, 20  # width of a letter; letters of a group's name
MOST_MARKERS = 12  # of a line; a curve of hundreds of points has none


class Scale:
    """From values to positions between `start` and `end`, and the values that get a tick."""

    def __init__(self, axis: Axis, values: Sequence[float], start: float, end: float) -> None:
        self.axis, self._start, self._end = axis, start, end
        self._low: float
        self._high: float
        if axis.scale == "log":
            positive = [value for value in [*values, *axis.ticks] if value > 0] or [1.0]
            low, high = math.log10(min(positive)), math.log10(max(positive))
            if axis.ticks:
                self._low, self._high = (low, high) if low < high else (low - 0.3, high + 0.3)
            else:
                self._low = math.floor(low + 1e-9)
                self._high = max(self._low + 1, math.ceil(high - 1e-9))
        elif axis.scale == "nines":
            self._low, self._high = 0.0, max(_nines(value) for value in [*values, 0.9])
        else:
            self._low = min(0.0, *values) if values else 0.0
            self._high = max([*values, 0.0]) or 1.0
            step = _step(self._high - self._low)
            self._high = step * math.ceil(self._high / step - 1e-9)
            self._low = step * math.floor(self._low / step + 1e-9)

    def __call__(self, value: float) -> float:
        if self.axis.scale == "log":
            position = math.log10(value) if value > 0 else self._low
        elif self.axis.scale == "nines":
            position = _nines(value)
        else:
            position = value
        share = (position - self._low) / (self._high - self._low)
        return self._start + min(1.0, max(0.0, share)) * (self._end - self._start)

    def ticks(self) -> list[tuple[float, str]]:
        if self.axis.ticks:
            return [(value, f"{value:,.10g}") for value in self.axis.ticks]
        if self.axis.scale == "log":
            return [(10.0**power, _power(power)) for power in range(int(self._low), int(self._high) + 1)]
        if self.axis.scale == "nines":
            return [(share, f"{100 * share:.10g}%") for share in NINES if _nines(share) <= self._high + 1e-9]
        step = _step(self._high - self._low)
        count = round((self._high - self._low) / step)
        return [(self._low + step * place, f"{self._low + step * place:.10g}") for place in range(count + 1)]


def _nines(share: float) -> float:
    """0 at 0, 1 at 90%, 2 at 99%; everything beyond the last tick is drawn at it."""
    return -math.log10(max(1.0 - share, 1.0 - NINES[-1]))


def _power(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


def _step(span: float) -> float:
    """A round distance that gives four to eight ticks."""
    size = 10.0 ** math.floor(math.log10(span / 4)) if span > 0 else 1.0
    return next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= 8)


def draw(plot: Plot, identifier: str) -> str:
    """The plot as one `<svg>` element; `identifier` is unique on the page."""
    body = _bars(plot) if plot.kind == "bars" else _lines(plot)
    described = f"{plot.y.label} against {plot.x.label}: {', '.join(series.name for series in plot.series)}."
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{identifier}-t {identifier}-d">'
        f'<title id="{identifier}-t">{escape(plot.title)}</title><desc id="{identifier}-d">{escape(described)} '
        f"The numbers are in the table below.</desc>{body}</svg>"
    )


def legend(plot: Plot) -> str:
    """A list of the series with the sign of each, as HTML."""
    signs = []
    for place, series in enumerate(plot.series):
        colour = f"c{place % PALETTE}"
        if plot.kind == "bars":
            sign = f'<rect class="f {colour}" x="6" y="2" width="16" height="10"/>'
        else:
            sign = f'<line class="l {colour}" x1="0" y1="7" x2="28" y2="7"{_dash(place)}/>{_marker(place, 14, 7)}'
        signs.append(
            f'<li><svg viewBox="0 0 28 14" width="28" height="14" aria-hidden="true">{sign}</svg>'
            f"{escape(series.name)}</li>"
        )
    return f'<ul class="legend">{"".join(signs)}</ul>'


def _frame(plot: Plot, x: Scale | None, y: Scale, bottom: float) -> list[str]:
    """The grid, the ticks and the names of both axes; no ticks on x where that has groups. `bottom`: of the grid."""
    right = WIDTH - RIGHT
    found = []
    for value, text in y.ticks():
        place = y(value)
        found.append(f'<line class="g" x1="{LEFT}" y1="{place:.1f}" x2="{right}" y2="{place:.1f}"/>')
        found.append(f'<text x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">{text}</text>')
    if x is not None:
        for value, text in x.ticks():
            place = x(value)
            found.append(f'<line class="g" x1="{place:.1f}" y1="{TOP}" x2="{place:.1f}" y2="{bottom}"/>')
            found.append(f'<text x="{place:.1f}" y="{bottom + 18}" text-anchor="middle">{text}</text>')
    found.append(f'<line class="a" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    middle = (LEFT + right) / 2
    found.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(plot.x.label)}</text>')
    centre = (TOP + bottom) / 2
    turned = f'transform="rotate(-90 16 {centre})"'
    found.append(f'<text x="16" y="{centre}" text-anchor="middle" {turned}>{escape(plot.y.label)}</text>')
    return found


def _lines(plot: Plot) -> str:
    points = [point for series in plot.series for point in series.points]
    x = Scale(plot.x, [point[0] for point in points], LEFT, WIDTH - RIGHT)
    y = Scale(plot.y, [point[1] for point in points], HEIGHT - BOTTOM, TOP)
    found = _frame(plot, x, y, HEIGHT - BOTTOM)
    for place, series in enumerate(plot.series):
        found.append(_line(place, series, x, y))
    return "".join(found)


def _line(place: int, series: Series, x: Scale, y: Scale) -> str:
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in series.points)
    found = [f'<polyline class="l c{place % PALETTE}" points="{path}"{_dash(place)}/>']
    if len(series.points) <= MOST_MARKERS:
        for a, b in series.points:
            said = f"{series.name}: {_said(a, x)}, {_said(b, y)}"
            found.append(f"<g>{_marker(place, x(a), y(b))}<title>{escape(said)}</title></g>")
    return "".join(found)


def _said(value: float, scale: Scale) -> str:
    return percent(value) if scale.axis.scale == "nines" else f"{number(value)} ({scale.axis.label})"


def _bars(plot: Plot) -> str:
    room = (WIDTH - RIGHT - LEFT) / max(1, len(plot.groups))
    crowded = any(len(name) * LETTER > room for name in plot.groups)  # then the names of the groups are turned
    ground = HEIGHT - BOTTOM - (40 if crowded else 0)
    y = Scale(plot.y, [value for series in plot.series for _, value in series.points], ground, TOP)
    found = _frame(plot, None, y, ground)
    width = 0.8 * room / max(1, len(plot.series))
    for place, name in enumerate(plot.groups):
        centre = LEFT + room * (place + 0.5)
        if crowded:
            how = f'text-anchor="end" transform="rotate(-28 {centre:.1f} {ground + 14})"'
        else:
            how = 'text-anchor="middle"'
        shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        found.append(
            f'<text x="{centre:.1f}" y="{ground + 14}" {how}>{escape(shown)}<title>{escape(name)}</title></text>'
        )
    for place, series in enumerate(plot.series):
        for group, value in series.points:
            left = LEFT + room * (group + 0.1) + width * place
            top, bottom = min(y(value), y(0)), max(y(value), y(0))
            said = f"{series.name}, {plot.groups[int(group)]}: {number(value)} ({plot.y.label})"
            found.append(
                f'<rect class="f c{place % PALETTE}" x="{left:.1f}" y="{top:.1f}" width="{max(1.0, width - 1):.1f}" '
                f'height="{max(1.0, bottom - top):.1f}"><title>{escape(said)}</title></rect>'
            )
    return "".join(found)


def _dash(place: int) -> str:
    dash = DASHES[place % len(DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _marker(place: int, x: float, y: float) -> str:
    colour = f'class="f c{place % PALETTE}"'
    shape = place % 4
    if shape == 0:
        return f'<circle {colour} cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    if shape == 1:
        return f'<rect {colour} x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4"/>'
    sign = 1 if shape == 2 else -1
    corners = f"{x - 4:.1f},{y + 3.4 * sign:.1f} {x + 4:.1f},{y + 3.4 * sign:.1f} {x:.1f},{y - 3.8 * sign:.1f}"
    return f'<polygon {colour} points="{corners}"/>'
