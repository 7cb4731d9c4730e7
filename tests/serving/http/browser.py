"""A real browser, driven over the protocol of its developer tools: Chromium without a window."""

import itertools
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

NAMES = (os.environ.get("CHROMIUM", "chromium"), "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SECONDS = 60


@contextmanager
def browser(folder: Path):
    """Chromium with a profile of its own in a folder; skipped where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("chromium is not installed")
    with (folder / "said").open("wb") as said:
        running = subprocess.Popen([program, *FLAGS, f"--user-data-dir={folder}"], stdout=said, stderr=said)
    try:
        port, path = _told(folder / "DevToolsActivePort", running)
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=2**26, open_timeout=SECONDS) as line:
            yield Browser(line)
    finally:
        running.terminate()
        running.wait(SECONDS)


def _told(page, running):
    until = time.monotonic() + SECONDS
    while not (page.is_file() and len(lines := page.read_text().split()) == 2):
        assert running.poll() is None, (page.parent / "said").read_text()
        assert time.monotonic() < until, "chromium does not start"
        time.sleep(0.05)
    return lines


class Browser:
    """Tabs of one browser."""

    def __init__(self, line):
        self._line = line
        self._number = itertools.count(1)
        self._events = []

    def tab(self, url):
        """A new tab that has loaded a page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session, target)
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        tab.go(url)
        return tab

    def call(self, method, session="", **params):
        """One command; its result. What the browser tells meanwhile is kept."""
        number = next(self._number)
        asked = {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        self._line.send(json.dumps(asked))
        while True:
            told = json.loads(self._line.recv(SECONDS))
            if told.get("id") == number:
                assert "error" not in told, (method, told["error"])
                return told["result"]
            self._events.append(told)

    def wait(self, session, method):
        """The first event of its name in a tab that was not waited for."""
        while True:
            for place, told in enumerate(self._events):
                if told.get("method") == method and told.get("sessionId") == session:
                    return self._events.pop(place)["params"]
            self._events.append(json.loads(self._line.recv(SECONDS)))

    def told(self, session, method):
        """All events of a name in a tab so far."""
        return [
            one["params"] for one in self._events if one.get("method") == method and one.get("sessionId") == session
        ]


class Tab:
    """One page."""

    def __init__(self, whole, session, target):
        self._whole, self._session, self._target = whole, session, target

    def call(self, method, **params):
        return self._whole.call(method, self._session, **params)

    def go(self, url):
        """To another page, as by its address."""
        self.call("Page.navigate", url=url)
        self._whole.wait(self._session, "Page.loadEventFired")

    def close(self):
        self._whole.call("Target.closeTarget", targetId=self._target)

    def run(self, script):
        """What an expression comes to, waited for if it is a promise."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def click(self, selector):
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def complaints(self):
        """What the page logged as errors: scripts that failed, requests that were not allowed."""
        self.run("0")
        logged = [one["entry"] for one in self._whole.told(self._session, "Log.entryAdded")]
        thrown = [one["exceptionDetails"] for one in self._whole.told(self._session, "Runtime.exceptionThrown")]
        return [one["text"] for one in logged if one["level"] == "error"] + [str(one) for one in thrown]
