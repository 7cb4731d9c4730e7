// Chooses one of several pieces of the page: by a search, a list, or the arrows. Without it they stand below each other.
(() => {
  for (const box of document.querySelectorAll("[data-picker]")) {
    const all = [...box.querySelectorAll("[data-name]")];
    if (all.length < 2) continue;
    const make = (name, more) => Object.assign(document.createElement(name), more);
    const search = make("input", { type: "search", placeholder: box.dataset.picker, autocomplete: "off" });
    const list = make("select", {});
    const before = make("button", { type: "button", textContent: "←", title: "the one before" });
    const after = make("button", { type: "button", textContent: "→", title: "the next" });
    const found = make("span", { className: "found" });
    search.setAttribute("aria-label", box.dataset.picker);
    list.setAttribute("aria-label", "Which to show");
    found.setAttribute("role", "status");
    const bar = make("div", { className: "picker" });
    bar.append(search, list, before, after, found);
    const words = all.map((one) => one.textContent.toLowerCase());

    const show = () => {
      for (const [place, one] of all.entries()) {
        one.hidden = String(place) !== list.value;
        if ("late" in one.dataset) for (const plot of one.querySelectorAll(".plot")) plot.scrollLeft = plot.scrollWidth;
      }
      before.disabled = list.selectedIndex <= 0;
      after.disabled = list.selectedIndex >= list.options.length - 1;
    };
    const narrow = () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean), was = list.value;
      const groups = new Map();
      let n = 0;
      for (const [place, one] of all.entries()) {
        if (!wanted.every((word) => words[place].includes(word))) continue;
        const key = one.dataset.group || "";
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(make("option", { value: String(place), textContent: one.dataset.name }));
        n += 1;
      }
      const made = [...groups].map(([key, options]) => {
        if (!key) return options;
        const group = make("optgroup", { label: key });
        group.append(...options);
        return [group];
      });
      list.replaceChildren(...made.flat());
      if ([...list.options].some((option) => option.value === was)) list.value = was;
      found.textContent = n === all.length ? `${n} to choose from` : n === 0 ? "nothing has these words" : `${n} of ${all.length}`;
      show();
    };
    const step = (by) => { list.selectedIndex += by; show(); };
    search.addEventListener("input", narrow);
    list.addEventListener("change", show);
    before.addEventListener("click", () => step(-1));
    after.addEventListener("click", () => step(1));
    all[0].before(bar);
    let wide = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== wide) { wide = innerWidth; show(); } });
    narrow();
  }
})();
