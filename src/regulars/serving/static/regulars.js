/* Regulars for a shop's pages: events that are not lost, and recommendations.
 *
 *   const shop = Regulars({ url: "https://api.example.com", key: "reg_...", consent: true });
 *   shop.track("tea");
 *   shop.track("tea", { kind: "purchase", value: 2.49 });
 *   shop.recommend({ scenario: "product", basket: ["tea"], k: 5 }).then(answer => ...);   // wants a key of the role read
 *
 * key: of the role events, as everybody can read it. consent: whether the visitor agreed to be recognized; without it the
 * visitor has an id for this page alone and nothing is stored in the browser. Events carry their age instead of a time,
 * as the clocks of visitors may be wrong, and an event_id, so that sending them again is safe.
 */
(function (root) {
  "use strict";

  const VISITOR = "regulars.visitor";
  const QUEUE = "regulars.queue";
  const MOST = 500; // events that wait; the oldest go first
  const BATCH = 50; // of one request: a browser sends 64 KB at most when a page closes
  const DAY = 86400e3;

  function Regulars(options) {
    const url = (options.url || "").replace(/\/+$/, "");
    const storage = options.storage || safely(() => root.localStorage);
    let consent = options.consent === true;
    let visitor = (consent && read(VISITOR)) || "v-" + random();
    let customer = options.customer || "";
    let queue = consent ? parsed(read(QUEUE)).filter((one) => Date.now() - one.at < 7 * DAY) : [];
    let sending = null;
    let timer = null;
    let pause = 0;
    const followed = {}; // item -> exposure_id of the answer that showed it

    if (consent) write(VISITOR, visitor);

    function read(name) {
      return storage && safely(() => storage.getItem(name));
    }

    function write(name, value) {
      if (storage) safely(() => (value === null ? storage.removeItem(name) : storage.setItem(name, value)));
    }

    function keep() {
      if (consent) write(QUEUE, queue.length ? JSON.stringify(queue) : null);
    }

    /* Notes what the visitor did with an item; more: kind, value, quantity, context, exposure_id. */
    function track(item, more) {
      const event = Object.assign({ customer: customer || visitor, item: String(item), event_id: random() }, more);
      if (!event.exposure_id && followed[event.item]) event.exposure_id = followed[event.item];
      queue.push({ at: Date.now(), event: event });
      queue = queue.slice(-MOST);
      keep();
      later(options.delay === undefined ? 200 : options.delay);
      return event.event_id;
    }

    function later(milliseconds) {
      if (timer === null && queue.length && !sending) {
        timer = root.setTimeout(() => { timer = null; flush(); }, milliseconds);
      }
    }

    /* Sends what waits; resolves to whether all of it was taken. */
    function flush() {
      if (sending) return sending.then(flush);
      if (!queue.length) return Promise.resolve(true);
      const batch = queue.slice(0, BATCH);
      sending = post("/v1/events", batch.map(aged), true)
        .then((reply) => {
          // 2xx: stored; 4xx but too many: these very events will never be taken
          const done = reply.ok || (reply.status < 500 && ![401, 403, 408, 429].includes(reply.status));
          const ids = new Set(batch.map((one) => one.event.event_id));
          if (done) queue = queue.filter((one) => !ids.has(one.event.event_id));
          return done;
        }, () => false)
        .then((done) => {
          sending = null;
          keep();
          pause = done ? 0 : Math.min(Math.max(2 * pause, 1000), 300e3);
          if (done && queue.length) return flush();
          later(pause);
          return done;
        });
      return sending;
    }

    function aged(one) {
      return Object.assign({ age: Math.max(0, (Date.now() - one.at) / 1000) }, one.event);
    }

    function post(path, body, keepalive) {
      const headers = { "Content-Type": "application/json", "X-Api-Key": options.key || "" };
      return (options.fetch || root.fetch.bind(root))(url + path, {
        method: "POST", headers: headers, body: JSON.stringify(body), keepalive: keepalive, credentials: "omit",
      });
    }

    /* Asks what to show; question: scenario, basket, session, context, k. Items of the answer that are tracked later
     * carry its exposure_id. */
    function recommend(question) {
      return post("/v1/recommend", Object.assign({ customer: customer || visitor }, question), false)
        .then((reply) => reply.json().then((answer) => {
          if (!reply.ok) throw new Error(answer.detail || answer.title);
          answer.items.forEach((line) => { followed[line.item] = answer.exposure_id; });
          return answer;
        }));
    }

    /* The visitor agreed to be recognized, or took that back: then everything that was stored is gone. */
    function agree(yes) {
      consent = yes === true;
      if (consent) {
        visitor = read(VISITOR) || visitor;
        write(VISITOR, visitor);
        keep();
      } else {
        write(VISITOR, null);
        write(QUEUE, null);
        visitor = "v-" + random();
      }
    }

    /* After the login: events are the customer's from now on. The visitor's id, which the shop's server may merge. */
    function identify(name) {
      customer = String(name || "");
      return visitor;
    }

    if (root.addEventListener) {
      root.addEventListener("pagehide", flush);
      root.addEventListener("online", flush);
    }
    later(0);

    return {
      track: track, flush: flush, recommend: recommend, agree: agree, identify: identify,
      visitor: () => visitor, waiting: () => queue.length,
    };
  }

  function random() {
    const bytes = root.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  }

  function parsed(text) {
    const found = safely(() => JSON.parse(text || "[]"));
    return Array.isArray(found) ? found.filter((one) => one && one.event && one.event.event_id) : [];
  }

  function safely(work) {
    try { return work(); } catch (error) { return null; } // storage may be forbidden or full
  }

  root.Regulars = Regulars;
  if (typeof module !== "undefined" && module.exports) module.exports = Regulars;
})(typeof globalThis !== "undefined" ? globalThis : window);
