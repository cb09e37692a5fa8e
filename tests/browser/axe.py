"""axe-core on a page as it stands: what it finds against WCAG 2.2 A and AA, in light and dark, wide and narrow."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
SCHEMES = ("light", "dark")
WIDTHS = (1280, 375)
RUN = """async (tags) => {
  const {violations} = await axe.run({runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  return violations.flatMap((found) => found.nodes.map((node) => `${found.id}: ${node.html} ${node.failureSummary}`));
}"""


def faults(page: Page) -> list[str]:
    """What axe finds wrong now. Neither the policy of the page nor its clock is in the way."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(RUN, TAGS)
    return [str(one) for one in found]


def faults_everywhere(page: Page) -> list[str]:
    """The same in both colour schemes and at both widths, without a reload."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{scheme}, {width} px: {one}" for one in faults(page)]
    return found
