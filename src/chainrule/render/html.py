"""Documents as HTML: one self-contained page, formulas as MathML, nothing from a network, no script."""

from __future__ import annotations

from html import escape

from chainrule.render.document import Bullets, Document, Equation, Heading, Line, Math, Paragraph, Table

_STYLE = """
.chainrule { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; }
.chainrule h1 { font-size: 1.5rem; } .chainrule h2 { font-size: 1.15rem; margin-top: 1.8rem; }
.chainrule figure { margin: .8rem 0; overflow-x: auto; } .chainrule figcaption { opacity: .75; }
.chainrule math { font-size: 1.1em; } .chainrule math[display=block] { margin: .3rem 1.5rem; text-align: left; }
.chainrule table { border-collapse: collapse; margin: .8rem 0; }
.chainrule th, .chainrule td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8886; }
"""


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
    body = f'<div class="chainrule"><style>{_STYLE}</style>\n' + "\n".join(parts) + "\n</div>"
    if fragment:
        return body
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    start = f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>{escape(title)}</title></head>'
    return f"{start}\n<body>\n{body}\n</body></html>\n"


def _plain(line: Line) -> str:
    return "".join(part if isinstance(part, str) else part.text for part in line)


def _inline(line: Line) -> str:
    return "".join(escape(part) if isinstance(part, str) else mathml(part) for part in line)


def mathml(math: Math, block: bool = False) -> str:
    """A formula as MathML."""
    from latex2mathml.converter import convert

    return convert(math.latex, display="block" if block else "inline")


def _equation(block: Equation) -> str:
    rights = r" \\ ".join(f"&= {right.latex}" for right in block.rights)
    whole = rf"\begin{{aligned}} {block.left.latex} {rights} \end{{aligned}}"
    note = f" ({escape(block.note)})" if block.note else ""
    caption = f"<figcaption>{escape(block.title)}{note}</figcaption>" if block.title else ""
    return f"<figure>{caption}{mathml(Math('', whole), block=True)}</figure>"


def _table(block: Table) -> str:
    head = "".join(f"<th>{_inline(cell)}</th>" for cell in block.header)
    rows = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
