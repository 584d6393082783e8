"""A real headless Chromium for tests: pages, their complaints, and what axe says of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NOTE_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 640}
PATIENCE = 120_000  # milliseconds: a busy machine is no failure of the page
THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

expect.set_options(timeout=PATIENCE)


def chromium() -> str:
    """The program to start: CHROMIUM, or the first one on PATH."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    assert found, "the browser tests need Chromium: install it, or set CHROMIUM to the program"
    return found


@contextmanager
def browser_page(
    *, scripts: bool = True, viewport: ViewportSize = DESKTOP
) -> Iterator[tuple[Page, list[str]]]:
    """A page, and the complaints of its console. The database can be asked only once it is closed."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        context = browser.new_context(java_script_enabled=scripts, viewport=viewport)
        if scripts:
            context.add_init_script(NOTE_VIOLATIONS)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page, complaints
        browser.close()


def arrive(page: Page, path: str) -> None:
    """Waits for a page whose path fits the pattern. The query of an address may name the page that comes next, so
    that a pattern of the whole address would fit too early.
    """
    page.wait_for_url(lambda url: fnmatch(urlsplit(url).path, path))


def check_accessible(page: Page, *, targets: bool = False) -> None:
    """What axe checks by itself; with `targets` also that what is pressed has 24 pixels (WCAG 2.2, 2.5.8)."""
    options = {"rules": {"target-size": {"enabled": targets}}}
    violations = Axe().run(page, options=options).response["violations"]
    found = [(each["id"], each["nodes"][0]["target"]) for each in violations]
    assert not found, found
