"""The writers of documents: words that somebody typed stay words, in every form."""

import re
from html.parser import HTMLParser

import pytest

from chainrule.render.blocks import (
    Bullets,
    Code,
    DisplayFormula,
    Heading,
    Math,
    Paragraph,
    Picture,
    Table,
    Verbatim,
    line,
    visible,
)
from chainrule.render.document import Document
from chainrule.render.from_tex import from_tex
from chainrule.render.plots import counts_chart
from chainrule.system.files import write_whole


def page(*blocks):
    return Document(blocks)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("a = 1", "a = 1"), ("\x1b[31m", "␛[31m"), ("a\nb\tc\u2028d", "a b c d"), ("\x7f\x00", "␡␀"), ("\u202e", "\ufffd"),
     ("\ud800", "\ufffd"), ("👩\u200d🔬", "👩\u200d🔬"), ("ŷ_1 · σ'", "ŷ_1 · σ'"), ("\x9b31m", "\ufffd31m")],
)  # fmt: skip
def test_nothing_that_a_terminal_obeys_is_left(typed, shown):
    assert visible(typed) == shown
    document = page(Heading(1, line(typed)), Paragraph(line("x ", typed)), Bullets((line(typed),)), Verbatim(typed),
                    Table((line(typed),), ((line(Code(typed)),),)), Picture("p.png", typed))  # fmt: skip
    for text in (document.to_text(), document.to_markdown(), document.to_html(), document.to_latex(True)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)


@pytest.mark.parametrize(
    ("typed", "span"),
    [
        ("a", "`a`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a``", "``` a`` ```"),
        ("", "`  `"),
        ("<b>|$x$", "`<b>|$x$`"),
    ],
)
def test_code_in_markdown_is_longer_fenced_than_what_is_in_it(typed, span):
    assert page(Paragraph(line(Code(typed)))).to_markdown() == f"{span}\n"


def test_a_bar_in_a_table_does_not_end_the_cell():
    table = Table((line("a"),), ((line(Code("x | y")),), (line("x | y"),)))
    assert page(table).to_markdown() == "| a |\n|---|\n| `x \\| y` |\n| x \\| y |\n"


def test_a_fence_is_longer_than_the_ticks_in_it():
    assert page(Verbatim("```` x")).to_markdown() == "`````text\n```` x\n`````\n"


def test_verbatim_and_code_in_each_form():
    document = page(Verbatim("a < b & c_1"), Paragraph(line("see ", Code("x_1 <b>"))))
    assert document.to_text() == "    a < b & c_1\n\nsee x_1 <b>"
    assert "<pre><code>a &lt; b &amp; c_1</code></pre>\n<p>see <code>x_1 &lt;b&gt;</code></p>" in document.to_html()
    assert r"\texttt{a < b \& c\_1}" in document.to_latex()
    assert page(Verbatim("")).to_text() == ""


def test_a_picture_in_each_form():
    document = page(Picture("s.png", 'what "it" shows'))
    assert document.to_text() == '[what "it" shows: s.png]'
    assert document.to_markdown() == '![what "it" shows](<s.png>)\n'
    assert '<img src="s.png" alt="what &quot;it&quot; shows">' in document.to_html()
    assert r"\usepackage{graphicx}" in document.to_latex(standalone=True)
    assert r"\includegraphics[width=\linewidth]{s.png}" in document.to_latex()


@pytest.mark.parametrize(("note", "caption"), [("", "the bias"), ("by < its pair", "the bias (by &lt; its pair)")])
def test_a_formula_has_its_note_behind_its_title(note, caption):
    formula = DisplayFormula(Math("b", "b"), (Math("1", "1"),), "the bias", note)
    assert f"<figcaption>{caption}</figcaption>" in page(formula).to_html()


def test_a_wide_table_wraps_its_widest_column():
    table = Table((line("n"), line("words")), ((line("1"), line("word " * 40)), (line("2"), line("y" * 200))))
    text = page(table).to_text()
    assert max(map(len, text.split("\n"))) <= 80
    assert text.count("word") == 40 + 1
    assert text.count("y") == 200
    assert r"p{.5\linewidth}" in page(table).to_latex()


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{\partial L}{\partial W_{212}}", "dL/dW_212"),
        (r"a\ b\,c\!d\\e", "a b cd; e"),
        (r"\nabla_{a_{2}} L = J_O^T \nabla_{\hat{y}} L", "dL/da_2 = J_O^T dL/dyhat"),
        (r"\nabla_{h_{1}} L \odot g'(a_{1})", "dL/dh_1 ⊙ g'(a_1)"),
        (r"h_{1} = \frac{1}{1 + e^{-a_{1}}}", "h_1 = 1/(1 + e^(-a_1))"),
        (r"L = \tfrac{1}{2} \sum_k (\hat{y}_k - y_k)^2", "L = ½ sum_k (yhat_k - y_k)^2"),
        (r"L = -\log_{10} \hat{y}", "L = -log_10 yhat"),
        (r"W_2 - \eta \nabla_{W_{2}} L", "W_2 - η dL/dW_2"),
        (r"\left[\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}\right]", "[1, 2; 3, 4]"),
        (r"\sum_m W_{2,m,j} \cdot x", "sum_m W_2,m,j*x"),
        (r"\text{left out}", "left out"),
        (r"}{ \frac{", "/"),
        ("", ""),
    ],
)
def test_formulas_are_told_in_a_terminal(latex, text):
    assert from_tex(latex) == text
    assert page(Paragraph(line(Math(from_tex(latex), "x")))).to_text() == text.strip()


class Balance(HTMLParser):
    """That every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_balanced_whatever_is_typed():
    typed = "</code></pre></table><script>"
    reader = Balance()
    reader.feed(
        page(Heading(1, line(typed)), Verbatim(typed), Table((line(Code(typed)),), ()), Picture(typed, typed)).to_html()
    )
    assert reader.open == []


def test_a_chart_of_counts_is_a_picture_whatever_the_words():
    picture = counts_chart(
        [("the derivative is left out " * 4, 12), ("$x^$ \\frac", 3), ("ŷ", 1)], "50 % of $ sheets", "sheets"
    )
    assert picture.startswith(b"\x89PNG")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "grades.csv"
    write_whole(target, "ŷ\n")
    write_whole(tmp_path / ("n" * 250), b"x", lasting=False)
    assert target.read_bytes() == "ŷ\n".encode()

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, "other")
    assert target.read_text(encoding="utf-8") == "ŷ\n"
    assert {f.name for f in tmp_path.iterdir()} == {"grades.csv", "n" * 250}
