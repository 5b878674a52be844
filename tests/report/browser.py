"""A headless Chromium that loads a page and says what it found; no driver, no network.

The page is copied with a script before it, which gathers errors, and one behind it, which looks and
clicks and hands what it found to the frame around it; Chromium prints that frame. Its time is virtual: it
passes where the page waits, so that nothing here depends on how fast the machine is.
"""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
GATHER = """<script>
window.found = { errors: [], requests: [] };
addEventListener("error", (e) => found.errors.push(e.message || `not loaded: ${e.target.src}`), true);
for (const word of ["error", "warn"]) console[word] = (...what) => found.errors.push(what.join(" "));
</script>"""
LOOK = """<script>
(async () => {
  const shown = [...document.images].filter((image) => image.getAttribute("src"));
  for (const image of shown) image.loading = "eager";
  const loading = () => document.readyState !== "complete" || shown.some((image) => !image.complete);
  for (let i = 0; i < 500 && loading(); i++) await new Promise((done) => setTimeout(done, 100));
  CODE
  parent.postMessage(btoa(unescape(encodeURIComponent(JSON.stringify(found)))), "*");
})();
</script>"""
# A window of Chromium is never narrower than 500 pixels; a frame is.
FRAME = """<!doctype html><script>
addEventListener("message", (event) => {
  const held = document.createElement("pre");
  held.textContent = event.data;
  document.body.append(held);
});
</script><body><iframe src="PAGE" width="WIDTH" height="900" style="border: 0"></iframe>"""


def look(
    page: Path,
    code: str,
    width: int = 1400,
    hash: str = "",
    dark: bool = False,
    library: Path | None = None,
) -> dict[str, Any]:
    """What `code`, JavaScript that writes into the object `found`, found on a page in a window.

    Args:
        hash: of the address, with its "#".
        dark: what the reader prefers.
        library: a script that `code` uses.
    """
    text = page.read_text(encoding="utf-8")
    copy = page.with_name(f"{page.stem}.looked.html")
    code = LOOK.replace("CODE", code)
    if library is not None:
        shutil.copy(library, page.with_name("library.js"))
        code = f'<script src="library.js"></script>{code}'
    copy.write_text(
        text.replace("<head>", f"<head>{GATHER}", 1).replace("</body>", f"{code}</body>")
    )
    frame = page.with_name("frame.html")
    frame.write_text(FRAME.replace("PAGE", copy.as_uri() + hash).replace("WIDTH", str(width)))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--window-size=1600,1000", "--virtual-time-budget=120000"]
    command += ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [*command, frame.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    held = re.search(r"<pre>([^<]+)</pre>", done.stdout)
    assert held, f"the page's script did not come to its end: {done.stderr[-500:]}"
    return json.loads(base64.b64decode(held[1]))
