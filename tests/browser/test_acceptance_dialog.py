"""Line 16 of the acceptance list, and the keys: polls leave the one dialog alone, and it asks before what is grave."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import POLL, Stage
from tests.browser.watching import Open, later, polls_of

# A form as pages have them, inside the region that polls replace and with htmx or without.
ADD_FORM = """(htmx) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/acts";
  form.dataset.confirm = "Ada is signed out on every device.";
  form.innerHTML = "<button id='act' name='who' value='ada'>Sign Ada out</button>";
  document.querySelector("main").append(form);
  if (htmx) {
    form.setAttribute("hx-post", "/acts");
    form.setAttribute("hx-swap", "none");
    window.htmx.process(form);
  }
}"""


def dialog(page: Page, name: str) -> None:
    """The dialog of that name is open."""
    expect(page.get_by_role("dialog", name=name)).to_be_visible()


def acts_of(page: Page) -> list[str]:
    """What is posted from now on."""
    posted: list[str] = []
    page.route("**/acts", lambda route: (posted.append(route.request.post_data or ""), route.fulfill(status=204)))
    return posted


def test_line_16_a_dialog_outlives_three_polls_and_leaves_the_page_usable(opened: Open) -> None:
    stage = opened()
    page = stage.page
    page.get_by_role("button", name="Keyboard").click()
    dialog(page, "Keyboard")
    for _ in range(3):
        stage.directory.shown = later(stage.directory.shown, 5, exchanges=stage.directory.shown.exchanges[:2])
        stage.poll()
    expect(page.locator(".card")).to_have_count(2)
    box = page.get_by_label("Single keys do this, except where you type")
    box.uncheck()
    expect(box).not_to_be_checked()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Keyboard")).to_be_focused()
    page.locator("#card-2-more summary").click()
    assert page.locator("#card-2-more").evaluate("(details) => details.open") is True


@pytest.mark.parametrize("htmx", [False, True])
def test_a_grave_act_is_asked_about_and_the_harmless_answer_comes_first(opened: Open, htmx: bool) -> None:
    stage = opened()
    page, posted = stage.page, acts_of(stage.page)
    page.evaluate(ADD_FORM, htmx)
    page.locator("#act").click()
    dialog(page, "Are you sure?")
    expect(page.get_by_role("dialog")).to_contain_text("Ada is signed out on every device.")
    expect(page.get_by_role("button", name="Leave it as it is")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#act")).to_be_focused()
    page.locator("#act").click()
    page.keyboard.press("Escape")
    assert posted == []
    page.locator("#act").click()
    stage.poll()
    with page.expect_response("**/acts"):
        page.get_by_role("dialog").get_by_role("button", name="Sign Ada out").click()
    assert posted == ["who=ada"]


def test_an_act_whose_form_went_away_while_it_was_asked_about_is_not_done(opened: Open) -> None:
    stage = opened()
    page, posted = stage.page, acts_of(stage.page)
    page.evaluate(ADD_FORM, False)
    page.locator("#act").click()
    page.evaluate("() => document.querySelector('form[action=\"/acts\"]').remove()")
    page.get_by_role("dialog").get_by_role("button", name="Sign Ada out").click()
    expect(page.locator("#said")).to_have_text("The page changed meanwhile. Nothing was done.")
    assert posted == []


def test_r_asks_p_pauses_and_a_question_mark_explains(opened: Open) -> None:
    page = opened().page
    with page.expect_response(POLL):
        page.keyboard.press("r")
    page.keyboard.press("p")
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
    page.keyboard.press("p")
    expect(page.locator("#freshness-mode")).to_have_text("Live")
    page.keyboard.press("?")
    dialog(page, "Keyboard")
    page.keyboard.press("p")
    expect(page.locator("#freshness-mode")).to_have_text("Live")


def quiet(stage: Stage, keys: str = "rp?") -> None:
    """None of these keys does anything."""
    asked = polls_of(stage.page)
    for key in keys:
        stage.page.keyboard.press(key)
    expect(stage.page.get_by_role("dialog")).to_be_hidden()
    expect(stage.page.locator("#freshness-mode")).to_have_text("Live")
    assert asked == []


def test_keys_do_nothing_where_somebody_types_or_with_control_held(opened: Open) -> None:
    stage = opened()
    stage.page.evaluate("() => document.querySelector('main').append(document.createElement('textarea'))")
    stage.page.locator("main textarea").focus()
    quiet(stage)
    expect(stage.page.locator("main textarea")).to_have_value("rp?")
    stage.page.locator("#main").focus()
    stage.page.keyboard.press("Alt+p")
    expect(stage.page.locator("#freshness-mode")).to_have_text("Live")


def test_single_keys_can_be_turned_off_for_good_and_on_again(opened: Open) -> None:
    stage = opened()
    page = stage.page
    page.keyboard.press("?")
    page.get_by_label("Single keys do this, except where you type").uncheck()
    page.get_by_role("button", name="Close").click()
    quiet(stage)
    page.reload()
    expect(page.locator("#freshness-mode")).to_have_text("Live")
    quiet(stage)
    page.get_by_role("button", name="Keyboard").click()
    page.get_by_label("Single keys do this, except where you type").check()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
