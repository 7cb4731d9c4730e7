// Points at products: a word on the one below the pointer, and a ring around it on every map. The maps work without.
(() => {
  const all = JSON.parse(document.getElementById("points").textContent);
  const tip = document.getElementById("tip");
  const maps = [...document.querySelectorAll(".map")];
  const reach = 14; // units of a map around the pointer

  const nearest = (places, x, y) => {
    let best = -1, least = reach * reach;
    for (let i = 0; i < places.length / 2; i++) {
      if (places[2 * i] === null) continue;
      const dx = places[2 * i] - x, dy = places[2 * i + 1] - y, square = dx * dx + dy * dy;
      if (square < least) { least = square; best = i; }
    }
    return best;
  };

  const ring = (map, i) => {
    const circle = map.querySelector(".ring"), places = all[map.dataset.side];
    const there = i >= 0 && places[2 * i] !== null;
    circle.setAttribute("display", there ? "inline" : "none");
    if (there) { circle.setAttribute("cx", places[2 * i]); circle.setAttribute("cy", places[2 * i + 1]); }
  };

  const line = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };

  const tell = (i, event) => {
    maps.forEach((map) => ring(map, i));
    tip.hidden = i < 0;
    if (i < 0) return;
    const events = all.events[i], words = events === 1 ? "1 event" : `${events.toLocaleString("en")} events`;
    const parts = [line("b", all.names[i]), line("span", all.groups[i] ? `${all.groups[i]} · ${words}` : words)];
    if (all.before[2 * i] === null) parts.push(line("div", "not on the map before"));
    tip.replaceChildren(...parts);
    const box = tip.getBoundingClientRect(), gap = 14;
    const left = Math.min(event.clientX + gap, innerWidth - box.width - 8);
    const above = event.clientY - box.height - gap;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above < 8 ? event.clientY + gap : above}px`;
  };

  for (const map of maps) {
    const svg = map.querySelector("svg"), side = svg.viewBox.baseVal.width;
    const look = (event) => {
      const box = svg.getBoundingClientRect(), unit = side / box.width;
      const x = (event.clientX - box.left) * unit, y = (event.clientY - box.top) * unit;
      tell(nearest(all[map.dataset.side], x, y), event);
    };
    map.addEventListener("pointermove", look);
    map.addEventListener("pointerdown", look);
    map.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") tell(-1, event); });
  }
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
