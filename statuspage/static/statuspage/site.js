// What scripts add to pages that work without them: finding as you type, folding, refreshing, own time zone.
// Local state lives in attributes beginning with `data-local`: the morph swap leaves those alone.
"use strict";
(() => {
  const root = document.documentElement;
  const { finder: address, htmx: helper } = document.currentScript.dataset;
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

  // Is it me? ------------------------------------------------------------------------------------
  // What answers is fetched when somebody begins to ask; until then the form is sent as it is without scripts.
  let search = () => {}, finder = null;
  const aliases = async () => {
    const form = one("[data-names]");
    if (!form) return {};
    const answer = await fetch(form.dataset.names);
    if (!answer.ok) throw new Error(answer.url);
    return answer.json();
  };
  const find = () => {
    finder ??= Promise.all([import(address), aliases()]).then(([module, names]) => {
      search = module.begin({ root, one, all, words, filled, utc, zone, ages, edge, names });
      search();
    }, () => { finder = null; });
  };
  for (const kind of ["focusin", "input"]) {
    document.addEventListener(kind, (event) => { if (event.target.matches?.("#q, [data-pick]")) find(); });
  }
  const filled = (template, values) => template.replace(/%\((\w+)\)s/g, (whole, key) => values[key] ?? whole);
  const tongue = root.lang === "en" ? "en-GB" : root.lang;
  const utc = (iso) => {
    const now = new Date().toISOString(), clock = `${iso.slice(11, 16)} UTC`;
    if (iso.slice(0, 10) === now.slice(0, 10)) return clock;
    const year = iso.slice(0, 4) === now.slice(0, 4) ? { month: "short" } : { month: "long", year: "numeric" };
    const day = new Date(iso).toLocaleDateString(tongue, { day: "numeric", ...year, timeZone: "UTC" });
    return day + ({ ja: " ", ar: "، " }[root.lang] ?? ", ") + clock;
  };

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
      const title = document.createElement("h2"), whole = document.createElement("a");
      whole.href = link.href;
      whole.textContent = one("h1", found).textContent;
      whole.setAttribute("data-mine", "");
      title.append(whole);
      box.className = found.className;
      box.replaceChildren(title, ...all(".lead, .found", found));
      zone();
    } catch { /* the page says below what it knows */ }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-keep], [data-forget]");
    if (!button) return;
    remember.set("mine", button.dataset.keep ?? "");
    say(button.dataset.done);
  });
  const tally = () => {
    for (const form of all("[data-picks]")) {
      const ticked = all("[name=services]:checked", form).length;
      one("[data-picked]", form).textContent = ticked ? `(${ticked})` : "";
    }
  };
  document.addEventListener("change", tally);
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
    if (event.target.matches("[data-only]")) {
      one(".matrix .scroll").toggleAttribute("data-local-only", event.target.checked);
      find();
      search();
    }
    if (event.target.matches("[data-refresh]")) {
      remember.set("refresh", event.target.value);
      schedule();
    }
  });

  // The table: how much of it is beyond its edge, and a card with the words of a cell ------------------
  const edge = () => {
    const scroll = one(".matrix .scroll"), button = one("[data-more]");
    if (!scroll || !button) return;
    const view = scroll.getBoundingClientRect(), rtl = root.dir === "rtl";
    const beyond = all("thead th", scroll).slice(1).filter((th) => {
      const { left, right, width } = th.getBoundingClientRect();
      return width > 0 && (rtl ? left < view.left - width / 2 : right > view.right + width / 2);
    }).length;
    one(".frame").toggleAttribute("data-local-more", beyond > 0);
    const text = beyond ? `${button.dataset.more.replace("%s", beyond)} ${rtl ? "←" : "→"}` : "";
    if (button.textContent !== text) button.textContent = text;
  };
  let card = null;
  const uncover = () => { if (card) card.hidden = true; };
  const cover = (link) => {
    const cell = link.parentElement, table = cell.closest("table"), legend = one(".matrix .legend");
    card ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip-card" }));
    const line = (tag, ...children) => {
      const made = document.createElement(tag);
      made.append(...children);
      return made;
    };
    const meaning = all("dt", legend).find((dt) => dt.textContent.trim() === link.textContent.trim())?.nextElementSibling;
    const form = one(".find"), state = { c: "critical", w: "warning", m: "maintenance", i: "information" }[cell.className] ?? "possible";
    const time = Object.assign(document.createElement("time"), { dateTime: link.dataset.at, textContent: utc(link.dataset.at) });
    const what = filled(form.dataset.pair, {
      service: cell.parentElement.cells[0].firstChild.textContent.trim(), region: one("thead tr", table).cells[cell.cellIndex].textContent,
    });
    const [first, last] = filled(form.dataset[state], { what }).split("%(time)s");
    card.className = `tip-card ${cell.className}`;
    card.setAttribute("role", "status");
    card.replaceChildren(line("strong", first, ...(last === undefined ? [] : [time, last])), line("span", link.dataset.why ?? meaning?.textContent.trim() ?? ""),
      Object.assign(document.createElement("a"), { href: link.href, textContent: form.dataset.incident }));
    card.hidden = false;
    zone();
    const at = link.getBoundingClientRect(), size = card.getBoundingClientRect();
    card.style.insetInlineStart = "auto";
    card.style.left = `${Math.max(8, Math.min(at.left + scrollX, root.clientWidth - size.width - 8))}px`;
    card.style.top = `${at.bottom + size.height + 4 > innerHeight ? at.top + scrollY - size.height - 2 : at.bottom + scrollY + 2}px`;
  };
  const cellLink = (event) => event.target.closest?.(".matrix td > a");
  let leaving = 0;
  const enter = (event) => {
    if (cellLink(event)) { clearTimeout(leaving); cover(cellLink(event)); } else if (event.target.closest?.(".tip-card")) clearTimeout(leaving);
  };
  const leave = (event) => {
    if (!cellLink(event) && !event.target.closest?.(".tip-card")) return;
    clearTimeout(leaving);
    leaving = setTimeout(uncover, 250);
  };
  document.addEventListener("mouseover", enter);
  document.addEventListener("mouseout", leave);
  document.addEventListener("focusin", enter);
  document.addEventListener("focusout", leave);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") uncover(); });
  document.addEventListener("scroll", (event) => {
    if (event.target.matches?.(".matrix .scroll")) { edge(); uncover(); }
  }, { capture: true, passive: true });
  addEventListener("resize", edge);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-more]")) {
      const scroll = one(".matrix .scroll");
      scroll.scrollBy({ left: (root.dir === "rtl" ? -0.6 : 0.6) * scroll.clientWidth, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }
  });

  // Times ------------------------------------------------------------------------------------------
  // The reader's own zone takes the place of UTC, and is named; dates without a clock stay days in UTC.
  const zone = (wanted) => {
    if (wanted !== undefined) remember.set("zone", wanted);
    const on = Boolean(remember.get("zone", ""));
    all("[data-zone]").forEach((button) => button.setAttribute("aria-pressed", String(on)));
    for (const time of all("time[datetime]")) {
      const kept = time.getAttribute("data-local-utc");
      // A refresh writes UTC again.
      const text = kept !== null && !time.textContent.includes("UTC") ? kept : time.textContent;
      if (!text.includes("UTC")) continue;
      if (on) {
        const at = new Date(time.dateTime), dated = !/^\d\d:\d\d UTC$/.test(text.trim());
        const sameDay = at.toDateString() === new Date().toDateString();
        time.setAttribute("data-local-utc", text);
        time.title = text;
        time.textContent = at.toLocaleString(tongue, {
          ...(dated || !sameDay ? { day: "numeric", month: "short" } : {}), hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
        });
      } else if (kept !== null) {
        time.textContent = text;
        time.removeAttribute("data-local-utc");
        time.removeAttribute("title");
      }
    }
  };
  let relative = null;
  const ages = () => {
    relative ??= new Intl.RelativeTimeFormat(tongue, { numeric: "auto", style: "short" });
    for (const element of all("[data-age]")) {
      const seconds = Math.round((new Date(element.dataset.age) - Date.now()) / 1000);
      const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
      const age = relative.format(Math.trunc(seconds / size), unit);
      element.setAttribute("data-local-age", root.lang === "ja" ? age.replace(" ", "") : age);
    }
    // A copy that a cache kept while we were down says so itself; what was refreshed since counts by its own time.
    for (const banner of all("[data-old]")) {
      const asOf = new Date(one(".asof [data-age]")?.dataset.age ?? banner.dataset.old);
      banner.hidden = Date.now() - asOf < 300000 || Boolean(one("[data-silent]:not([hidden])"));
    }
  };

  // Refreshing --------------------------------------------------------------------------------------
  // htmx is fetched after what the first frame needs. It looks at the page in a task of its own; ours comes after it.
  let helping = null;
  const helped = () => helping ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = helper;
    script.onload = () => setTimeout(resolve);
    script.onerror = () => { helping = null; reject(new Error(helper)); };
    document.head.append(script);
  });
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
    helped().then(() => htmx.trigger(one("#live"), "refresh"), lost);
    schedule();
  };
  const snapshot = () => new Map(all(".affected .hit").flatMap((li) => all(".chip", li).map(
    (chip) => [`${one(".who", li).textContent}: ${chip.lastChild.textContent}`, chip],
  )).map(([key, chip]) => [key, one(".vh", chip).textContent.replace(/:\s*$/, "")]));
  let before = new Map();
  const compare = () => {
    const after = snapshot();
    const changed = [...after].filter(([key, state]) => before.get(key) !== state).map(([key, state]) => `${key} – ${state}`);
    const better = [...before.keys()].filter((key) => !after.has(key)).map((key) => `${key} – ${words.good}`);
    const what = [...changed, ...better];
    before = after;
    if (!what.length) return;
    say(`${words.changed} ${what.slice(0, 3).join("; ")}${what.length > 3 ? ` (+${what.length - 3})` : ""}`);
    for (const li of all(".affected .hit")) {
      if (changed.some((line) => line.startsWith(`${one(".who", li).textContent}: `))) {
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
    edge();
  });

  const start = () => {
    root.setAttribute("data-local-loaded", "");
    const choice = one("[data-refresh]");
    if (choice) choice.value = remember.get("refresh", "120");
    // Where no process answers a query, the whole page does.
    const asked = new URLSearchParams(location.search).get("q");
    if (asked && one("#live") && one("#q") && !one("#q").value) one("#q").value = asked;
    if (one("#live #q")?.value) find();
    zone();
    ages();
    setInterval(ages, 30000);
    schedule();
    foldable();
    mine();
    edge();
    tally();
    before = snapshot();
    helped().catch(() => { /* tried again when it is needed; without it forms are sent as without scripts */ });
  };
  // The state can be read before any of it: the first frame is the band, the second one lays out what we measure.
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(start)));
})();
