"""One run through everything: a real instance on a real store, followed in a real browser by real polls."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from perseus import db
from perseus.web import create_app
from tests.browser.conftest import serving, sign_in
from tests.conftest import short
from tests.instances import Party, party, walk
from tests.web.signedin import admitted

__all__ = ["party"]

TWO_POLLS = 11_000


def test_a_card_follows_its_instance_from_start_to_stop(
    tmp_path: Path,
    real_store: str,
    browser: Browser,
    party: Party,
) -> None:
    database = db.default_url(tmp_path)
    db.initialise(database)
    exchange = db.exchanges(database)[0]
    app = admitted(create_app(short(tmp_path, redis_url=real_store, database_url=database), watch=False))
    with serving(app) as address:
        context = browser.new_context()
        sign_in(context, address, app)
        page = context.new_page()
        page.goto(f"{address}/network")
        badge = page.locator(f"#card-{exchange.id} .card-head .badge")
        expect(badge).to_have_text("Never seen")
        instance = walk(party.join(real_store, exchange=exchange))
        expect(badge).to_have_text("Active", timeout=TWO_POLLS)
        expect(page.locator(".row")).to_have_count(3)
        instance.stop("the test is over")
        expect(badge).to_have_text("Offline · stopped", timeout=TWO_POLLS)
        expect(page.locator(f"#card-{exchange.id}")).to_contain_text("Stopped in order: the test is over.")
        context.close()
