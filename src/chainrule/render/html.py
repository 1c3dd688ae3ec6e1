"""Documents as HTML: one self-contained page, formulas as MathML, nothing from a network, no script."""

from __future__ import annotations

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

_STYLE = """
.chainrule { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; }
.chainrule h1 { font-size: 1.5rem; } .chainrule h2 { font-size: 1.15rem; margin-top: 1.8rem; }
.chainrule h3 { font-size: 1rem; margin: 1.4rem 0 0; }
.chainrule figure { margin: .8rem 0; overflow-x: auto; } .chainrule figcaption { opacity: .75; }
.chainrule math { font-size: 1.15em; }
.chainrule mtable.matrix { --ink: linear-gradient(currentColor, currentColor) no-repeat;
  padding: .1em .25em; margin: 0 .15em;
  border-left: 1.5px solid; border-right: 1.5px solid;
  background: var(--ink) 0 0 / .3em 1.5px, var(--ink) 0 100% / .3em 1.5px,
  var(--ink) 100% 0 / .3em 1.5px, var(--ink) 100% 100% / .3em 1.5px; }
.chainrule table.equation { margin: .2rem 1.5rem; }
.chainrule table.equation td { border: 0; padding: .15rem .3rem; }
.chainrule table.equation td:first-child { text-align: right; }
.chainrule table { border-collapse: collapse; margin: .8rem 0; }
.chainrule th, .chainrule td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8886; }
.chainrule code { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.chainrule pre { margin: .6rem 0; padding: .5rem .8rem; border-left: 3px solid #8886; white-space: pre-wrap; }
.chainrule img { max-width: 100%; background: #fff; }
"""


_OPEN = '<mo stretchy="true" fence="true" form="prefix">[</mo>'
_CLOSE = '<mo stretchy="true" fence="true" form="postfix">]</mo>'


def to_html(document: Document, fragment: bool = False) -> str:
    """A page, or only what stands in its body."""
    parts = []
    title = "chainrule"
    for block in document.blocks:
        match block:
            case Heading(level=level, line=line):
                title = _plain(line) if level == 1 else title
                parts.append(f"<h{level}>{_inline(line)}</h{level}>")
            case Paragraph(line=line):
                parts.append(f"<p>{_inline(line)}</p>")
            case Equation():
                parts.append(_equation(block))
            case Table():
                parts.append(_table(block))
            case Bullets(items=items):
                parts.append(f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>")
            case Verbatim(text=text):
                parts.append(f"<pre><code>{escape(visible(text))}</code></pre>")
            case Picture(file=file, words=words):
                parts.append(f'<img src="{escape(file)}" alt="{escape(visible(words))}">')
    body = f'<div class="chainrule"><style>{_STYLE}</style>\n' + "\n".join(parts) + "\n</div>"
    if fragment:
        return body
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    start = f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>{escape(title)}</title></head>'
    return f"{start}\n<body>\n{body}\n</body></html>\n"


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


def _equation(block: Equation) -> str:
    lefts = [mathml(block.left), *[""] * (len(block.rights) - 1)]
    rights = [mathml(Math("", f"= {right.latex}")) for right in block.rights]
    rows = "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left, right in zip(lefts, rights, strict=True))
    note = f" ({escape(block.note)})" if block.note else ""
    caption = f"<figcaption>{escape(block.title)}{note}</figcaption>" if block.title else ""
    return f'<figure>{caption}<table class="equation">{rows}</table></figure>'


def _table(block: Table) -> str:
    head = "".join(f"<th>{_inline(cell)}</th>" for cell in block.header)
    rows = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
