/* Regulars for a shop's pages: events that are not lost, and recommendations.
 *
 *   const shop = Regulars({ url: "https://api.example.com", key: "reg_...", consent: true });
 *   shop.track("tea");
 *   shop.track("tea", { kind: "purchase", value: 2.49 });
 *   shop.recommend({ scenario: "product", basket: ["tea"], k: 5 }).then(answer => ...);
 *
 * key: of the role page, as everybody can read it: it may post events, and ask what to show to a visitor by the visitor's
 * random id. consent: whether the visitor agreed to be recognized; without it the visitor has an id for this page alone
 * and nothing is stored in the browser. Events carry their age instead of a time, as the clocks of visitors may be wrong,
 * and an event_id, so that sending them again is safe.
 */
(function (root) {
  "use strict";

  const VISITOR = "regulars.visitor";
  const QUEUE = "regulars.queue";
  const MOST = 500; // events that wait; the oldest go first
  const BATCH = 50; // events of one request
  const BYTES = 60000; // of all requests that outlive their page: browsers take 64 KB
  const DAY = 86400e3;

  function Regulars(options) {
    const url = (options.url || "").replace(/\/+$/, "");
    const storage = options.storage === undefined ? safely(() => root.localStorage) : options.storage;
    let consent = options.consent === true;
    let visitor = (consent && read(VISITOR)) || "v-" + random();
    let customer = options.customer || "";
    let queue = consent ? stored().filter((one) => Date.now() - one.at < 7 * DAY) : [];
    let sending = null;
    let timer = null;
    let pause = 0;
    const held = new Set(consent ? stored().map(id) : []); // every event that this page had; the others in the storage are other tabs'
    const flying = new Map(); // event_id -> bytes, of requests under way
    const followed = {}; // item -> exposure_id of the answer that showed it

    if (consent) write(VISITOR, visitor);

    function read(name) {
      return storage && safely(() => storage.getItem(name));
    }

    function write(name, value) {
      if (storage) safely(() => (value === null ? storage.removeItem(name) : storage.setItem(name, value)));
    }

    function stored() {
      const found = safely(() => JSON.parse(read(QUEUE) || "[]"));
      return Array.isArray(found) ? found.filter((one) => one && one.event && one.event.event_id) : [];
    }

    function keep() {
      if (!consent) return;
      const all = stored().filter((one) => !held.has(id(one))).concat(queue).slice(-MOST);
      write(QUEUE, all.length ? JSON.stringify(all) : null);
    }

    /* Notes what the visitor did with an item; more: kind, value, quantity, context, exposure_id. */
    function track(item, more) {
      const event = Object.assign({ customer: customer || visitor, item: String(item), event_id: random() }, more);
      if (!event.exposure_id && followed[event.item]) event.exposure_id = followed[event.item];
      queue.push({ at: Date.now(), event: event });
      held.add(event.event_id);
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
      sending = sent(waiting()).then((done) => {
        sending = null;
        pause = done ? 0 : Math.min(Math.max(2 * pause, 1000), 300e3);
        if (done && queue.length) return flush();
        later(pause);
        return done;
      });
      return sending;
    }

    /* The page is about to go, and nobody can wait: what is under way arrives by itself, the rest is sent beside it. */
    function part() {
      for (let batch = waiting(); batch.length; batch = waiting()) {
        sent(batch).then((done) => { if (!done) later(1000); });
      }
    }

    /* What is not under way: as much as one request takes, and as outlives a page beside those under way. */
    function waiting() {
      const batch = [];
      let room = BYTES;
      flying.forEach((bytes) => { room -= bytes; });
      for (const one of queue) {
        if (flying.has(id(one))) continue;
        room -= size(one);
        if (batch.length === BATCH || (room < 0 && (batch.length || flying.size))) break;
        batch.push(one);
      }
      return batch;
    }

    /* Sends these; resolves to whether they need not be sent again. */
    function sent(batch) {
      if (!batch.length) return Promise.resolve(false);
      batch.forEach((one) => flying.set(id(one), size(one)));
      const small = batch.reduce((sum, one) => sum + size(one), 0) <= BYTES;
      return post("/v1/events", batch.map(aged), small)
        // 2xx: stored; 4xx but too many: these very events will never be taken
        .then((reply) => reply.ok || (reply.status < 500 && ![401, 403, 408, 429].includes(reply.status)), () => false)
        .then((done) => {
          batch.forEach((one) => flying.delete(id(one)));
          if (done) queue = queue.filter((one) => !batch.includes(one));
          keep();
          return done;
        });
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

    /* Asks what to show to the visitor; question: scenario, basket, session, context, k, cursor. Items of the answer that
     * are tracked later carry its exposure_id. */
    function recommend(question) {
      return post("/v1/recommend", Object.assign({ customer: visitor }, question), false)
        .then((reply) => reply.json().then((answer) => {
          if (!reply.ok) throw new Error(answer.detail || answer.title);
          answer.items.forEach((line) => { followed[line.item] = answer.exposure_id; });
          return answer;
        }));
    }

    /* The visitor agreed to be recognized, or took that back: then everything that was stored or waits is gone. */
    function agree(yes) {
      consent = yes === true;
      if (consent) {
        visitor = read(VISITOR) || visitor;
        write(VISITOR, visitor);
        keep();
      } else {
        write(VISITOR, null);
        write(QUEUE, null);
        queue = [];
        leave();
      }
    }

    /* After the login: events are the customer's from now on. Gives the visitor's id, which the shop's server merges. */
    function identify(name) {
      customer = String(name || "");
      return visitor;
    }

    /* After the logout: somebody else from now on. */
    function leave() {
      customer = "";
      visitor = "v-" + random();
      Object.keys(followed).forEach((item) => { delete followed[item]; });
      if (consent) write(VISITOR, visitor);
    }

    if (root.addEventListener) {
      root.addEventListener("pagehide", part);
      root.addEventListener("online", flush);
      const page = root.document;
      if (page) page.addEventListener("visibilitychange", () => { if (page.visibilityState === "hidden") part(); });
    }
    later(0);

    return {
      track: track, flush: flush, recommend: recommend, agree: agree, identify: identify, leave: leave,
      visitor: () => visitor, waiting: () => queue.length,
    };
  }

  function id(one) {
    return one.event.event_id;
  }

  function size(one) {
    return new TextEncoder().encode(JSON.stringify(one.event)).length + 40; // and its age
  }

  function random() {
    const bytes = root.crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  }

  function safely(work) {
    try { return work(); } catch (error) { return null; } // storage may be forbidden or full
  }

  root.Regulars = Regulars;
  if (typeof module !== "undefined" && module.exports) module.exports = Regulars;
})(typeof globalThis !== "undefined" ? globalThis : window);
