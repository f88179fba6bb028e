"""From the last key typed in the sentence box to the mask on the screen, in a real browser.

    python benchmarks/page_latency.py [--sentences 20] [--pause 120] [--url http://127.0.0.1:8000/]

Without `--url` a server of its own is started on a free port. The shipped phantom is opened, then
sentences are typed on it key by key, each of them new, so that the server has no answer in store. A
time runs from the browser's stamp of the last key to the end of the frame with the new mask; the
page's own wait for a next key (80 ms) is in it. Sentences that change nothing on the screen do not
count; the exit code is 1 if none does. Measure on an idle machine. Needs the extra `serve`,
playwright and Debian's chromium.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product

from playwright.sync_api import Page, sync_playwright
from serve_load import percentile, start_server

PICTURE = "phantom-25"
SIZES = ("small", "large", "tiny", "big", "round", "oval")
ZONES = ("upper", "middle", "lower")
SIDES = ("left", "right")
"""They take turns: each sentence draws another mask than the one before."""
WATCH = """
() => {
  let keys = 0;
  let stamp = 0;
  addEventListener("keydown", (event) => {
    keys++;
    stamp = event.timeStamp;
    window.milliseconds = null;
  }, true);
  const isGone = (change) => [...change.removedNodes].some((one) => one.className === "busy");
  new MutationObserver((changes) => {
    if (!changes.some(isGone)) return;
    const asked = keys;
    // The page paints in the next frame; what is set behind it runs when that frame is done.
    requestAnimationFrame(() => setTimeout(() => {
      if (keys === asked) window.milliseconds = performance.now() - stamp;
    }));
  }).observe(document.querySelector(".box"), { childList: true });
}
"""
SHOWN = "document.querySelector('.stage canvas').toDataURL()"


def sentences() -> Iterator[str]:
    """Yield sentences of the phantom, none of them twice."""
    for size, zone, side in product(SIZES, ZONES, SIDES):
        yield f"one {size} opacity in the {zone} zone of the {side} lung"


@contextmanager
def served(url: str | None) -> Iterator[str]:
    """Yield the address of a server; one that is started here ends with the block."""
    if url is not None:
        yield url
        return
    process, address = start_server()
    try:
        yield address
    finally:
        process.terminate()
        process.wait(20)


def open_picture(page: Page, url: str) -> None:
    """Open the phantom, wait for its first mask, and watch the keys from then on."""
    page.goto(url)
    page.locator(".examples button", has_text=PICTURE.split("-")[1]).first.click()
    page.locator(".answer[data-stale=false]").wait_for()
    page.evaluate(WATCH)


def latency_of(page: Page, text: str, pause: float) -> float | None:
    """Type a sentence in place of the one before; return the milliseconds until it was drawn.

    None where the screen shows what it showed before: nobody saw anything then.
    """
    before = page.evaluate(SHOWN)
    page.get_by_label("Sentence", exact=True).fill("")
    page.keyboard.type(text, delay=pause)
    milliseconds = page.wait_for_function("window.milliseconds").json_value()
    if page.evaluate(SHOWN) == before:
        return None
    return float(milliseconds)


def main() -> int:
    """Type, wait, and tell how long it took."""
    most = len(list(sentences()))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=20, help=f"at most {most}")
    parser.add_argument("--pause", type=float, default=120.0, help="milliseconds between two keys")
    parser.add_argument("--url")
    asked = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with served(asked.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)
        open_picture(page, url)
        texts = islice(sentences(), asked.sentences)
        found = [latency_of(page, text, asked.pause) for text in texts]
        browser.close()
    times = [one for one in found if one is not None]
    if not times:
        raise SystemExit("No sentence changed anything on the screen.")
    middle, slow = (percentile(times, share) for share in (0.5, 0.95))
    print(
        f"last key to mask: median {middle:.0f} ms, p95 {slow:.0f} ms of {len(times)} sentences "
        f"that changed the mask ({len(found)} asked)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
