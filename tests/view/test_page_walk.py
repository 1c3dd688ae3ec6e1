"""The page in a real browser: the drawing, the walk, asking. What it says is what the library computes here."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import chainrule as cr
from chainrule.explanation.walk import gives, walk
from tests.support.page import by_key, keys, label, lit, open_page, shown, wait_for_name
from tests.support.page_records import until


@pytest.fixture
def notes(worked):
    """The network of the notes with its example, and its backward pass, computed here."""
    return worked.network, worked.x, worked.y, worked.network.backward(worked.x, worked.y)


def test_the_drawing_has_every_number_under_its_name(page, notes):
    net, _, _, b = notes
    for symbol, layer, values in (
        ("x", 0, b.forward.h[0][0]),
        ("h", 1, b.forward.h[1][0]),
        ("yhat", 2, b.forward.yhat[0]),
    ):
        for unit, value in enumerate(values, 1):
            box = by_key(page, f"act:{layer}:{unit}")
            assert shown(box.locator(".value")) == pytest.approx(value, rel=5e-3)
            said = label(page, f"act:{layer}:{unit}")
            assert f"{'y hat' if symbol == 'yhat' else symbol} " in said
            grad = (b.grad_x, *b.grad_h, b.grad_yhat)[layer][0, unit - 1]
            assert shown(box.locator(".gradient")) == pytest.approx(grad, rel=5e-2, abs=1e-12)
    for layer in (1, 2):
        for unit, value in enumerate(b.forward.a[layer - 1][0], 1):
            assert shown(by_key(page, f"pre:{layer}:{unit}").locator(".value")) == pytest.approx(value, rel=5e-3)
        for m, row in enumerate(net.weights[layer - 1], 1):
            for j, weight in enumerate(row, 1):
                line = by_key(page, f"weight:{layer}:{m}:{j}")
                title = line.locator("title").text_content()
                assert title.startswith(f"W_{layer}{m}{j} = ")
                assert f"dL/dW_{layer}{m}{j} = " in title
                kind = "minus" if weight < 0 else "plus" if weight > 0 else "zero"
                assert kind in line.locator(".line").get_attribute("class").split()
    assert shown(by_key(page, "loss").locator(".value")) == pytest.approx(float(b.L), rel=5e-4)


def test_lines_by_weight_or_by_gradient(page, notes):
    net, _, _, b = notes

    def widths(arrays):
        """Of each line, drawn and due: by size within its layer; dashed where negative."""
        for layer, array in enumerate(arrays, 1):
            for (m, j), value in zip(
                ((m, j) for m in range(len(array)) for j in range(len(array[0]))), array.ravel(), strict=True
            ):
                line = by_key(page, f"weight:{layer}:{m + 1}:{j + 1}").locator(".line")
                yield float(line.evaluate("e => e.style.getPropertyValue('--width')")), abs(value) / abs(array).max()
                assert ("minus" in line.get_attribute("class")) == (value < 0)

    page.get_by_role("button", name="gradients").click()
    for drawn, due in widths(b.grad_W):
        assert drawn == pytest.approx(0.8 + 4 * due)
    page.get_by_role("button", name="weights").click()
    for drawn, due in widths(net.weights):
        assert drawn == pytest.approx(0.8 + 4 * due)
    assert page.get_by_role("button", name="weights").get_attribute("aria-pressed") == "true"


# ---------------------------------------------------------------- the walk


@pytest.mark.parametrize("notation", ["textbook", "delta"])
def test_the_walk_by_arrow_keys(page, notes, notation):
    """Forward, the loss, and back: each step's equation with its numbers, and the units that it fills."""
    net, x, y, _ = notes
    if notation == "delta":
        page.get_by_role("button", name="z, a, δ").click()
        page.locator('[data-name="a^0_1"]').wait_for()
    steps = walk(net, x, y, notation, learning_rate=0.5).steps
    page.get_by_role("button", name="Start").click()
    assert page.locator(".box.unknown").count() == 4 + 4 + 2 + 2 + 1
    assert page.locator(".gradient").count() == 0
    page.locator("h1").click()
    for number, step in enumerate(steps, 1):
        page.keyboard.press("ArrowRight")
        said = page.get_by_role("region", name="walk").get_by_role("status").text_content()
        assert said.startswith(f"Step {number} of {len(steps)}, ")
        assert step.stage in said
        equation = page.locator(".current figure")
        assert step.equation in equation.locator("figcaption").text_content()
        assert equation.get_by_role("group").get_attribute("aria-label") == step.name
        source = equation.locator("annotation").text_content()
        for number_text in re.findall(r"\d+\.\d+", step.result):
            assert number_text in source, (step.name, source)
        assert page.locator(".means").text_content().endswith(".")
        assert page.locator(".now").count() == filled(step)
    assert page.locator(".box.unknown").count() == 0
    assert page.get_by_role("button", name="Forward").is_disabled()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert (
        page.get_by_role("region", name="walk")
        .get_by_role("status")
        .text_content()
        .startswith(f"Step {len(steps) - 3} ")
    )
    page.get_by_role("button", name="Everything").click()
    assert page.locator(".gradient").count() == 4 + 4 * 3 + 2 * 3


def test_the_first_thing_one_presses(tab, worked, worked_url):
    """It opens at the start, with the way to the first step; the last one is the update, which can be taken."""
    page = open_page(tab, worked_url, "")
    assert by_key(page, "pre:1:1").locator(".value").text_content() == "·"
    page.get_by_role("button", name="Walk").click()
    expect(page.get_by_role("region", name="walk").get_by_role("status")).to_contain_text("Step 1 of 21, forward")
    expect(page.get_by_role("button", name="Forward")).to_be_focused()
    steps = walk(worked.network, worked.x, worked.y, learning_rate=worked.learning_rate).steps
    for _ in steps[1:]:
        page.keyboard.press("ArrowRight")
    after = worked.network.step(worked.passes(), worked.learning_rate).backward(worked.x, worked.y)
    assert steps[-1].name == "L'"
    assert f"{float(after.L):.5g}" in page.locator(".current annotation").text_content()
    page.get_by_role("button", name="Take this step").click()
    expect(by_key(page, "loss").locator(".value")).to_have_text("·")
    expect(page.locator(".about")).to_contain_text("now: step 1 of gradient descent")
    page.get_by_role("button", name="Everything").click()
    expect(by_key(page, "loss").locator("title")).to_have_text(f"L = {float(after.L)!r}")


def test_it_plays(tab, worked_url):
    page = open_page(tab, worked_url, "walk=19")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("region", name="walk").get_by_role("status")).to_contain_text("Step 21 of 21")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (360, 740)])
def test_the_equation_is_always_in_view(new_tab, worked, worked_url, width, height):
    page = open_page(new_tab(viewport={"width": width, "height": height}), worked_url, "")
    page.get_by_role("button", name="Walk").click()
    for _ in walk(worked.network, worked.x, worked.y, learning_rate=0.5).steps[1:]:
        for part in (".current figure", "svg.network .now"):
            box = page.locator(part).first.bounding_box()
            assert box["y"] >= 0, part
            assert box["y"] + 40 <= height, part
        page.keyboard.press("ArrowRight")


# ---------------------------------------------------------------- picture and formula


def test_a_number_in_the_equation_and_its_place_on_the_drawing(tab, notes, worked_url):
    """Of every step each number, by pointer and by focus; and the reverse."""
    net, x, y, b = notes
    for at, name in enumerate(step.name for step in walk(net, x, y).steps):
        if name not in ("a_1", "dL/dW_2", "dL/dh_1"):
            continue
        page = open_page(tab, worked_url, f"walk={at + 1}")
        page.locator(".current [data-at]").first.wait_for()
        numbers = page.locator(".current .katex-html [data-at]").filter(has_text=re.compile(r"^[\d.]+$"))
        for i in range(0, numbers.count(), 5):
            place = numbers.nth(i).get_attribute("data-at")
            factor = numbers.nth(i).get_attribute("data-factor")
            value = b[factor] if "/" in factor else b[factor] if factor[0] in "Wb" else b.forward[factor]
            index = tuple(int(n) - 1 for n in place.split(":")[2:])
            said = abs(float(np.asarray(value)[index[:1] if np.ndim(value) == 1 else index]))
            assert float(numbers.nth(i).text_content()) == pytest.approx(said, rel=1e-4), (name, place)
            numbers.nth(i).hover()
            assert keys(page, ".network .linked") == {place}
        page.locator(".current .display").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".network .linked").count() > 0
        box = by_key(page, "pre:1:2" if name == "a_1" else "act:1:2")
        box.hover()
        linked = page.locator(".current .katex-html .linked")
        assert linked.count() > 0
        for place in linked.evaluate_all("all => all.map(one => one.dataset.at)"):
            assert box.get_attribute("data-key").startswith(place)


def test_one_colour_for_one_factor(tab, worked_url):
    page = open_page(tab, worked_url, "walk=1")
    page.locator(".current [data-at]").first.wait_for()
    for factor, place in (("W_1", None), ("x", "act:0:2"), ("b_1", "bias:1:3")):
        found = page.locator(f".current .katex-html [data-factor='{factor}']")
        colours = set(found.evaluate_all("all => all.map(one => getComputedStyle(one).color)"))
        assert len(colours) == 1
        assert found.count() > 3
        if place:
            value = by_key(page, place).locator(".value")
            assert {value.evaluate("one => getComputedStyle(one).fill")} == colours


def filled(step):
    """How many boxes or lines a step of the notes' network fills."""
    q = gives(step)
    sizes = {"L": 1, "W": {1: 16, 2: 8}.get(q.layer), "x": 4, "yhat": 2}
    return sizes.get(q.symbol, {1: 4, 2: 2}.get(q.layer))


def test_the_walk_by_buttons_fills_what_is_known(page, notes):
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Forward").click()
    assert shown(by_key(page, "pre:1:1").locator(".value")) == pytest.approx(2.9)
    assert by_key(page, "act:1:1").locator(".value").text_content() == "·"
    assert label(page, "act:1:1") == "h 1 1 not yet computed"
    page.get_by_role("button", name="Back", exact=False).click()
    assert by_key(page, "pre:1:1").locator(".value").text_content() == "·"
    assert page.get_by_role("button", name="Back", exact=False).is_disabled()


# ---------------------------------------------------------------- asking


def listed(page):
    """The paths on the page: units, product, in the order of the list."""
    items = page.get_by_role("region", name="paths to the loss").locator("li")
    return [shown(items.nth(i).locator("b")) for i in range(items.count())]


def explained(page, due):
    """Wait until the steps on the page are those of an explanation."""
    names = page.get_by_role("region", name="step by step").locator("figure figcaption")
    expect(names).to_have_text([re.compile(f" · {re.escape(step.equation)}(:|$)") for step in due.steps])


def test_a_click_explains_and_lights_the_paths(page, notes):
    net, x, y, b = notes
    for name in ("W_212", "W_131", "b_13", "h_13", "x_2", "yhat_2"):
        page.locator(f'[data-name="{name}"]').dispatch_event("click")
        due, paths = cr.explain(net, x, y, f"dL/d{name}"), cr.paths(net, x, y, f"dL/d{name}")
        wait_for_name(page, f"dL/d{name}")
        explained(page, due)
        until(lambda paths=paths: listed(page) == pytest.approx([p.product for p in paths.paths], rel=5e-4))
        total = page.locator(".sum annotation").text_content().partition("= ")[2]
        assert float(total.replace(r" \cdot 10^{", "e").replace("}", "")) == pytest.approx(
            float(b[f"dL/d{name}"]), rel=5e-4
        )
        assert lit(page) == {key for path in paths.paths for key in keys_of(path.nodes)}
        for key, product in products(paths).items():  # sign by colour and dash, width by product
            side = "pulls-up" if product > 0 else "pulls-down"
            assert side in by_key(page, key).get_attribute("class").split()


def keys_of(nodes):
    """What a path lights: its units, and the lines between them."""
    place = {"x": "act:0", "yhat": "act:2"}
    keys, before = [], None
    for node in nodes:
        symbol, _, index = node.partition("_")
        if symbol == "L":
            keys += [f"lossline:2:{before[1]}", "loss"]
            continue
        if symbol == "W":
            keys.append(f"weight:{':'.join(index)}")
        else:
            part = {"a": "pre", "h": "act", "b": "bias"}.get(symbol)
            unit = index[-1]
            keys.append(f"{part}:{index[0]}:{unit}" if part else f"{place[symbol]}:{unit}")
            if before and before[0] in "xh" and symbol == "a":
                keys.append(f"weight:{index[0]}:{unit}:{before[1]}")
            if before and symbol == "yhat":
                keys.append(f"crossing:2:{unit}:{before[1]}")
        before = None if symbol in "Wb" else (symbol, index[-1])
    return keys


def products(paths):
    found = {}
    for path in paths.paths:
        for key in keys_of(path.nodes):
            found[key] = found.get(key, 0.0) + path.product
    return {key: product for key, product in found.items() if abs(product) > 1e-12}


def test_a_path_is_lit_alone_under_the_pointer_or_the_focus(page, notes):
    net, x, y, _ = notes
    page.locator('[data-name="W_131"]').dispatch_event("click")
    items = page.locator(".paths li")
    items.first.wait_for()
    for i, path in enumerate(cr.paths(net, x, y, "dL/dW_131").paths):
        for light in (items.nth(i).hover, items.nth(i).focus):
            light()
            assert lit(page) == set(keys_of(path.nodes))


def test_of_a_unit_its_gradient_or_its_value(page, notes):
    net, x, y, _ = notes
    page.locator('[data-name="h_12"]').click()
    page.locator(".sum").wait_for()
    page.get_by_role("group", name="Explain the").get_by_role("button", name="value").click()
    page.get_by_role("heading", name="Where").wait_for()
    wait_for_name(page, "h_12")
    assert page.locator(".sum").count() == 0
    titles = page.locator(".steps figcaption").all_text_contents()
    assert [t.split(" · ")[1] for t in titles] == [s.equation for s in cr.explain(net, x, y, "h_12").steps]
    page.locator('[data-name="a_21"]').click()  # the next unit is asked for the same
    wait_for_name(page, "a_21")


TYPED = {
    "dL/dW_{2,1,2}": "dL/dW_212", "dyhat_1/da_21": "dyhat_1/da_21", "∂L/∂W_212": "dL/dW_212", "dL/dW_2": "dL/dW_2",
    "dL/dw^2_21": "dL/dW_212", "L": "L", "W_212": "dL/dW_212", "y_1": "y_1", "δ^2_1": "dL/da_21",
}  # fmt: skip


def test_a_name_as_one_types_it(page, notes):
    """Of any two that follow each other the answers differ."""
    net, x, y, _ = notes
    places = {"dL/dW_212": "weight:2:1:2", "dL/da_21": "pre:2:1", "L": "loss", "y_1": "target:2:1"}
    for typed, name in TYPED.items():
        page.get_by_label("Name").fill(typed)
        page.get_by_label("Name").press("Enter")
        page.locator(".steps").wait_for()
        if name != "y_1":  # is given
            explained(page, cr.explain(net, x, y, name))
        page.locator("h1").click()
        page.locator(".asked, .lit").first.wait_for()
        if name in places:
            until(lambda name=name: keys(page, ".asked") == {places[name]})
        expect(page.locator(".sum")).to_have_count(int(name in ("dL/dW_212", "dL/da_21")))


def test_an_unknown_name_is_one_sentence(page):
    page.get_by_label("Name").fill("dL/dW_999")
    page.get_by_role("button", name="Ask").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "expected one of" in alert.text_content() or "expected indices" in alert.text_content()
    page.get_by_label("Name").fill("dL/dW_211")
    page.get_by_role("button", name="Ask").click()
    page.locator(".sum").wait_for()
    assert page.locator("[role=alert]:visible").count() == 0


def test_keys_alone(page, notes):
    """Tab to a weight, Enter, its paths, the number itself, and on through the walk."""
    net, x, y, _ = notes
    seen = []
    for _ in range(90):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.getAttribute('data-name')")
        if name:
            seen.append(name)
        if name == "W_212":
            break
    assert {"x_1", "x_4", "b_11", "a_12", "h_14", "W_111", "W_144"} <= set(seen)
    page.keyboard.press("Enter")
    page.locator(".sum").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('data-name')") == "W_212"
    assert listed(page) == pytest.approx([p.product for p in cr.paths(net, x, y, "dL/dW_212").paths], rel=5e-4)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.paths li') !== null"):
            break
    assert page.locator("g.lit").count() == len(keys_of(cr.paths(net, x, y, "dL/dW_212").paths[0].nodes))
    page.keyboard.press("ArrowRight")
    page.locator(".current, .status").first.wait_for()
    assert "Start:" in page.get_by_role("region", name="walk").get_by_role("status").text_content()
    page.keyboard.press("ArrowRight")
    assert "Step 1 of" in page.get_by_role("region", name="walk").get_by_role("status").text_content()


def test_the_question_stays_in_the_other_notation(page):
    page.locator('[data-name="W_212"]').dispatch_event("click")
    page.locator(".sum").wait_for()
    page.get_by_role("button", name="z, a, δ").click()
    wait_for_name(page, "dL/dw^2_21")
    assert by_key(page, "weight:2:1:2").get_by_role("button").get_attribute("data-name") == "w^2_21"
    assert "asked" in by_key(page, "weight:2:1:2").get_attribute("class")
    page.get_by_role("button", name="a, h", exact=True).click()
    wait_for_name(page, "dL/dW_212")


def test_asked_in_delta_notation(page, notes):
    net, x, y, _ = notes
    page.get_by_role("button", name="z, a, δ").click()
    page.locator('[data-name="w^1_32"]').dispatch_event("click")
    page.locator(".sum").wait_for()
    wait_for_name(page, "dL/dw^1_32")
    due = cr.paths(net, x, y, "dL/dw^1_32")
    assert listed(page) == pytest.approx([p.product for p in due.paths], rel=5e-4)
    written = page.locator(".paths li .formula annotation").first.text_content()
    assert written.startswith(r"w^{1}_{32} \to z^{1}_{2} \to a^{1}_{2} \to z^{2}_{1}")


# ---------------------------------------------------------------- wide networks


def test_a_wide_network_shows_what_matters_for_the_question(new_tab, wide, wide_url):
    page = open_page(new_tab(), wide_url)
    b = wide.passes()
    assert page.locator(".rest").count() == 2
    total = float((b.grad_x * b.forward.h[0]).sum())
    drawn = sum(float(b.grad_x[0, u - 1] * b.forward.h[0][0, u - 1]) for u in units(page, 0))
    rest = page.locator('[data-key="rest:0"]')
    count, adds = re.search(r"([\d,]+) more units, which together add (\S+)", rest.get_attribute("aria-label")).groups()
    assert int(count.replace(",", "")) == 784 - len(units(page, 0))
    assert float(adds.replace("−", "-")) == pytest.approx(total - drawn, rel=1e-2)
    page.get_by_label("Name").fill("dL/dW_{1,200,500}")
    page.get_by_label("Name").press("Enter")
    page.locator(".sum").wait_for()
    by_key(page, "act:0:500").wait_for()
    assert 500 in units(page, 0)
    assert 200 in units(page, 1)
    due = cr.paths(wide.network, wide.x, wide.y, "dL/dW_{1,200,500}")
    assert listed(page) == pytest.approx([p.product for p in due.paths], rel=5e-4, abs=1e-300)
    assert page.locator("g.lit").count() > 0


def units(page, layer):
    return [int(key.rpartition(":")[2]) for key in keys(page, f'[data-key^="act:{layer}:"]')]
