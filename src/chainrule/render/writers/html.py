"""Documents as HTML: one self-contained page, formulas as MathML, nothing from a network, no script."""

from __future__ import annotations

import re
from collections import Counter
from html import escape

from chainrule.render.document import (
    Bullets,
    Code,
    Document,
    Equation,
    Heading,
    Line,
    Math,
    Paragraph,
    Picture,
    Table,
    Verbatim,
    visible,
)
from chainrule.render.look import Drawing, style_sheet

#: on top of look.css; what scrolls does so in a box of its own, never the page
_LAYOUT = """
.chainrule h1 { font-size: 1.6em; line-height: 1.25; } .chainrule h2 { font-size: 1.25em; margin: 2em 0 .4em; }
.chainrule h3 { font-size: 1em; margin: 1.4em 0 0; }
.chainrule :is(h1, h2, h3, p, li, figcaption) { overflow-wrap: anywhere; }
.chainrule :is(p, li) { max-width: 46em; }
.chainrule figure { margin: .8em 0; } .chainrule figcaption { color: var(--quiet); }
.chainrule .scroll { overflow-x: auto; margin: .8em 0; max-width: max-content;
  --edge: var(--rule), transparent; --cover: var(--paper) 40%, transparent; /* a shade where there is more to see */
  background: linear-gradient(to right, var(--cover)) left / 2em 100% no-repeat local,
  linear-gradient(to left, var(--cover)) right / 2em 100% no-repeat local,
  linear-gradient(to right, var(--edge)) left / .8em 100% no-repeat,
  linear-gradient(to left, var(--edge)) right / .8em 100% no-repeat; }
.chainrule math { font-size: 1.15em; }
.chainrule mtable.matrix { --stroke: linear-gradient(currentColor, currentColor) no-repeat;
  padding: .1em .25em; margin: 0 .15em;
  border-left: 1.5px solid; border-right: 1.5px solid;
  background: var(--stroke) 0 0 / .3em 1.5px, var(--stroke) 0 100% / .3em 1.5px,
  var(--stroke) 100% 0 / .3em 1.5px, var(--stroke) 100% 100% / .3em 1.5px; }
.chainrule table { border-collapse: collapse; font-size: .95em; font-variant-numeric: tabular-nums; }
.chainrule table:has(.number) { width: max-content; }
.chainrule :is(th, td) { text-align: left; vertical-align: top; padding: .25em .7em; max-width: min(36em, 66vw); }
.chainrule :is(th, td) { border-bottom: 1px solid var(--rule); }
.chainrule thead th { vertical-align: bottom; line-height: 1.25; background: var(--panel); max-width: 11em; }
.chainrule tbody th { font-weight: inherit; } .chainrule .number { text-align: right; }
.chainrule td.number { white-space: nowrap; }
.chainrule caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.chainrule table.equation { margin: .2em 1.5em; } .chainrule table.equation td { border: 0; padding: .15em .3em; }
.chainrule table.equation td:first-child { text-align: right; }
.chainrule code { font: .9em/1.4 var(--mono); overflow-wrap: anywhere; }
.chainrule pre { margin: .6em 0; padding: .5em .8em; border-left: 3px solid var(--rule); white-space: pre-wrap; }
.chainrule img { max-width: 100%; background: #fff; }
.chainrule .drawings { display: grid; gap: 1em; margin: .8em 0; }
.chainrule .drawings { grid-template-columns: repeat(auto-fill, minmax(min(100%, 22em), 1fr)); }
.chainrule .drawings > * { min-width: 0; }
.chainrule .drawings img { display: block; width: 100%; background: none; }
.chainrule .drawings .scroll { grid-column: 1 / -1; margin: 0; max-width: 50em; }
.chainrule .drawings .scroll img { min-width: 44rem; max-width: none; }
"""
_PAGE = """
:root { color-scheme: light dark; }
body { margin: 0; } main { max-width: 60em; margin: 0 auto; padding: .5em 1em 3em; }
main { font-size: clamp(1rem, .8rem + .45vw, 1.5rem); }
@media print { :root, .chainrule { color-scheme: light; } }
"""
_HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'

_OPEN = '<mo stretchy="true" fence="true" form="prefix">[</mo>'
_CLOSE = '<mo stretchy="true" fence="true" form="postfix">]</mo>'


def to_html(document: Document, fragment: bool = False) -> str:
    """A page, or only what stands in its body."""
    title = next(
        (_plain(block.line) for block in document.blocks if isinstance(block, Heading) and block.level == 1), ""
    )
    body = "\n".join(_parts(document))
    style = f"<style>{style_sheet()}{_LAYOUT}"
    if fragment:
        return f'<div class="chainrule">{style}</style>\n{body}\n</div>'
    head = f"{_HEAD}<title>{escape(title or 'chainrule')}</title>{style}{_PAGE}</style>"
    start = f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>'
    return f'{start}\n<body class="chainrule">\n<main>\n{body}\n</main>\n</body></html>\n'


def _parts(document: Document) -> list[str]:
    """Each block as HTML; drawings in a row stand side by side, tables are named after the heading above them."""
    parts: list[str] = []
    drawings: list[str] = []
    heading, named = "", Counter[str]()

    def label(words: str) -> str:
        named[words] += 1
        return escape(words if named[words] == 1 else f"{words} ({named[words]})")

    for block in (*document.blocks, None):
        if isinstance(block, Drawing):
            drawings.append(_scroll(label(heading), _image(block)) if block.wide else _image(block))
            continue
        if drawings:
            parts.append(f'<div class="drawings">{"".join(drawings)}</div>')
            drawings = []
        match block:
            case Heading(level=level, line=line):
                heading = _plain(line)
                parts.append(f"<h{level}>{_inline(line)}</h{level}>")
            case Paragraph(line=line):
                parts.append(f"<p>{_inline(line)}</p>")
            case Equation():
                parts.append(_equation(block, label(block.title or heading)))
            case Table():
                parts.append(_table(block, label(heading)))
            case Bullets(items=items):
                parts.append(f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>")
            case Verbatim(text=text):
                parts.append(f"<pre><code>{escape(visible(text))}</code></pre>")
            case Picture():
                parts.append(_image(block))
    return parts


def _plain(line: Line) -> str:
    return visible("".join(part if isinstance(part, str) else part.text for part in line))


def _inline(line: Line) -> str:
    return "".join(map(_part, line))


def _part(part: str | Math | Code) -> str:
    if isinstance(part, str):
        return escape(visible(part))
    return mathml(part) if isinstance(part, Math) else f"<code>{escape(visible(part.text))}</code>"


def mathml(math: Math) -> str:
    """A formula as MathML; a matrix draws its own brackets, which need no font for mathematics."""
    from latex2mathml.converter import convert

    written: str = convert(math.latex)
    return written.replace(f"{_OPEN}<mtable>", '<mtable class="matrix">').replace(f"</mtable>{_CLOSE}", "</mtable>")


def _image(block: Picture) -> str:
    return f'<img src="{escape(block.file)}" alt="{escape(visible(block.words))}">'


def _scroll(label: str, inside: str) -> str:
    """A box that scrolls by itself, by keys too, under a name (HTML)."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{inside}</div>'


def _equation(block: Equation, label: str) -> str:
    lefts = [mathml(block.left), *[""] * (len(block.rights) - 1)]
    rights = [mathml(Math("", f"= {right.latex}")) for right in block.rights]
    rows = "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left, right in zip(lefts, rights, strict=True))
    note = f" ({escape(block.note)})" if block.note else ""
    caption = f"<figcaption>{escape(block.title)}{note}</figcaption>" if block.title else ""
    table = _scroll(label, f'<table class="equation" role="presentation">{rows}</table>')
    return f"<figure>{caption}{table}</figure>"


def _table(block: Table, label: str) -> str:
    """Columns of numbers stand to the right; the first cell of a row is its header where there are others."""
    numbers = [all(_number(row[i]) for row in block.rows) for i in range(len(block.header))]
    kinds = [' class="number"' if number and block.rows else "" for number in numbers]
    first = '<th scope="row"{}>{}</th>' if len(block.header) > 1 else "<td{}>{}</td>"
    head = "".join(
        f'<th scope="col"{kind}>{_inline(cell)}</th>' for kind, cell in zip(kinds, block.header, strict=True)
    )
    rows = "".join(
        "<tr>"
        + first.format(kinds[0], _inline(row[0]))
        + "".join(f"<td{kind}>{_inline(cell)}</td>" for kind, cell in zip(kinds[1:], row[1:], strict=True))
        + "</tr>"
        for row in block.rows
    )
    table = f"<table><caption>{label}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return _scroll(label, table)


def _number(cell: Line) -> bool:
    return all(isinstance(part, str) and re.fullmatch(r"[-+\d.,%e]*|inf|nan", part) for part in cell)
