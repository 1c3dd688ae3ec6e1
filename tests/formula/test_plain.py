"""LaTeX and Unicode made plain: every command and character, nested braces, and where each piece was written."""

import pytest

from chainrule.formula.plain import BREAK, CLOSE, JOIN, OPEN, POWER, THEN, WIDE, has_sign, plain, with_equals


def seen(written):
    """What is left, as a reader sees it: joins are nothing, and spaces are one."""
    return " ".join(plain(written).text.replace(JOIN, "").split())


@pytest.mark.parametrize(
    ("commands", "becomes"),
    [
        (r"\cdot \times \ast", "*"),
        (r"\odot \circ", "⊙"), (r"\otimes", "⊗"),
        (r"\approx \simeq \cong \equiv \coloneqq \doteq", "="),
        (r"\therefore \Rightarrow \implies \rightarrow \to \Longrightarrow \longrightarrow", THEN),
        (r"\left \right \big \Bigg \bigl \Bigr \displaystyle \limits \notag \hfill \bf \iff \because \Downarrow", ""),
        (r"\mathbf \text \boxed", ""),
        (r"\dots \ldots \cdots", "…"),
        (r"\top \intercal", "⊤"),
        (r"\log", "log"), (r"\tanh", "tanh"), (r"\max", "max"), (r"\Phi", "Phi"),
        (r"\alpha", "α"), (r"\varepsilon \epsilon", "ε"), (r"\vartheta \theta", "θ"),
        (r"\Omega", "Ω"), (r"\Delta", "Δ"),
        (r"\phi", "φ"), (r"\varphi", "phi"),
        (r"\partial", "∂"), (r"\div", "/"), (r"\sum", "∑"), (r"\nabla", "∇"), (r"\prime", "'"),
        (r"\lbrack", "["), (r"\rbrack", "]"), (r"\lbrace", "("), (r"\rbrace", ")"),
        (r"\lvert", "abs("), (r"\rvert", ")"),
        (r"\gt", ">"), (r"\ge \geq \geqslant", "≥"), (r"\lt", "<"), (r"\le \leq \leqslant", "≤"),
        (r"\, \; \: \! \>", ""), (r"\( \) \[ \]", ""), (r"\{", "("), (r"\}", ")"), (r"\|", "|"),
        (r"\unknown", r"\unknown"), (r"\?", r"\?"),
    ],
)  # fmt: skip
def test_commands(commands, becomes):
    for command in commands.split():
        assert seen(command) == becomes, command


@pytest.mark.parametrize(
    ("characters", "becomes"),
    [
        ("−–", "-"), ("·×∙⋅•∗@", "*"), ("∘⊙", "⊙"), ("⊗", "⊗"), ("≈≃≅≡≔", "="),
        ("→⟹⟶∴", THEN), ("′’ʹ", "'"), ("″", "''"),
        ("Σ∑", "∑"), ("▽∇", "∇"), ("÷", "/"), ("√", "sqrt"), ("½", "(1/2)"), ("¼", "(1/4)"), ("¾", "(3/4)"),
        ("ŷ", "yhat"), ("ᵀ", "^⊤"), ("~$`", ""), ("ϵ", "ε"), ("µ", "μ"), ("‖", "|"),
    ],
)  # fmt: skip
def test_characters(characters, becomes):
    for character in characters:
        assert seen(character) == becomes, character


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("a₂₁", "a_21"), ("hᵢⱼ", "h_ij"), ("x²", "x^{2}"), ("10⁻³", "10^{-3}"),
        (":=", "="), ("==", "="), ("= =", "="), ("=>", THEN), ("==>", THEN), ("->", THEN), ("-->", THEN),
        ("a <- b", "a = b"), (r"a \gets b", "a = b"), (r"a \leftarrow b", "a = b"), ("a ← b", "a = b"),
        ("a ← b ← c", "a ← b ← c"),  # a chart of what flows where
        ("a ← b; c ← d", "a = b; c = d"),
        ("y_hat", "yhat"), ("my_hat", "my_hat"), ("y\u0302_1", "yhat_1"),
        ("x**2", f"x^{POWER}2"), ("x**(2)", f"x^{POWER}(2)"), ("(x)**-1", f"(x)^{POWER}-1"),
        ("x'**2", f"x'^{POWER}2"), ("[x]**{2}", f"[x]^{POWER}{{2}}"), ("x ** 2", f"x ^{POWER} 2"),
        ("**x**", "x"), ("x **y**", "x y"), ("x** 2", "x 2"), ("x**", "x"), ("**2", "2"), ("x+**2", "x+ 2"),
        (r"x^{\prime}", "x'"), (r"x^\prime", "x'"), ("x^{′}", "x'"),
    ],
)  # fmt: skip
def test_signs_and_digits(written, becomes):
    assert seen(written) == becomes


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        (r"\mathbf{W}_2", "W_2"),
        (r"\text{ if } x", "if x"),
        (r"\boxed{x}", "x"),
        (r"\boxed{\frac{a}{b}}", r"\frac{a}{b}"),
        (r"\dfrac{a}{b} \tfrac{a}{b} \cfrac{a}{b} \nicefrac{a}{b}", r"\frac{a}{b} \frac{a}{b} \frac{a}{b} \frac{a}{b}"),
        (r"\dfrac {a}{b}", r"\frac{a}{b}"),
        (r"\sqrt{x}", "sqrt{x}"),
        (r"\sqrt {x}", "sqrt{x}"),
        (r"\foo {x}", r"\foo{x}"),
        (r"\hat{y}_1", "yhat_1"),
        (r"\hat y", "yhat"),
        (r"\widehat{y}", "yhat"),
        (r"\hat{\mathbf{y}}_1", "yhat_1"),
        (r"\hat{y_1}", "yhat_1"),
        (r"x \label{eq:1} + y", "x + y"),
        (r"x \color{red} y", "x y"),
        (r"x \phantom{a \hspace{1cm} b} y", "x y"),  # what means nothing, within what means nothing
        (r"x \phantom{a {b} c} y", "x y"),
        (r"x \tag{1} \tag{2} y", "x y"),
        (r"\underbrace{x + y}_{\text{the sum}} + z", "x + y + z"),
        (r"\overbrace{x}^{a}", "x"),
        (r"\underbrace{x}_2", "x_2"),  # without braces it is an index
        (r"\underbrace{x}_{a}_{b}", "x_{b}"),
        (r"\underbrace{\underbrace{x}_{a} + y}_{b} + z", "x + y + z"),
        (r"\underbrace{x}^{\prime}", "x'"),
        ("}{", "}{"),
        (r"\left| x \right|", "abs( x )"),
        (r"\left\lvert x \right\rvert", "abs( x )"),
        (r"\left. x \right|", "x )"),
        (r"\left( x \right)", "( x )"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", f"{OPEN} 1 & 2 {BREAK} 3 & 4 {CLOSE}"),
        (r"\begin{array}{cc} 1 \\[2pt] 3 \end{array}", f"{OPEN} 1 {BREAK} 3 {CLOSE}"),
        (r"\begin{aligned} x \end{aligned}", "x"),
        (r"\begin{align*} x \end{align*}", "x"),
    ],
)
def test_braces(written, becomes):
    assert seen(written) == becomes


@pytest.mark.parametrize("space", [r"\quad", r"\qquad", r"\enspace", r"\enskip", "\\ "])
def test_wide_spaces_separate_entries(space):
    assert WIDE in plain(f"1{space} 2").text
    assert WIDE not in plain(r"1\, 2").text


def test_letters_with_a_hat_are_one_word():
    """What LaTeX needs around a name separates nothing, and what follows it is its own."""
    assert plain(r"\hat{y}").text.endswith(f"yhat{JOIN}")
    assert plain(r"\hat y z").text == f" yhat{JOIN} z"
    assert plain(r"\mathbf{h}").text == f"{JOIN}h{JOIN}"


@pytest.mark.parametrize(
    ("written", "at", "origin"),
    [
        ("a = b", 4, 4),
        (r"\alpha x", 0, 0),
        (r"\alpha x", 1, 0),  # the letter stands for the whole command
        (r"\alpha x", 3, 7),
        ("a₂₁ = 1", 2, 1),
        ("a₂₁ = 1", 5, 4),
        ("a = b", 5, 5),
        (r"a \cdot", 3, 7),
        ("", 0, 0),
    ],
)
def test_each_place_is_remembered(written, at, origin):
    assert plain(written).origin(at) == origin


def test_a_slice_is_what_was_written():
    found = plain(r"x = \frac{\alpha}{2} + \hat{y}")
    at = found.text.index("α")
    assert found.slice(at, at + 1) == r"\alpha"
    assert found.slice(at, found.text.index("2") + 1) == r"\alpha}{2"
    assert found.slice(0, len(found.text)) == r"x = \frac{\alpha}{2} + \hat{y}"
    assert found.slice(found.text.index("+"), found.text.index("+") + 1) == "+"


@pytest.mark.parametrize("written", ["a = b", "a ≈ b", r"a \approx b", "a ← b", r"a \gets b", "a <- b", "a <-- b"])
def test_signs_of_equality_are_seen(written):
    assert has_sign(written)
    assert not has_sign("a < b, a<b")


def test_arrows_become_signs_of_equality():
    assert with_equals(r"a ← b \gets c <- d \leftarrowtail e <-f") == r"a = b = c = d \leftarrowtail e =f"
