"""Documents as HTML: one self-contained page, formulas as MathML, nothing from a network, no script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from itertools import groupby

from chainrule.render import blocks
from chainrule.render.blocks import Block, Line, visible
from chainrule.render.look import Drawing, style_sheet
from chainrule.render.writers.text import TextWriter
from chainrule.render.writers.writer import StringWriter

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


class HtmlWriter(StringWriter):
    """One page: what scrolls is named after the heading above it, and counted where there are several."""

    def __init__(self) -> None:
        self._above = ""
        self._named = Counter[str]()

    def document(self, parts: Sequence[Block], fragment: bool = False) -> str:
        """A page, or only what stands in its body; drawings in a row stand side by side."""
        written: list[str] = []
        for drawn, group in groupby(parts, lambda block: isinstance(block, Drawing)):
            each = [self.block(block) for block in group]
            written += [f'<div class="drawings">{"".join(each)}</div>'] if drawn else each
        body = "\n".join(written)
        style = f"<style>{style_sheet()}{_LAYOUT}"
        if fragment:
            return f'<div class="chainrule">{style}</style>\n{body}\n</div>'
        titles = (block.line for block in parts if isinstance(block, blocks.Heading) and block.level == 1)
        title = _plain(next(titles, ())) or "chainrule"
        head = f"{_HEAD}<title>{escape(title)}</title>{style}{_PAGE}</style>"
        start = f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>'
        return f'{start}\n<body class="chainrule">\n<main>\n{body}\n</main>\n</body></html>\n'

    def _heading(self, block: blocks.Heading) -> str:
        self._above = _plain(block.line)
        return f"<h{block.level}>{self.line(block.line)}</h{block.level}>"

    def _paragraph(self, block: blocks.Paragraph) -> str:
        return f"<p>{self.line(block.line)}</p>"

    def _formula(self, block: blocks.DisplayFormula) -> str:
        lefts = [mathml(block.left), *[""] * (len(block.rights) - 1)]
        rights = [mathml(blocks.Math("", f"= {right.latex}")) for right in block.rights]
        rows = "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left, right in zip(lefts, rights, strict=True))
        note = f" ({escape(block.note)})" if block.note else ""
        caption = f"<figcaption>{escape(block.title)}{note}</figcaption>" if block.title else ""
        table = f'<table class="equation" role="presentation">{rows}</table>'
        return f"<figure>{caption}{_scroll(self._label(block.title or self._above), table)}</figure>"

    def _table(self, block: blocks.Table) -> str:
        """Columns of numbers stand to the right; the first cell of a row is its header where there are others."""
        numbers = [all(_is_number(row[i]) for row in block.rows) for i in range(len(block.header))]
        kinds = [' class="number"' if number and block.rows else "" for number in numbers]
        first = '<th scope="row"' if len(block.header) > 1 else "<td"

        def row(cells: Sequence[Line], tags: Sequence[str]) -> str:
            written = zip(tags, kinds, map(self.line, cells), strict=True)
            return f"<tr>{''.join(f'{tag}{kind}>{cell}</{tag[1:3]}>' for tag, kind, cell in written)}</tr>"  # th or td

        head = row(block.header, ['<th scope="col"'] * len(block.header))
        rows = "".join(row(cells, [first, *["<td"] * (len(cells) - 1)]) for cells in block.rows)
        label = self._label(self._above)
        table = f"<table><caption>{label}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"
        return _scroll(label, table)

    def _bullets(self, block: blocks.Bullets) -> str:
        return f"<ul>{''.join(f'<li>{self.line(item)}</li>' for item in block.items)}</ul>"

    def _verbatim(self, block: blocks.Verbatim) -> str:
        return f"<pre>{self._code(blocks.Code(block.text))}</pre>"

    def _picture(self, block: blocks.Picture) -> str:
        image = f'<img src="{escape(block.file)}" alt="{escape(visible(block.words))}">'
        return _scroll(self._label(self._above), image) if isinstance(block, Drawing) and block.wide else image

    def _words(self, words: str) -> str:
        return escape(visible(words))

    def _math(self, math: blocks.Math) -> str:
        return mathml(math)

    def _code(self, code: blocks.Code) -> str:
        return f"<code>{self._words(code.text)}</code>"

    def _label(self, words: str) -> str:
        self._named[words] += 1
        return escape(words if self._named[words] == 1 else f"{words} ({self._named[words]})")


def mathml(math: blocks.Math) -> str:
    """A formula as MathML; a matrix draws its own brackets, which need no font for mathematics."""
    from latex2mathml.converter import convert

    written: str = convert(math.latex)
    return written.replace(f"{_OPEN}<mtable>", '<mtable class="matrix">').replace(f"</mtable>{_CLOSE}", "</mtable>")


def _plain(line: Line) -> str:
    return TextWriter().line(line)


def _scroll(label: str, inside: str) -> str:
    """A box that scrolls by itself, by keys too, under a name (HTML)."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{inside}</div>'


def _is_number(cell: Line) -> bool:
    return all(isinstance(part, str) and re.fullmatch(r"[-+\d.,%e]*|inf|nan", part) for part in cell)
