"""The script for a shop's pages, run by node against the real server."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import regulars.serving
from regulars.serving.gate import Access
from serving.http.live import listening
from serving.http.shopfront import Shopfront

SCRIPT = Path(regulars.serving.__file__).parent / "static" / "regulars.js"
BEFORE = """
const Regulars = require(SCRIPT);
function storage(held) {
  const kept = new Map(Object.entries(held || {}));
  return { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value),
           removeItem: (name) => kept.delete(name), all: () => Object.fromEntries(kept) };
}
const say = (value) => console.log(JSON.stringify(value));
"""


@pytest.fixture
def run():
    """What a page with this script says, line by line."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed")

    def page(text, **known):
        told = "".join(
            f"const {name} = {json.dumps(value)};\n" for name, value in {"SCRIPT": str(SCRIPT), **known}.items()
        )
        code = f"{told}{BEFORE}(async () => {{ {text} }})().then(() => process.exit(0));"
        done = subprocess.run([node, "-e", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return page


def test_events_of_a_page_are_stored_and_what_followed_an_answer_says_so(shop, run):
    with listening(shop.app) as url:
        told = run(
            """
            const shop = Regulars({ url: URL_, consent: true, storage: storage() });
            const answer = await shop.recommend({ session: [{ item: "milk" }], k: 2 });
            shop.track(answer.items[0].item, { kind: "purchase", value: 2.49 });
            shop.track("tea");
            say(await shop.flush()); say(shop.visitor()); say(shop.waiting());
            """,
            URL_=url,
        )
    assert (told[0], told[2]) == (True, 0)
    history = {event.item_id: event for event in shop.store.events.histories([told[1]])[0]}
    assert (history["milk"].kind, history["milk"].value, history["milk"].exposure_id) == ("purchase", 2.49, "exp-1")
    assert history["tea"].kind == "view"


def test_events_wait_in_the_browser_until_the_service_is_there_and_are_stored_once(shop, run):
    (held, visitor) = run(
        """
        const kept = storage();
        const shop = Regulars({ url: "http://127.0.0.1:9", consent: true, storage: kept });
        shop.track("tea"); shop.track("milk");
        await shop.flush(); say(kept.all()); say(shop.visitor());
        """
    )
    assert len(json.loads(held["regulars.queue"])) == 2
    with listening(shop.app) as url:
        again = """
            const kept = storage(HELD);
            const shop = Regulars({ url: URL_, consent: true, storage: kept });
            say(await shop.flush()); say(kept.all());
            """
        for _ in range(2):  # two tabs find the same queue
            taken, left = run(again, HELD=held, URL_=url)
            assert taken
            assert left == {"regulars.visitor": visitor}
    assert sorted(event.item_id for event in shop.store.events.histories([visitor])[0]) == ["milk", "tea"]


def test_two_tabs_keep_each_others_events_in_the_storage(shop, run):
    with listening(shop.app) as url:
        told = run(
            """
            const kept = storage();
            const first = Regulars({ url: "http://127.0.0.1:9", consent: true, storage: kept });
            const second = Regulars({ url: URL_, consent: true, storage: kept });
            first.track("tea"); second.track("milk");
            const items = () => JSON.parse(kept.getItem("regulars.queue") || "[]").map((one) => one.event.item).sort();
            say(items()); say(await second.flush()); say(items());
            """,
            URL_=url,
        )
    assert told == [["milk", "tea"], True, ["tea"]]


def test_consent_that_is_taken_back_takes_what_waits_along(shop, run):
    with listening(shop.app) as url:
        told = run(
            """
            const shop = Regulars({ url: URL_, consent: true, storage: storage(), delay: 600000 });
            shop.track("tea"); shop.agree(false); say(shop.waiting()); say(await shop.flush());
            """,
            URL_=url,
        )
    assert told == [0, True]
    assert shop.store.events.count() == 0


def test_without_consent_nothing_is_kept_in_the_browser(shop, run):
    with listening(shop.app) as url:
        kept, first, second, agreed, after = run(
            """
            const kept = storage();
            const shop = Regulars({ url: URL_, storage: kept });
            shop.track("tea"); await shop.flush();
            say(kept.all()); say(shop.visitor()); say(Regulars({ url: URL_, storage: kept }).visitor());
            shop.agree(true); say(kept.all()); shop.agree(false); say(kept.all());
            """,
            URL_=url,
        )
    assert kept == after == {}
    assert first != second
    assert agreed == {"regulars.visitor": first}


def test_after_the_login_events_are_the_customers(shop, run):
    with listening(shop.app) as url:
        (visitor,) = run(
            """
            const shop = Regulars({ url: URL_, consent: true, storage: storage() });
            shop.track("tea"); say(shop.identify("c1")); shop.track("milk"); await shop.flush();
            """,
            URL_=url,
        )
    assert [event.item_id for event in shop.store.events.histories([visitor])[0]] == ["tea"]
    assert [event.item_id for event in shop.store.events.histories(["c1"])[0]] == ["milk"]


def test_what_the_service_will_never_take_does_not_block_the_rest(shop, run):
    with listening(shop.app) as url:
        told = run(
            """
            const shop = Regulars({ url: URL_, storage: null });
            shop.track(""); await shop.flush(); shop.track("tea"); say(await shop.flush()); say(shop.waiting());
            """,
            URL_=url,
        )
    assert told == [True, 0]


def test_a_page_of_a_site_that_is_not_named_may_not_ask(tmp_path):
    shop = Shopfront(tmp_path, access=Access(open=True, origins=["https://shop.example"]))
    try:
        preflight = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key,content-type",
        }
        good = shop.ask("OPTIONS", "/v1/events", headers={"Origin": "https://shop.example", **preflight})
        bad = shop.ask("OPTIONS", "/v1/events", headers={"Origin": "https://evil.example", **preflight})
        assert good.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-origin" not in bad.headers
        refused = shop.ask("POST", "/v1/events", content="{}", headers={"Origin": "https://shop.example"})
        assert refused.status_code == 422
        assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    finally:
        shop.close()
