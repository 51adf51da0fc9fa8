# SPDX-License-Identifier: MIT
"""A browser without a window: Debian's chromium, driven by its chromedriver through W3C WebDriver."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE_S = 60
TAB, ENTER, ESCAPE, LEFT, UP, RIGHT, DOWN = "\ue004", "\ue007", "\ue00c", "\ue012", "\ue013", "\ue014", "\ue015"
SHIFT = "\ue008"
# It finds no names, so nothing but this machine.
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]


class Browser:
    """Until the with block ends."""

    def __init__(self, width=1200, height=800):
        self.folder = tempfile.mkdtemp()
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            m = re.search(r"started successfully on port (\d+)", line)
            if m:
                break
        self.base = "http://127.0.0.1:%s/session" % m[1]
        options = {"args": [*ARGUMENTS, "--user-data-dir=" + self.folder, "--window-size=%d,%d" % (width, height)]}
        session = self.call("", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.base += "/" + session["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call("", method="DELETE")
        self.driver.terminate()
        self.driver.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, path, body=None, method=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as r:
            return json.load(r)["value"]

    def open(self, url):
        self.call("/url", {"url": url})

    def run(self, script, *args):
        """The body of a function of JavaScript; its value."""
        return self.call("/execute/sync", {"script": script, "args": list(args)})

    def wait(self, script, *args):
        """Until the script's value is true; that value."""
        until = time.monotonic() + PATIENCE_S
        while not (value := self.run(script, *args)):
            if time.monotonic() > until:
                raise TimeoutError(script)
        return value

    def element(self, selector, text=None):
        """The first one, if wanted with this text, as an argument to run()."""
        return self.wait("return [...document.querySelectorAll(arguments[0])].find("
                         "e => arguments[1] === null || e.textContent.trim() === arguments[1])", selector, text)

    def click(self, element, shift=False):
        self.run("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true, shiftKey: arguments[1]}))" if shift
                 else "", element, shift)
        if not shift:
            self.call("/element/%s/click" % element[ELEMENT], {})

    def type(self, element, text):
        self.call("/element/%s/value" % element[ELEMENT], {"text": text})

    def press(self, key, shift=False):
        """Where the focus is; key as WebDriver names it."""
        both = [{"type": way, "value": key} for way in ("keyDown", "keyUp")]
        if shift:
            both = [{"type": "keyDown", "value": SHIFT}, *both, {"type": "keyUp", "value": SHIFT}]
        self.call("/actions", {"actions": [{"type": "key", "id": "keys", "actions": both}]})

    def pages_on_paper(self):
        return len(re.findall(rb"/Type */Page\b", base64.b64decode(self.call("/print", {}))))

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("/screenshot")))

    def complaints(self):
        """What the console says since the last time."""
        return [entry["message"] for entry in self.call("/se/log", {"type": "browser"})]

    def origins(self):
        """Of all that the page loaded."""
        return self.run("return [...new Set(performance.getEntriesByType('resource')"
                        ".map(e => new URL(e.name).origin))]")
