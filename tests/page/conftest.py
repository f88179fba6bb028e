"""A real server with the shipped model, and a real browser in front of it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from needed import need
from page_user import KEY, User

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src" / "lingseg" / "web" / "page" / "index.html"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "src" / "lingseg" / "bundles" / "demo"
MOST_MEBIBYTES = 8
BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


class Server:
    """`lingseg serve` in a process of its own, which can be killed and started again."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.address = ""
        self.start(port=0)

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "lingseg", "serve", "--no-open", "--port", str(port)]
        self.process = subprocess.Popen(
            [*command, "--threads", "1", "--max-upload", str(MOST_MEBIBYTES), *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        for line in self.process.stdout:
            if found := re.search(r"http://[\w.:\[\]]+", line):
                self.address = found[0]
                return
        raise RuntimeError(f"The server ended before it told its address: {self.process.wait()}.")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def start_again(self) -> None:
        self.start(port=int(self.address.rsplit(":", 1)[1]))


@pytest.fixture(scope="session")
def chromium():
    """Debian's own, headless."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    need(program is not None, "Chromium", "apt-get install chromium")
    need(PAGE.is_file(), "the built page", "npm install --no-save && npm run build in web/")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        need(False, "playwright", "pip install playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=BROWSER)
        yield browser
        browser.close()


def server_fixture(scope, *options):
    """A fixture of a server that runs with these options."""

    @pytest.fixture(scope=scope)
    def server(chromium):
        del chromium  # only asked for first: where there is none, no server is started
        started = Server(*options)
        yield started
        started.kill()

    return server


server = server_fixture("session")
own_server = server_fixture("function")
"""One that a test may kill."""
locked_server = server_fixture("function", "--key", KEY)


@pytest.fixture
def visit(chromium):
    """Open the page of a server as a user would; what the browser complains of fails the test."""
    contexts, complaints = [], []

    def go(server, *, width=1280, height=800, theme="dark", context=None):
        if context is None:
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,
                accept_downloads=True,
            )
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("dialog", lambda dialog: dialog.accept())
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_wrong(said) else None)
        page.goto(server.address + "/")
        return User(page)

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def is_wrong(said) -> bool:
    """What a script or the content security policy did; a refused request is told by the page."""
    return said.type == "error" and "Failed to load resource" not in said.text


@pytest.fixture
def user(server, visit):
    return visit(server)


@pytest.fixture(scope="session")
def axe():
    """The accessibility checker, as a script."""
    need(AXE.is_file(), "axe-core", "npm install --no-save in web/")
    return AXE.read_text(encoding="utf-8")
