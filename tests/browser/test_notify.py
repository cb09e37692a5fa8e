"""The pages about notifications in a real browser: they follow, keep what readers do, and work without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pydantic import SecretStr

from perseus import keys
from perseus.notify.orders import Answer
from tests.browser.conftest import WATCH_POLICY, serving, sign_in
from tests.web.conftest import notified
from tests.web.dispatching import Hand, fine, wrong
from tests.web.notified import Notified

__all__ = ["notified"]

OPS = "/plugins/destinations/ops"
OTHERS = ("/plugins/destinations/new", "/plugins/destinations/new?kind=chat")
ALERTS = ("/alerts?exchange=coinbase", "/alerts/rules/1", "/alerts/rules/new")
PAGES = ("/plugins", OPS, f"{OPS}/history", f"{OPS}/dead", f"{OPS}/delete", *OTHERS, *ALERTS)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Scene:
    """A page in a browser, and the site behind it. `expected`: what the console may complain of."""

    page: Page
    site: Notified
    address: str
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def poll(self, path: str) -> None:
        """Let five seconds pass and wait for the answer of the poll that they bring."""
        self.site.settle()
        with self.page.expect_response(lambda response: response.url == self.address + path):
            self.page.clock.run_for(5_000)
        self.page.wait_for_timeout(50)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in self.expected):
            self.troubles.append(message.text)


Open = Callable[..., Scene]


@pytest.fixture
def ops(notified: Notified) -> Notified:
    """A destination that a dispatcher serves, and an event that it was told of."""
    notified.add("ops", url=SecretStr("https://secret.example"))
    notified.report()
    notified.state("ops")
    name = notified.happened()
    notified.tried("ops", name)
    notified.decided("ops", name)
    notified.died("ops", name)
    return notified


@pytest.fixture
def opened(browser: Browser, ops: Notified) -> Iterator[Open]:
    """Opens a page of the site; in the end no console may have complained of anything but what the test expects."""
    scenes: list[Scene] = []
    with serving(ops.app) as address:

        def open_page(path: str, *, frozen: bool = False, **options: object) -> Scene:
            context = browser.new_context(**options)  # type: ignore[arg-type]
            sign_in(context, address)
            page = context.new_page()
            page.add_init_script(WATCH_POLICY)
            if frozen:
                page.clock.install()
            scene = Scene(page, ops, address)
            scenes.append(scene)
            page.on("console", scene.heard)
            page.on("pageerror", lambda error: scene.troubles.append(str(error)))
            scene.go(path)
            return scene

        yield open_page
        for scene in scenes:
            scene.page.context.close()
            assert scene.troubles == []


def test_the_plugins_page_follows_without_a_reload(opened: Open) -> None:
    scene = opened("/plugins", frozen=True)
    page = scene.page
    expect(page.locator("#destination-ops .badge")).to_have_text("Sending")
    expect(page.locator("#freshness-mode")).to_have_text("Live")
    page.evaluate("() => { window.sameDocument = true; }")
    page.locator("#plugin-1-hooks summary").click()
    page.locator("#plugin-1 button").focus()
    scene.site.state("ops", breaker="parked", breakerReason="HTTP 404: gone")
    scene.poll("/plugins")
    expect(page.locator("#destination-ops .badge")).to_have_text("Parked")
    expect(page.locator("#destination-ops .card-note")).to_contain_text("HTTP 404: gone")
    expect(page).to_have_title("1 wrong · Plugins")
    expect(page.locator("#plugin-1-hooks")).to_have_attribute("open", "")
    expect(page.locator("#plugin-1 button")).to_be_focused()
    assert page.evaluate("() => window.sameDocument") is True


def test_a_store_that_falls_silent_leaves_what_is_shown_and_says_so(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = opened("/plugins", frozen=True)
    scene.expected = ("htmx: htmx:response:error", "Failed to load resource")
    scene.page.route("**/plugins", lambda route: route.fulfill(status=503))
    for _ in range(3):
        scene.poll("/plugins")
    expect(scene.page.locator("#stale-text")).to_contain_text("The server answered 503")
    expect(scene.page.locator("#destination-ops .badge")).to_have_text("Sending")


def test_a_test_send_shows_its_answer_where_it_was_asked_and_stops_asking(opened: Open) -> None:
    scene = opened(OPS)
    page, asked = scene.page, list[str]()
    page.on("request", lambda request: asked.append(request.url) if "/orders/" in request.url else None)
    with Hand(scene.site.client).of_destination("ops", lambda _: Answer(True, "delivered as message 42")):
        page.get_by_role("button", name="Test send").click()
        expect(page.locator("#answer")).to_contain_text("Test send: done. delivered as message 42")
    count = len(asked)
    page.wait_for_timeout(1_500)
    assert len(asked) == count
    assert page.url == scene.address + OPS
    expect(page.get_by_role("button", name="Test send")).to_be_enabled()


def test_a_plugin_is_switched_off_only_by_who_agrees(opened: Open) -> None:
    scene = opened("/plugins", frozen=True)
    page = scene.page
    page.get_by_role("button", name="Switch off chat").click()
    expect(page.get_by_role("dialog")).to_contain_text("chat does nothing from then on")
    scene.poll("/plugins")
    page.get_by_role("button", name="Leave it as it is").click()
    expect(page.get_by_role("button", name="Switch off chat")).to_be_focused()
    page.get_by_role("button", name="Switch off chat").click()
    page.get_by_role("dialog").get_by_role("button", name="Switch off chat").click()
    expect(page.get_by_role("button", name="Switch on chat")).to_be_visible()


def test_an_order_waits_visibly_until_its_answer_comes(opened: Open) -> None:
    scene = opened(OPS)
    page = scene.page
    page.get_by_role("button", name="Probe").click()
    expect(page.locator("#answer")).to_have_attribute("data-answer", "pending")
    with Hand(scene.site.client).of_destination("ops", lambda _: Answer(False, "HTTP 404: Unknown Webhook")):
        expect(page.locator("#answer")).to_contain_text("Probe: failed. HTTP 404: Unknown Webhook")
    expect(page.locator("#answer")).to_have_attribute("role", "status")


def test_a_dispatcher_that_does_not_run_is_said_at_once(opened: Open) -> None:
    scene = opened(OPS)
    scene.site.client.delete(keys.DISPATCHERS)
    scene.site.settle()
    scene.page.get_by_role("button", name="Test send").click()
    expect(scene.page.locator("#answer")).to_contain_text("No dispatcher runs")


def test_a_button_that_cannot_ask_says_so(opened: Open) -> None:
    scene = opened(OPS)
    scene.expected = ("htmx: htmx:response:error", "htmx: htmx:error", "Failed to load resource")
    scene.page.route("**/orders", lambda route: route.fulfill(status=500))
    scene.page.get_by_role("button", name="Probe").click()
    expect(scene.page.locator("#answer")).to_have_text("The server refused it (500).")
    scene.page.unroute("**/orders")
    scene.page.route("**/orders", lambda route: route.abort())
    scene.page.get_by_role("button", name="Probe").click()
    expect(scene.page.locator("#answer")).to_contain_text("Nothing was asked.")
    expect(scene.page.get_by_role("button", name="Probe")).to_be_enabled()


def test_a_dry_run_and_a_replay_are_reached_with_the_keyboard(opened: Open) -> None:
    scene = opened(OPS)
    page = scene.page
    with Hand(scene.site.client).of_destination(
        "ops", lambda _: Answer(True, "nothing was sent", {"content": "hello"})
    ):
        page.locator("#dry-run summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.locator("#dry-run-event")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#answer pre")).to_contain_text('"content": "hello"')


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(opened: Open) -> None:
    scene = opened(OPS)
    page = scene.page
    page.get_by_label("Username").fill("Perseus at Acme")
    with Hand(scene.site.client).of_kind("chat", wrong(username="is too long")):
        page.get_by_role("button", name="Save the configuration").click()
        field_ = page.get_by_label("Username")
        expect(field_).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#config-username-error")).to_have_text("is too long")
        assert "config-username-error" in str(field_.get_attribute("aria-describedby"))
    expect(field_).to_have_value("Perseus at Acme")
    scene.expected = ("422",)
    scene.troubles = [one for one in scene.troubles if "422" not in one]
    with Hand(scene.site.client).of_kind("chat", fine):
        page.get_by_role("button", name="Save the configuration").click()
        expect(page.get_by_text("The configuration is saved.")).to_be_visible()


def test_polls_leave_a_form_as_it_was_typed(opened: Open) -> None:
    scene = opened(OPS, frozen=True)
    page = scene.page
    page.get_by_label("Username").fill("half typ")
    scene.site.state("ops", breaker="open", breakerReason="time-out")
    scene.poll(OPS)
    expect(page.locator("#standing .badge")).to_have_text("Breaker open")
    expect(page.get_by_label("Username")).to_have_value("half typ")
    expect(page.get_by_label("Username")).to_be_focused()


def test_a_delivery_appears_under_its_event_with_a_poll(opened: Open) -> None:
    scene = opened("/network", frozen=True)
    marks = scene.site.outbound.marks
    expect(scene.page.locator(".row")).to_have_count(1)
    marks.refresh()
    scene.poll("/network/live")
    expect(scene.page.locator(".row-fates")).to_have_text(re.compile("Sent: ops"))
    scene.page.locator(".row a.exact").click()
    expect(scene.page.locator("#delivery-ops .told-answer")).to_contain_text("ops was told at")


def test_everything_can_be_asked_without_javascript(opened: Open) -> None:
    scene = opened(OPS, java_script_enabled=False)
    page = scene.page
    with Hand(scene.site.client).of_destination("ops", lambda _: Answer(True, "delivered as message 42")):
        page.get_by_role("button", name="Test send").click()
        expect(page.locator("#answer")).to_contain_text("delivered as message 42", timeout=10_000)
    page.get_by_role("link", name="Back to ops").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    scene.go("/alerts/rules/new")
    page.get_by_label("Name").fill("Only ops")
    page.get_by_label("ops", exact=True).check()
    page.get_by_role("button", name="Save the rule").click()
    expect(page.locator("#rule-2 dd").last).to_have_text("ops")
    page.get_by_role("button", name=re.compile("Earlier.*rule 2")).click()
    expect(page.locator("#rule-1")).to_contain_text("Only ops")


@pytest.mark.parametrize(("scheme", "width"), [("light", 375), ("dark", 375), ("dark", 1180)])
def test_no_page_is_wider_than_its_window(opened: Open, scheme: str, width: int) -> None:
    scene = opened("/network", viewport={"width": width, "height": 800}, color_scheme=scheme)
    long = "x" * 300
    scene.site.state("ops", breaker="parked", breakerReason=long)
    scene.site.tried("ops", f"coinbase:{'9' * 15}-0", outcome="poison", reason=long, title=long)
    name = scene.site.happened(2, error=long, event="error", **{long: long})
    scene.site.decided("ops", name, detail=long)
    for path in (*PAGES, f"/network/events/{name}"):
        scene.go(path)
        assert scene.page.evaluate(OVERFLOW) <= 0, path
        assert scene.page.locator("h1").count() == 1, path
