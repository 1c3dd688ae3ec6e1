"""The page in a real browser: numbers and rules changed in place, steps of gradient descent, rewind."""

import numpy as np
import pytest
from playwright.sync_api import expect

import chainrule as cr
from chainrule.view.subject import Subject
from tests.support.page import by_key, label, open_page, served, shown, wait_for_name
from tests.support.page_records import short


def loss(page):
    return by_key(page, "loss").locator(".value")


def expect_loss(page, value):
    """Wait until the drawing shows this loss."""
    expect(by_key(page, "loss").get_by_role("button")).to_have_attribute("aria-label", f"loss L {short(value, 4)}")


def with_number(subject, symbol, layer, where, value):
    """The same network and its backward pass with one number changed; ``layer`` is 0 for x and y."""
    W, b = [w.copy() for w in subject.network.weights], [c.copy() for c in subject.network.biases]
    x, y = subject.x.copy(), subject.y.copy()
    changed = {"x": x, "y": y, "W": W[layer - 1], "b": b[layer - 1]}[symbol]
    changed[where] = value
    net = cr.Network(W, b, subject.network.hidden, subject.network.output, subject.network.loss)
    return net, net.backward(x, y)


# ---------------------------------------------------------------- change


def test_a_weight_in_place(page, worked):
    """Typed key by key where its explanation is; all follows, and the typing is left alone."""
    page.locator('[data-name="W_212"]').dispatch_event("click")
    box = page.get_by_label("W_212 =")
    expect(box).to_have_value("0.8")
    box.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("-1.25", delay=15)
    net, b = with_number(worked, "W", 2, (0, 1), -1.25)
    expect_loss(page, float(b.L))
    expect(box).to_have_value("-1.25")
    expect(box).to_be_focused()
    due = cr.paths(net, worked.x, worked.y, "dL/dW_212").paths
    expect(page.locator(".paths li b").first).to_have_text(short(due[0].product, 5))
    assert by_key(page, "weight:2:1:2").locator("title").text_content().startswith("W_212 = −1.25")
    assert shown(by_key(page, "pre:2:1").locator(".value")) == pytest.approx(b.forward.a[1][0, 0], rel=5e-3)


@pytest.mark.parametrize(
    ("label", "symbol", "layer", "where"),
    [("x_2", "x", 0, 1), ("y_1", "y", 0, 0), ("W_131", "W", 1, (2, 0)), ("b_22", "b", 2, 1)],
)
def test_a_number_in_the_panel(page, worked, label, symbol, layer, where):
    page.get_by_role("tab", name="Change").click()
    page.get_by_label(label, exact=True).fill("0.6")
    expect_loss(page, float(with_number(worked, symbol, layer, where, 0.6)[1].L))


def test_a_change_is_not_lost_when_one_walks_on_at_once(page, worked):
    page.get_by_role("tab", name="Change").click()
    page.get_by_label("W_131", exact=True).fill("0.6")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Forward").click()
    _, b = with_number(worked, "W", 1, (2, 0), 0.6)
    expect(by_key(page, "pre:1:3").locator(".value")).to_have_text(short(float(b.forward.a[0][0, 2]), 3))


def test_the_rules(page, worked):
    """Other rules, and a pair of output and loss that does not go together: a sentence, and all stays as it was."""
    page.get_by_role("tab", name="Change").click()
    page.get_by_label("Layer 1").select_option("tanh")
    net = worked.network

    def changed(hidden, output, loss):
        return float(cr.Network(net.weights, net.biases, hidden, output, loss).backward(worked.x, worked.y).L)

    expect_loss(page, changed("tanh", "softmax", "squared_error"))
    page.get_by_label("Loss", exact=True).select_option("cross_entropy")
    expect_loss(page, changed("tanh", "softmax", "cross_entropy"))
    expect(page.locator(".about")).to_contain_text("hidden: tanh; output: softmax; loss: cross entropy")


def test_what_does_not_go_together(page):
    page.get_by_role("tab", name="Change").click()
    page.get_by_label("Loss", exact=True).select_option("cross_entropy")
    expect(page.locator(".about")).to_contain_text("loss: cross entropy")
    before = loss(page).text_content()
    page.get_by_label("Output").select_option("identity")
    alert = page.locator(".problem[role=alert]").first
    expect(alert).to_contain_text("expected")
    expect(page.get_by_label("Output")).to_have_value("softmax")
    assert loss(page).text_content() == before
    page.get_by_label("y_1", exact=True).fill("7")
    expect(alert).to_contain_text("7")
    assert loss(page).text_content() == before
    page.get_by_label("Loss", exact=True).select_option("squared_error")
    expect(alert).to_be_hidden()


# ---------------------------------------------------------------- steps of gradient descent


def trained(subject, rates):
    """The networks and the losses, step by step."""
    nets = [subject.network]
    for rate in rates:
        nets.append(nets[-1].step(nets[-1].backward(subject.x, subject.y), rate))
    return nets, [float(net.backward(subject.x, subject.y).L) for net in nets]


def test_steps_the_curve_and_the_way_back(page, worked):
    page.get_by_role("tab", name="Train").click()
    said = page.get_by_role("tabpanel", name="Train").get_by_role("status")
    expect(page.get_by_label("Learning rate")).to_have_value("0.5")
    nets, losses = trained(worked, [0.5] * 111)
    for button, step in (("1 step", 1), ("10 steps", 11), ("100 steps", 111)):
        page.get_by_role("button", name=button, exact=True).click()
        expect(said).to_have_text(f"Step {step} of {step}: L = {short(losses[step], 5)}")
        expect_loss(page, losses[step])
    points = page.locator(".loss-line").get_attribute("points").split()
    assert len(points) == 112
    assert [float(p.split(",")[1]) for p in points] == pytest.approx([12 + (1 - v / losses[0]) * 148 for v in losses])
    slider = page.get_by_label("Step", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    expect(said).to_have_text(f"Step 0 of 111: L = {short(losses[0], 5)}")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(said).to_have_text(f"Step 3 of 111: L = {short(losses[3], 5)}")
    assert label(page, "weight:2:1:2").startswith(f"W 2 1 2 {short(float(nets[3].weights[1][0, 1]), 3)},")
    page.get_by_role("button", name="Start again").click()
    expect_loss(page, losses[0])
    page.get_by_label("Learning rate").fill("2")
    page.get_by_role("button", name="1 step", exact=True).click()
    _, other = trained(worked, [2.0])
    expect(said).to_have_text(f"Step 1 of 1: L = {short(other[1], 5)}")


def test_a_click_on_the_curve_goes_to_that_step(page, worked):
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="10 steps").click()
    said = page.get_by_role("tabpanel", name="Train").get_by_role("status")
    expect(said).to_contain_text("Step 10 of 10")
    box = page.locator(".curve svg").bounding_box()
    scale = box["width"] / 420
    page.mouse.click(box["x"] + (52 + 0.4 * (420 - 64)) * scale, box["y"] + 50 * scale)
    expect(said).to_contain_text("Step 4 of 10")


def test_divergence_says_so_and_can_be_undone(tab):
    net = cr.Network([[[1.0, 2.0]], [[3.0]]], None, "identity", "identity", "squared_error")
    with served(Subject.of(net, [1.0, 1.0], [0.0], title="Too fast")) as address:
        page = open_page(tab, address)
        page.get_by_role("tab", name="Train").click()
        page.get_by_label("Learning rate").fill("1000")
        page.get_by_role("button", name="100 steps").click()
        alert = page.locator(".problem[role=alert]").first
        expect(alert).to_contain_text("a smaller learning rate may help")
        page.get_by_role("button", name="Start again").click()
        expect_loss(page, 81.0)
        expect(alert).to_be_hidden()


def test_the_walk_and_the_question_follow_a_change(page, worked):
    """One step of the walk is shown while the network is changed, and a question stays asked."""
    page.get_by_label("Name").fill("dL/dW_131")
    page.get_by_label("Name").press("Enter")
    page.locator(".sum").wait_for()
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="1 step", exact=True).click()
    nets, losses = trained(worked, [0.5])
    expect_loss(page, losses[1])
    page.get_by_role("tab", name="Ask").click()
    wait_for_name(page, "dL/dW_131")
    due = cr.paths(nets[1], worked.x, worked.y, "dL/dW_131").paths
    expect(page.locator(".paths li b").first).to_have_text(short(due[0].product, 5))


# ---------------------------------------------------------------- what if


@pytest.mark.parametrize(
    ("name", "symbol", "layer", "where"), [("W_212", "W", 2, (0, 1)), ("x_2", "x", 0, 1), ("b_13", "b", 1, 2)]
)
def test_a_number_is_dragged(page, worked, name, symbol, layer, where):
    """The drawing, what the gradient foretold beside what came, and the point on the loss's curve; Undo is one step."""
    place = page.locator(f'[data-name="{name}"]')
    place.dispatch_event("click")
    page.locator(".plot").wait_for()
    before = worked.passes()
    start = {"clientX": 300, "clientY": 300, "button": 0, "bubbles": True}
    place.dispatch_event("pointerdown", start)
    for x in range(302, 332, 3):
        page.evaluate("x => window.dispatchEvent(new PointerEvent('pointermove', {clientX: x}))", x)
    page.evaluate("window.dispatchEvent(new PointerEvent('pointerup'))")
    was = float(np.ravel(before[name])[0]) if symbol != "x" else float(worked.x[where])
    value = round(was + 29 * 0.01, 9)
    _, b = with_number(worked, symbol, layer, where, value)
    expect(by_key(page, "loss").locator("title")).to_have_text(f"L = {float(b.L)!r}")
    gradient = float(np.ravel(before[f"dL/d{name}"])[0])
    told = page.locator(".trial")
    expect(told).to_contain_text(f"{name} were {value} instead of {was:g}?")
    expect(told).to_contain_text(f"= {short(gradient * (value - was))}; actual ΔL = {short(float(b.L - before.L))}")
    words = page.locator(".plot").get_attribute("aria-label")
    assert f"L over {name}: at {short(value)} it is {short(float(b.L))}" in words
    page.get_by_role("button", name="Undo").click()
    expect(by_key(page, "loss").locator("title")).to_have_text(f"L = {float(before.L)!r}")


def test_a_number_by_the_arrow_keys(page, worked):
    place = page.locator('[data-name="W_212"]')
    place.focus()
    page.keyboard.press("ArrowUp")
    _, b = with_number(worked, "W", 2, (0, 1), 0.81)
    expect(by_key(page, "loss").locator("title")).to_have_text(f"L = {float(b.L)!r}")
    expect(page.locator('[data-name="W_212"]')).to_be_focused()


def test_the_curve_of_a_unit_has_its_point(page, worked):
    page.locator('[data-name="h_12"]').dispatch_event("click")
    f = worked.passes().forward
    a, h = float(f.a[0][0, 1]), float(f.h[1][0, 1])
    words = f"h_12 over a_12: at {short(a)} it is {short(h)}, slope {short(h * (1 - h))}"
    expect(page.locator(".plot")).to_have_attribute("aria-label", words)
