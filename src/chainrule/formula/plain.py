"""LaTeX and Unicode of a line made plain: one character set for what is written in many, each place remembered."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from unicodedata import normalize

from chainrule.formula.bars import bars
from chainrule.system.patterns import regex


def _words(text: str) -> list[str]:
    return text.split()


_LETTERS = _words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta kappa lambda mu nu xi pi rho sigma tau "
    "upsilon chi psi omega Gamma Delta Theta Lambda Xi Pi Psi Omega"
)
#: LaTeX's name of a Greek letter -> the letter
GREEK: dict[str, str] = dict(zip(_LETTERS, "αβγδεεζηθθκλμνξπρστυχψωΓΔΘΛΞΠΨΩ", strict=True))

JOIN = "\u2060"  # stands for what LaTeX needs around a name: white space to the reader, part of what was written
POWER = "\u2061"  # behind the ^ of what was written **: a power, and no layer
WIDE = "\u2003"  # a space that separates the entries of a vector
BREAK = "⏎"  # the end of a row of a matrix, or of a line of LaTeX
THEN = "⇒"  # what stands between two claims
OPEN, CLOSE = "⟦", "⟧"  # the ends of a matrix

_SILENCE, _LABEL, _LABELLED = "silence", "label", "labelled"  # braces of a kind of their own
_CLOSED = {_SILENCE: " ", _LABEL: JOIN, _LABELLED: JOIN}

_COMMANDS: dict[str, str] = {
    **{name: f" {letter}" for name, letter in GREEK.items()},
    **{name: f" {name}" for name in _words("log ln exp sqrt tanh sin cos tan max min Phi")},
    **dict.fromkeys(_words("cdot times ast"), "*"),
    **dict.fromkeys(_words("odot circ bullet"), "⊙"),
    "otimes": "⊗",
    **dict.fromkeys(_words("approx simeq cong equiv coloneqq doteq"), "="),
    **dict.fromkeys(_words("therefore Rightarrow implies rightarrow to Longrightarrow longrightarrow"), THEN),
    **dict.fromkeys(_words("quad qquad enspace enskip"), WIDE),
    **dict.fromkeys(_words("left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr"), JOIN),
    **dict.fromkeys(_words("displaystyle textstyle limits nolimits nonumber notag hfill rm bf it"), JOIN),
    **dict.fromkeys(_words("checkmark hline toprule midrule bottomrule"), JOIN),
    **dict.fromkeys(_words("because iff Leftrightarrow downarrow Downarrow"), JOIN),
    **dict.fromkeys(_words("frac dfrac tfrac cfrac nicefrac"), r"\frac"),
    **dict.fromkeys(_words("dots ldots cdots"), "…"),
    **dict.fromkeys(_words("top intercal"), "⊤"),
    "ell": "l", "partial": "∂", "div": "/", "sum": " ∑", "nabla": " ∇", "prime": "'", "varphi": " phi", "phi": " φ",
    "gt": ">", "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "le": "≤", "leq": "≤", "leqslant": "≤",
    "lbrack": "[", "rbrack": "]", "lbrace": "(", "rbrace": ")", "lvert": "abs(", "rvert": ")",
}  # fmt: skip
#: commands around their argument that mean nothing here; the boxes are no part of a name
_WRAPPERS = frozenset(
    _words(
        "mathbf mathbb mathds mathbbm boldsymbol bm text textbf textit textrm mathrm mathit mathsf mathcal "
        "operatorname vec mathop mbox"
    )
)
_BOXES = frozenset(_words("boxed fbox underline overline framebox"))
#: command -> what the closing brace of its argument stands for, what the opening one does
_AROUND: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("hat", "widehat"), (f"hat{JOIN}", JOIN)),
    **dict.fromkeys(
        _words("label tag textcircled hspace vspace color textcolor phantom vphantom hphantom"), (_SILENCE, "")
    ),
    **dict.fromkeys(("underbrace", "overbrace"), (_LABELLED, JOIN)),  # what stands under the brace says what it is
    **dict.fromkeys(_WRAPPERS, (JOIN, JOIN)),
    **dict.fromkeys(_BOXES, (" ", " ")),
}
_MATRICES = frozenset(_words("matrix bmatrix pmatrix vmatrix Bmatrix smallmatrix array"))
_CHARACTERS: dict[str, str] = {
    **dict.fromkeys("−–", "-"),
    **dict.fromkeys("·×∙⋅•∗@", "*"),
    **dict.fromkeys("∘⊙", "⊙"),
    **dict.fromkeys("≈≃≅≡≔", "="),
    **dict.fromkeys("→⟹⟶∴", THEN),
    **dict.fromkeys("′’ʹ", "'"),
    **dict.fromkeys("Σ∑", " ∑"),
    **dict.fromkeys("▽∇", " ∇"),
    **dict.fromkeys("✓✔☑✅", JOIN),
    **dict(zip("（）［］｛｝＝＋－＊／", "()[]()=+-*/", strict=True)),
    **dict.fromkeys("，、", ", "), "：": ": ", "；": ";", "。": ";",
    "″": "''", "÷": "/", "√": " sqrt", "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)",
    "ŷ": "yhat", "Ŷ": "yhat", "ℓ": "l", "ᵀ": "^⊤", "~": " ", "ϵ": "ε", "µ": "μ", "‖": "|",
}  # fmt: skip
_LOW = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙₐₑₕₒₚₛₜₓ₊", "0123456789ijklmnaehopstx+", strict=True))
_HIGH = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺⁽⁾", "0123456789-+()", strict=True))
_TAGS = {"<sub>": "_{", "<sup>": "^{", "</sub>": "}", "</sup>": "}", "<br>": BREAK, "<br/>": BREAK}
#: what stands behind a backslash
_ESCAPED = {**dict.fromkeys(",;:!>", JOIN), **dict.fromkeys("()[]", " "), " ": WIDE, "{": "(", "}": ")", "|": "|"}

_ARROW = r"(?:[←⟵]|\\(?:long)?leftarrow(?![A-Za-z])|\\gets(?![A-Za-z])|<--?(?=[\sA-Za-z\\$]))"  # an update in place
_ASSIGNS = regex(_ARROW)
_FLOW = regex(rf"{_ARROW}[^←⟵,;\n]{{0,200}}?{_ARROW}")  # a chart of what flows where
_SPECIAL = regex(
    r"(?P<row>\\\\(?:\[[^\]]{0,12}\])?)"
    r"|(?P<hat>\\(?:wide)?hat\s*(?:(?P<hatted>[A-Za-z])(?![A-Za-z])|\{\s*y\s*(?=_)))"
    r"|(?P<bars>\\(?P<side>left|right)\s*(?P<bar>\||\\[lr]?vert|\.))"
    r"|(?P<begin>\\begin\s*\{(?P<begun>[A-Za-z]{1,20})\*?\}(?:\s*\{[clr| ]{0,60}\})?)"
    r"|(?P<end>\\end\s*\{(?P<ended>[A-Za-z]{1,20})\*?\})"
    r"|(?P<prime>\^\s*(?:\{\s*(?:\\prime\s*|[′'])\}|\\prime))"
    rf"|(?P<arrow>{_ARROW})"
    r"|(?P<wrap>\\(?P<wrapper>[A-Za-z]{1,20})\*?\s*\{)"
    r"|(?P<command>\\(?P<commanded>[A-Za-z]{1,30}))"
    r"|(?P<escaped>\\(?P<escape>[^A-Za-z]))"
    r"|(?P<decimal>(?<=[0-9])\{,\}(?=[0-9]))"
    r"|(?P<brace>[{}])"
    r"|(?P<equal>:=|~=|=(?:\s*=(?!>))+|(?<=\s)~(?=\s{0,3}[-+]?[0-9.]))"
    r"|(?P<residue>,;|(?<==);|;(?=\s?=(?!=)))"  # of \, and \; whose backslash was lost in pasting
    r"|(?P<then>=>|==>|->|-->)"
    r"|(?P<fence>[$`]+)"
    r"|(?P<stars>\*\*)"
    r"|(?P<yhat>(?<![A-Za-z0-9_])y_hat(?![A-Za-z])|y\u0302)"
    rf"|(?P<low>[{''.join(_LOW)}]+)"
    rf"|(?P<high>[{''.join(_HIGH)}]+)"
    r"|(?P<tag></?su[bp]>|<br\s?/?>|&nbsp;)"
    r"|(?P<italic>[\U0001D400-\U0001D7FF\uFF0E\uFF10-\uFF19])"
    rf"|(?P<character>[{''.join(_CHARACTERS)}])"
)
_LABEL_FOLLOWS = regex(r"\s*[_^]\s*\{(?!\s*(?:\\prime|[′']))")


def has_sign(written: str) -> bool:
    """Whether a sign of equality, or an arrow that stands for one, is in a line."""
    signs = ("=", "＝", "≈", "approx")
    return any(sign in written for sign in signs) or _ASSIGNS.search(written) is not None


def with_equals(written: str) -> str:
    """A line with = for its arrows."""
    return _ASSIGNS.sub("=", written)


@dataclass(frozen=True)
class Plain:
    """A text made plain, and where each piece of it was written.

    Attributes:
        text: plain.
        written: as it was.
    """

    text: str
    written: str
    _starts: tuple[int, ...]  # of the pieces, in ``text``
    _origins: tuple[tuple[int, int], ...]  # (start, end) of the pieces, in ``written``
    _commands: frozenset[int] = frozenset()  # pieces that stand for a command as long as they are: \hat y

    def origin(self, at: int) -> int:
        """Where the character at a place of ``text`` was written."""
        return self._place(at)[0] if at < len(self.text) else len(self.written)

    def slice(self, start: int, end: int) -> str:
        """What was written for ``text[start:end]``, which is not empty."""
        return self.written[self._place(start)[0] : self._place(end - 1)[1]]

    def _place(self, at: int) -> tuple[int, int]:
        piece = bisect_right(self._starts, at) - 1
        start, end = self._origins[piece]
        following = self._starts[piece + 1] if piece + 1 < len(self._starts) else len(self.text)
        if following - self._starts[piece] != end - start or piece in self._commands:
            return start, end
        start += at - self._starts[piece]
        return start, start + 1


def plain(written: str) -> Plain:
    """Make a text plain, in time proportional to its length."""
    return _Writer(written).plain()


class _Writer:
    """Reads a text from left to right and remembers which braces belong to commands that are dropped."""

    def __init__(self, written: str) -> None:
        self.written = written
        self.pieces: list[str] = []
        self.starts: list[int] = []
        self.origins: list[tuple[int, int]] = []
        self.length = 0
        self.braces: list[str] = []  # what the closing brace of each open one stands for
        self.silent = 0  # braces open around what means nothing
        self.is_flow = _FLOW.search(written) is not None
        self.label_next = False  # the next brace opens what stands under another

    def put(self, text: str, start: int, end: int) -> None:
        if text and not self.silent:
            self.pieces.append(text)
            self.starts.append(self.length)
            self.origins.append((start, end))
            self.length += len(text)

    def plain(self) -> Plain:
        at = 0
        for start, end, becomes in (*bars(self.written), (len(self.written), len(self.written), "")):
            for match in _SPECIAL.finditer(self.written, at, start):
                self.put(self.written[at : match.start()], at, match.start())
                self.put(self.replaced(match), *match.span())
                at = match.end()
            self.put(self.written[at:start], at, start)
            self.put(becomes, start, end)
            at = end
        return Plain("".join(self.pieces), self.written, tuple(self.starts), tuple(self.origins), self.commands())

    def commands(self) -> frozenset[int]:
        """The pieces that are as long as what was written, and are not it."""
        pairs = enumerate(zip(self.pieces, self.origins, strict=True))
        return frozenset(i for i, (piece, (a, b)) in pairs if b - a == len(piece) > 1 and piece != self.written[a:b])

    def replaced(self, match: re.Match[str]) -> str:
        """What a special piece becomes."""
        piece = match[0]
        match match.lastgroup:
            case "character":
                return _CHARACTERS[piece]
            case "low":
                return "_" + "".join(_LOW[c] for c in piece)
            case "decimal":
                return "."
            case "italic":
                return normalize("NFKC", piece)  # 𝑧, as it is copied from a page
            case "tag":
                return _TAGS.get(piece.replace(" ", ""), " ")
            case "high":
                return f"^{{{''.join(_HIGH[c] for c in piece)}}}"
            case "residue":
                return "," if piece == ",;" else " "
            case "equal":
                return "="
            case "arrow":
                return piece if self.is_flow else "="
            case "then":
                return THEN
            case "stars":
                return self.stars(match)
            case "yhat":
                return "yhat"
            case "brace":
                return self.brace(match)
            case "fence":
                return " "
            case "prime":
                return "'"
            case "row":
                return BREAK
            case _:
                return self.command(match)

    def stars(self, match: re.Match[str]) -> str:
        """Python's power, which is never a layer above the line, or Markdown's bold."""
        before, after = self.written[match.start() - 1 : match.start()], self.written[match.end() : match.end() + 1]
        is_power = (before == after == " ") or (
            (before.isalnum() or before in tuple(")]}'")) and (after.isalnum() or after in tuple("({-"))
        )
        return f"^{POWER}" if before and after and is_power else " "

    def brace(self, match: re.Match[str]) -> str:
        if match[0] == "{":
            self.braces.append(_LABEL if self.label_next else "}")
            self.label_next = False
            return "{"
        closing = self.braces.pop() if self.braces else "}"
        self.silent -= closing in (_SILENCE, _LABEL)
        if closing.startswith("hat"):
            self.drop_joins()
        if closing == _LABELLED and _LABEL_FOLLOWS.match(self.written, match.end()):
            self.put(JOIN, *match.span())
            self.label_next = True
            self.silent += 1
        return _CLOSED.get(closing, closing)

    def drop_joins(self) -> None:
        """What is written next follows the last letter directly."""
        while self.pieces and self.pieces[-1] == JOIN:
            self.pieces.pop()
            self.starts.pop()
            self.origins.pop()
            self.length -= 1

    def command(self, match: re.Match[str]) -> str:
        """A command of LaTeX; one that is not known stays, and the reader will name it."""
        if match["hat"]:
            if match["hatted"]:
                return f" {match['hatted']}hat{JOIN}"
            self.braces.append(JOIN)
            return " yhat"
        if match["bars"]:
            return "" if match["bar"] == "." else {"left": "abs(", "right": ")"}[match["side"]]
        if match["begin"] or match["end"]:
            is_matrix = (match["begun"] or match["ended"]) in _MATRICES
            return (OPEN if match["begin"] else CLOSE) if is_matrix else " "
        if match["wrap"]:
            return self.wrapper(match["wrapper"], match[0])
        if match["command"]:
            name = match["commanded"]
            return JOIN if name in _WRAPPERS | _BOXES else _COMMANDS.get(name, match[0])
        return _ESCAPED.get(match["escape"], match[0])

    def wrapper(self, name: str, written: str) -> str:
        closing, opened = _AROUND.get(name) or ("}", _COMMANDS.get(name, written[: written.index("{")].rstrip()) + "{")
        self.braces.append(closing)
        self.silent += closing == _SILENCE
        return opened
