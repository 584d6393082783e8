// What scripts add to pages that work without them: finding as you type, folding, refreshing, own time zone.
// Local state lives in attributes beginning with `data-local`: the morph swap leaves those alone.
"use strict";
(() => {
  const root = document.documentElement;
  addEventListener("load", () => root.setAttribute("data-local-loaded", ""));
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const announcer = one("#announcer");
  const words = announcer ? announcer.dataset : {};
  const remember = {
    get(key, otherwise) {
      try { return localStorage.getItem(key) ?? otherwise; } catch { return otherwise; }
    },
    set(key, value) {
      try { localStorage.setItem(key, value); } catch { /* storage may be forbidden; nothing depends on it */ }
    },
  };
  const say = (text) => { if (announcer) announcer.textContent = text; };
  const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");

  // Is it me? ------------------------------------------------------------------------------------
  const search = () => {
    const live = one("#live"), field = one("#q");
    if (!live || !field) return;
    const asked = plain(field.value).split(/\s+/).filter(Boolean);
    const has = (text) => asked.every((word) => text.includes(word));
    live.toggleAttribute("data-local-searching", asked.length > 0);
    const items = all(".found > li", live);
    const name = (li) => plain(`${li.dataset.name ?? li.firstChild.textContent} ${li.dataset.find ?? ""}`);
    let hits = items.filter((li) => has(name(li)));
    if (!hits.length) hits = items.filter((li) => has(plain(li.textContent)));
    const found = new Set(asked.length ? hits : []);
    for (const li of items) li.toggleAttribute("data-local-hit", found.has(li));
    for (const rest of all(".rest", live)) {
      if (asked.length && !rest.hasAttribute("data-local-was")) {
        rest.setAttribute("data-local-was", rest.open ? "open" : "closed");
        rest.open = true;
      } else if (!asked.length && rest.hasAttribute("data-local-was")) {
        rest.open = rest.getAttribute("data-local-was") === "open";
        rest.removeAttribute("data-local-was");
      }
    }
    const nothing = one("[data-nothing]", live);
    const text = asked.length && !found.size ? words.nothing.replace("%s", field.value.trim()) : "";
    if (nothing && nothing.textContent !== text) nothing.textContent = text;
    // The answer first; a table of thousands of cells may follow a moment later.
    clearTimeout(narrowing);
    narrowing = setTimeout(() => narrow(live, asked, has), asked.length ? 120 : 0);
  };
  let narrowing = 0;

  // The table follows: by service where one matches, else by region.
  const narrow = (live, asked, has) => {
    const table = one(".matrix table", live);
    if (!table) return;
    const rows = all("tbody > tr:not(.cat)", table), heads = all("thead th", table).slice(1);
    const rowHit = rows.map((tr) => has(plain(`${tr.cells[0].textContent} ${tr.dataset.find ?? ""}`)));
    const columnHit = heads.map((th) => has(plain(th.textContent)));
    const byRow = asked.length > 0 && rowHit.includes(true);
    const byColumn = asked.length > 0 && !byRow && columnHit.includes(true);
    one(".matrix", live).toggleAttribute("data-local-hit", byRow || byColumn);
    rows.forEach((tr, i) => tr.toggleAttribute("data-local-hidden", byRow && !rowHit[i]));
    for (const body of table.tBodies) {
      body.toggleAttribute("data-local-hidden", byRow && !one("tr:not(.cat, [data-local-hidden])", body));
    }
    if (byColumn || table.hasAttribute("data-local-narrow")) {
      for (const tr of [one("thead tr", table), ...rows]) {
        for (let i = 1; i < tr.cells.length; i++) tr.cells[i].toggleAttribute("data-local-hidden", byColumn && !columnHit[i - 1]);
      }
    }
    table.toggleAttribute("data-local-narrow", byColumn);
  };

  document.addEventListener("input", (event) => { if (event.target.id === "q") search(); });
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".find") && one("#live")) event.preventDefault();
  });

  // Empty filters stay out of the address, so that it can be shared.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches(".filters")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });

  // My services ------------------------------------------------------------------------------------
  // Kept in this browser as the query of their page; its answer is shown on top of the status page.
  const mine = async () => {
    const box = one("#mine"), link = one("[data-mine]"), query = remember.get("mine", "");
    if (!box || !link || !query) return;
    link.search = query;
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) return;
      const found = one("#mine-answer", new DOMParser().parseFromString(await answer.text(), "text/html"));
      const title = document.createElement("h2");
      title.textContent = one("h1", found).textContent;
      one("h1", found).replaceWith(title);
      box.className = found.className;
      box.replaceChildren(...found.childNodes);
      zone();
    } catch { /* the page says below what it knows */ }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-keep], [data-forget]");
    if (!button) return;
    remember.set("mine", button.dataset.keep ?? "");
    say(button.dataset.done);
  });
  // Ticked boxes make one short list each, so that the address can be read and shared.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-picks]")) return;
    for (const name of ["services", "regions"]) {
      const ticked = event.formData.getAll(name).join(",");
      event.formData.delete(name);
      if (ticked || name === "services") event.formData.set(name, ticked);
    }
  });

  // Folding categories, showing only what is affected ---------------------------------------------
  const foldable = () => {
    for (const label of all(".matrix .cat th > span")) {
      label.setAttribute("role", "button");
      label.setAttribute("tabindex", "0");
      label.setAttribute("aria-expanded", String(!label.closest("tbody").hasAttribute("data-local-folded")));
    }
  };
  const fold = (label, folded) => {
    label.closest("tbody").toggleAttribute("data-local-folded", folded);
    label.setAttribute("aria-expanded", String(!folded));
  };
  const isLabel = (element) => element.closest?.(".matrix .cat [role=button]");
  document.addEventListener("click", (event) => {
    const label = isLabel(event.target);
    if (label) fold(label, label.getAttribute("aria-expanded") === "true");
    const button = event.target.closest?.("[data-fold]");
    if (button) {
      const folded = button.toggleAttribute("data-local-folded");
      all(".matrix .cat [role=button]").forEach((each) => fold(each, folded));
      button.textContent = folded ? words.expand : words.collapse;
    }
    if (event.target.closest?.("[data-zone]")) zone(remember.get("zone", "") ? "" : "yes");
  });
  document.addEventListener("keydown", (event) => {
    const label = isLabel(event.target);
    if (label && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      fold(label, label.getAttribute("aria-expanded") === "true");
    }
    if (event.key === "/" && !event.target.matches("input, select, textarea") && one("#q")) {
      event.preventDefault();
      one("#q").focus();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-only]")) one(".matrix .scroll").toggleAttribute("data-local-only", event.target.checked);
    if (event.target.matches("[data-refresh]")) {
      remember.set("refresh", event.target.value);
      schedule();
    }
  });

  // Times ------------------------------------------------------------------------------------------
  const zone = (wanted) => {
    if (wanted !== undefined) remember.set("zone", wanted);
    const on = Boolean(remember.get("zone", ""));
    all("[data-zone]").forEach((button) => button.setAttribute("aria-pressed", String(on)));
    for (const time of all("time[datetime]")) {
      if (!on) { time.removeAttribute("data-local-zone"); continue; }
      const at = new Date(time.dateTime);
      const sameDay = at.toDateString() === new Date(at.getTime() + at.getTimezoneOffset() * 60000).toDateString();
      time.setAttribute("data-local-zone", at.toLocaleString(root.lang, {
        ...(sameDay ? {} : { day: "numeric", month: "short" }), hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
      }));
    }
  };
  const relative = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "auto" });
  const ages = () => {
    for (const element of all("[data-age]")) {
      const seconds = Math.round((new Date(element.dataset.age) - Date.now()) / 1000);
      const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
      element.setAttribute("data-local-age", relative.format(Math.trunc(seconds / size), unit));
    }
    // A copy that a cache kept while we were down says so itself; what was refreshed since counts by its own time.
    for (const banner of all("[data-old]")) {
      const asOf = new Date(one("#live [data-age]")?.dataset.age ?? banner.dataset.old);
      banner.hidden = Date.now() - asOf < 300000;
    }
  };

  // Refreshing --------------------------------------------------------------------------------------
  let timer = 0, last = Date.now();
  const seconds = () => Number(remember.get("refresh", "120"));
  const schedule = () => {
    clearTimeout(timer);
    const live = one("#live");
    if (!live || !seconds()) return;
    timer = setTimeout(() => { if (!document.hidden) refresh(); }, Math.max(0, last + seconds() * 1000 - Date.now()));
  };
  const refresh = () => {
    last = Date.now();
    before = snapshot();
    htmx.trigger(one("#live"), "refresh");
    schedule();
  };
  const snapshot = () => new Map(all(".affected .hit").flatMap((li) => all(".chip", li).map(
    (chip) => [`${li.dataset.name}: ${chip.lastChild.textContent}`, chip],
  )).map(([key, chip]) => [key, one(".vh", chip).textContent.replace(/:\s*$/, "")]));
  let before = snapshot();
  const compare = () => {
    const after = snapshot();
    const changed = [...after].filter(([key, state]) => before.get(key) !== state).map(([key, state]) => `${key} – ${state}`);
    const better = [...before.keys()].filter((key) => !after.has(key)).map((key) => `${key} – ${words.good}`);
    const what = [...changed, ...better];
    before = after;
    if (!what.length) return;
    say(`${words.changed} ${what.slice(0, 3).join("; ")}${what.length > 3 ? ` (+${what.length - 3})` : ""}`);
    for (const li of all(".affected .hit")) {
      if (changed.some((line) => line.startsWith(`${li.dataset.name}: `))) {
        li.setAttribute("data-local-changed", "");
        setTimeout(() => li.removeAttribute("data-local-changed"), 5000);
      }
    }
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) schedule(); });
  const lost = () => { const line = one("#trouble"); if (line) line.textContent = words.lost; };
  document.addEventListener("htmx:response:error", lost);
  document.addEventListener("htmx:error", lost);
  document.addEventListener("htmx:after:swap", () => {
    foldable();
    search();
    zone();
    ages();
    compare();
    mine();
  });

  const start = () => {
    const choice = one("[data-refresh]");
    if (choice) choice.value = remember.get("refresh", "120");
    foldable();
    search();
    zone();
    ages();
    mine();
    setInterval(ages, 30000);
    schedule();
  };
  start();
})();
