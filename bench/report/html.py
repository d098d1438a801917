"""A report as one HTML page that needs nothing else: no script, no font, no image, nothing fetched.

It follows the reader's light or dark setting, can be used with a keyboard and a screen reader, and prints.
"""

from __future__ import annotations

from html import escape

from maskforge.bench.report import svg
from maskforge.bench.report.content import Plot, Report, Section, Table

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c1e21;--soft:#5b6068;--rule:#d9dce1;--band:#f4f5f7;
--c0:#0b5fc2;--c1:#c24d00;--c2:#00785a;--c3:#a3278f;--c4:#7a5c00;--c5:#5b4bd6;--c6:#b3213a;--c7:#3f5a6b}
@media (prefers-color-scheme:dark){:root{--paper:#15171a;--ink:#e6e8eb;--soft:#a2a9b3;--rule:#363b42;--band:#1e2126;
--c0:#6cb0ff;--c1:#ff9a56;--c2:#46cfa4;--c3:#f08be0;--c4:#e3c04f;--c5:#aea4ff;--c6:#ff8093;--c7:#9fbccd}}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:62rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;margin:0 0 .8rem}h2{font-size:1.3rem;margin:2.6rem 0 .4rem;border-bottom:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.6rem 0 .3rem}p{max-width:46rem}a{color:var(--c0)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1rem}dt{color:var(--soft)}dd{margin:0;
overflow-wrap:anywhere}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.5rem 0 .25rem}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}th:first-child{text-align:left}
tbody th{font-weight:500}tbody tr:nth-child(even){background:var(--band)}
.note{color:var(--soft);font-size:.9rem}
figure{margin:1.2rem 0}figcaption{font-weight:600}figure>svg{width:100%;height:auto;max-width:52rem;display:block}
svg text{fill:var(--soft);font:12px system-ui,sans-serif}.g{stroke:var(--rule)}.a{stroke:var(--soft)}
.l{fill:none;stroke-width:2;stroke-linejoin:round}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.3rem 0;padding:0;font-size:.9rem}
.legend svg{vertical-align:-1px;margin-right:.4rem}
summary{cursor:pointer;color:var(--soft);font-size:.9rem}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0}
@media print{.scroll{overflow:visible}table{font-size:.7rem}details:not([open])>*{display:block}body{max-width:none}}
"""


def page(report: Report) -> str:
    colours = "".join(f".l.c{place}{{stroke:var(--c{place})}}.f.c{place}{{fill:var(--c{place})}}" for place in range(8))
    runs = "".join(
        "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts) + "</dl>"
        for facts in report.runs
    )
    links = "".join(
        f'<li><a href="#s{place}">{escape(section.title)}</a></li>' for place, section in enumerate(report.sections)
    )
    sections = "".join(_section(section, place) for place, section in enumerate(report.sections))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}{colours}</style></head>\n"
        f"<body><header><h1>{escape(report.title)}</h1>{runs}"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n<main>{sections}</main></body></html>\n'
    )


def _section(section: Section, place: int) -> str:
    found = [f'<section id="s{place}" aria-labelledby="s{place}-h"><h2 id="s{place}-h">{escape(section.title)}</h2>']
    found += [f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs]
    for number, part in enumerate(section.parts):
        found.append(_figure(part, f"s{place}-p{number}") if isinstance(part, Plot) else _table(part))
    return "".join(found) + "</section>\n"


def _figure(plot: Plot, identifier: str) -> str:
    return (
        f"<figure><figcaption>{escape(plot.title)}</figcaption>{svg.legend(plot)}{svg.draw(plot, identifier)}"
        f"<details><summary>The numbers</summary>{_table(plot.table)}</details></figure>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
    rows = []
    for first, *rest in table.rows:
        rows.append(
            f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest) + "</tr>"
        )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    # Wide tables scroll by themselves; a keyboard reaches them.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title, quote=True)}">'
        f"<table><caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}\n"
    )
