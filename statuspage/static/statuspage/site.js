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
  // The ranking of incidents/name_search.py and the answers of query/answers.py, from what the page says.
  const [EXACT, BEGINS, ABBREVIATION, CONTAINS, CLOSE] = [0, 1, 2, 3, 4];
  const VENDORS = /^(azure|microsoft|amazon|aws|google|cloud)$/;
  const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  const numeronym = (word) => (word.length > 4 ? `${word[0]}${word.length - 2}${word.at(-1)}` : word);
  const named = new WeakMap();
  const nameOf = (li) => li.dataset.name ?? li.firstChild.textContent.trim();
  const formsOf = (li) => {
    if (!named.has(li)) {
      const forms = [nameOf(li), ...(li.dataset.find ?? "").split("|")].map(wordsOf).filter((words) => words.length)
        .flatMap((words) => (words.length > 1 && VENDORS.test(words[0]) ? [words, words.slice(1)] : [words]));
      const spellings = new Set(forms.flatMap((words) => {
        const joined = words.join("");
        return [joined, joined.replace(/s$/, ""), numeronym(joined), words.length > 1 ? words.map((w) => w[0]).join("") : ""];
      }).filter((each) => each.length > 1));
      named.set(li, { forms, spellings, all: forms.map((words) => words.join(" ")).join(" ") });
    }
    return named.get(li);
  };
  const abbreviates = (short, [first, ...rest]) => (rest.length
    ? [first[0], first].some((part) => short.startsWith(part) && abbreviates(short.slice(part.length), rest))
    : short !== "" && first.startsWith(short));
  const fits = (wanted, li) => {
    const joined = wanted.join(""), { forms, spellings, all } = formsOf(li);
    if (spellings.has(joined)) return EXACT;
    if (forms.some((words) => words.join("").startsWith(joined))) return BEGINS;
    if (joined.length > 1 && forms.some((words) => abbreviates(joined, words) || words.some((w) => numeronym(w) === joined))) return ABBREVIATION;
    return wanted.every((word) => all.includes(word)) ? CONTAINS : null;
  };
  // Twice the longest common subsequence by both lengths, in percent.
  const closeness = (a, b) => {
    if (2 * Math.min(a.length, b.length) / (a.length + b.length) < 0.82) return 0;
    let row = new Array(b.length + 1).fill(0);
    for (const x of a) {
      const next = [0];
      for (let i = 0; i < b.length; i++) next.push(x === b[i] ? row[i] + 1 : Math.max(row[i + 1], next[i]));
      row = next;
    }
    return 200 * row[b.length] / (a.length + b.length);
  };
  const ranked = (text, items) => {
    let wanted = wordsOf(text);
    if (wanted.length > 1 && VENDORS.test(wanted[0])) wanted = wanted.slice(1);
    if (!wanted.length) return [];
    const found = items.map((li) => ({ li, how: fits(wanted, li) })).filter((each) => each.how !== null);
    if (found.length) return found.sort((a, b) => a.how - b.how);
    const joined = wanted.join("");
    if (joined.length < 4) return [];
    return items.map((li) => ({ li, how: CLOSE, near: Math.max(...formsOf(li).forms.map((words) => closeness(joined, words.join("")))) }))
      .filter((each) => each.near >= 82).sort((a, b) => b.near - a.near);
  };
  const meant = (matches) => {
    if (!matches.length) return null;
    const best = matches.filter((each) => each.how === matches[0].how).map((each) => each.li);
    if (best.length === 1 || matches[0].how === CLOSE) return best[0];
    if (matches[0].how !== BEGINS) return null;
    const short = best.reduce((a, b) => (nameOf(b).length < nameOf(a).length ? b : a)), words = wordsOf(nameOf(short));
    return best.every((li) => words.every((word, i) => wordsOf(nameOf(li))[i] === word)) ? short : null;
  };
  const inEnglish = (word, known) => {
    if (known.has(word)) return known.get(word).split("|");
    // eslint-disable-next-line no-control-regex
    if (/^[\x00-\x7f]*$/.test(word)) return [word];
    const parts = word.match(new RegExp([...known.keys(), "[a-z0-9]+"].join("|"), "g")) ?? [word];
    return parts.flatMap((part) => (known.get(part) ?? part).split("|"));
  };
  const readings = (asked, form) => {
    const typed = asked.replaceAll(",", " ").split(/\s+/).filter(Boolean).slice(0, 8);
    const asides = new Set(form.dataset.asides.split(" ")), known = new Map(form.dataset.words.split(" ").filter(Boolean).map((pair) => pair.split("=")));
    const bare = typed.map((word) => word.replace(/^[?!.:;、。؟]+|[?!.:;、。؟]+$/g, "").toLocaleLowerCase()).filter((word) => word && !asides.has(word));
    return [typed, bare, bare.flatMap((word) => inEnglish(word, known))].filter((words) => words.length);
  };
  const pairOf = (asked, form, services, regions) => {
    for (const words of readings(asked, form)) {
      for (let cut = 1; cut < words.length; cut++) {
        const halves = [words.slice(0, cut).join(" "), words.slice(cut).join(" ")];
        for (const [left, right] of [halves, [halves[1], halves[0]]]) {
          const service = meant(ranked(left, services)), region = service && meant(ranked(right, regions));
          if (region) return [service, region];
        }
      }
    }
    return null;
  };
  const singleOf = (asked, form, items) => {
    for (const words of readings(asked, form)) {
      const found = meant(ranked(words.join(" "), items));
      if (found) return found;
    }
    return null;
  };

  // The card with the answer: its words come from the page, in its language.
  const STATES = ["critical", "warning", "maintenance", "information"];
  const worst = (chips) => {
    const state = STATES.find((each) => chips.some((chip) => chipState(chip) === each));
    return chips.filter((chip) => chipState(chip) === state);
  };
  const filled = (template, values) => template.replace(/%\((\w+)\)s/g, (whole, key) => values[key] ?? whole);
  const chipState = (chip) => STATES.find((state) => chip.classList.contains(state));
  const tell = (form, what, chips, possible, slugs, otherwise = "good") => {
    const box = one(".told", form.parentElement) ?? form.after(Object.assign(document.createElement("div"), { className: "told" })) ?? one(".told", form.parentElement);
    const state = chips.length ? chipState(chips[0]) : possible ? "possible" : otherwise;
    const at = chips.map((chip) => chip.dataset.at).sort()[0];
    box.className = `told ${state}`;
    box.setAttribute("hx-morph-skip", "");
    const part = (tag, kind, ...children) => {
      const made = document.createElement(tag);
      made.className = kind;
      made.append(...children);
      return made;
    };
    const link = (href, text) => Object.assign(document.createElement("a"), { href, textContent: text });
    const title = part("h2", "");
    const [before, after] = filled(form.dataset[state], { what }).split("%(time)s");
    if (at) {
      const time = Object.assign(document.createElement("time"), { dateTime: at, textContent: utc(at) });
      const aged = part("span", "", before, time, after ?? "");
      aged.dataset.age = at;
      title.append(aged);
    } else title.append(before);
    const detail = part("p", "", possible && `${possible}.`), small = part("p", "small");
    if (!at && state !== "absent") small.append(form.dataset.direct, " ", link("/service-health/", form.dataset.sign));
    const ways = part("p", "ways"), hrefs = new Set(chips.map((chip) => chip.getAttribute("href")));
    if (hrefs.size === 1) ways.append(link([...hrefs][0], form.dataset.incident));
    const query = new URLSearchParams(slugs);
    ways.append(link(`${form.dataset.updates}?${query}`, at ? form.dataset.over : form.dataset.begin));
    box.replaceChildren(title, ...(possible ? [detail] : []), small, ways);
    zone();
    ages();
  };
  const utc = (iso) => {
    const at = new Date(iso), day = { day: "numeric", month: "short" }, clock = `${iso.slice(11, 16)} UTC`;
    const today = iso.slice(0, 10) === new Date().toISOString().slice(0, 10);
    return today ? clock : `${at.toLocaleDateString(root.lang === "en" ? "en-GB" : root.lang, { ...day, timeZone: "UTC" })} ${clock}`;
  };
  const slugOf = (li) => li.dataset.slug ?? nameOf(li).toLowerCase().replaceAll(" ", "-");
  const mayOf = (li) => one(".state.possible", li)?.textContent ?? "";
  const chipName = (chip) => chip.lastChild.textContent;

  const answer = (live, form, asked) => {
    const services = all(".what .found > li", live), regions = all(".place .found > li", live), words = form.dataset;
    const pair = pairOf(asked, form, services, regions);
    if (pair) {
      const [service, region] = pair.map(nameOf), found = pair[0], may = mayOf(found);
      // What runs in no region is meant wherever it is asked for.
      const places = [region, one("div.place .who", live)?.textContent];
      const chips = worst(all(".chip", found).filter((chip) => places.includes(chipName(chip))));
      const place = all(".place .found > li", live).indexOf(pair[1]), mark = found.dataset.on;
      if (!chips.length && mark && !(parseInt(mark[place >> 2], 16) >> place % 4 & 1)) {
        tell(form, filled(words.nowhere, { service, region }), [], "", { service: slugOf(found) }, "absent");
        return pair;
      }
      const here = found.dataset.in ? found.dataset.in.split("|").includes(region) : may.includes(region);
      tell(form, filled(words.pair, { service, region }), chips, !chips.length && here ? may : "", { service: slugOf(found), region: slugOf(pair[1]) });
      return pair;
    }
    const service = singleOf(asked, form, services), region = service ? null : singleOf(asked, form, regions), found = service ?? region;
    if (!found) { one(".told", form.parentElement)?.remove(); return []; }
    const chips = worst(all(".chip", found)), name = nameOf(found), other = chips.length === 1 ? chipName(chips[0]) : "";
    const values = { service: service ? name : other, region: service ? other : name };
    const template = other ? words.pair : chips.length ? words[service ? "regions" : "services"] : name;
    tell(form, filled(template, values), chips, mayOf(found), service ? { service: slugOf(service) } : { region: slugOf(region) });
    return [found];
  };

  const search = () => {
    const live = one("#live"), field = one("#q");
    if (!live || !field) return;
    const asked = field.value.trim();
    live.toggleAttribute("data-local-searching", asked !== "");
    const items = all(".found > li", live);
    const told = asked ? answer(live, field.form, asked) : [];
    const hits = asked ? ranked(asked, items).map((each) => each.li) : [];
    const found = new Set([...told, ...(told.length === 2 ? [] : hits)]);
    for (const li of items) li.toggleAttribute("data-local-hit", found.has(li));
    for (const rest of all(".rest", live)) {
      if (asked && !rest.hasAttribute("data-local-was")) {
        rest.setAttribute("data-local-was", rest.open ? "open" : "closed");
        rest.open = true;
      } else if (!asked && rest.hasAttribute("data-local-was")) {
        rest.open = rest.getAttribute("data-local-was") === "open";
        rest.removeAttribute("data-local-was");
      }
    }
    const nothing = one("[data-nothing]", live);
    const text = asked && !found.size ? words.nothing.replace("%s", field.value.trim()) : "";
    if (nothing && nothing.textContent !== text) nothing.textContent = text;
    // The answer first; a table of thousands of cells may follow a moment later.
    clearTimeout(narrowing);
    narrowing = setTimeout(() => narrow(live, new Set([...found].map(nameOf))), asked ? 120 : 0);
  };
  let narrowing = 0;

  // The table follows: the services that were found, and the regions; and where that is wanted, only what is affected.
  const narrow = (live, names) => {
    const table = one(".matrix table", live);
    if (!table) return;
    const rows = all("tbody > tr:not(.cat)", table), heads = all("thead th", table).slice(1);
    const rowHit = rows.map((tr) => names.has(tr.cells[0].firstChild.textContent.trim()));
    const columnHit = heads.map((th) => names.has(th.textContent.trim()));
    const byRow = rowHit.includes(true), byColumn = columnHit.includes(true);
    const only = Boolean(one("[data-only]", live)?.checked) && heads.some((th) => th.className === "t");
    one(".matrix", live).toggleAttribute("data-local-hit", byRow || byColumn);
    rows.forEach((tr, i) => tr.toggleAttribute("data-local-hidden", byRow && !rowHit[i]));
    for (const body of table.tBodies) {
      body.toggleAttribute("data-local-hidden", byRow && !one("tr:not(.cat, [data-local-hidden])", body));
    }
    if (byColumn || only || table.hasAttribute("data-local-narrow")) {
      const hide = heads.map((th, i) => (byColumn && !columnHit[i]) || (only && th.className !== "t"));
      for (const tr of [one("thead tr", table), ...rows]) {
        for (let i = 1; i < tr.cells.length; i++) tr.cells[i].toggleAttribute("data-local-hidden", hide[i - 1]);
      }
    }
    table.toggleAttribute("data-local-narrow", byColumn || only);
    edge();
  };

  document.addEventListener("input", (event) => { if (event.target.id === "q") search(); });
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".find") && one("#live")) event.preventDefault();
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
  // Finding as you type in lists of boxes, and how many are ticked.
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-pick]")) return;
    const labels = all(".columns > label", event.target.closest("fieldset"));
    const found = new Set(ranked(event.target.value, labels).map((each) => each.li));
    for (const label of labels) label.toggleAttribute("data-local-hidden", event.target.value.trim() !== "" && !found.has(label));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-pick]")) event.preventDefault();
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
        time.textContent = at.toLocaleString(root.lang, {
          ...(dated || !sameDay ? { day: "numeric", month: "short" } : {}), hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
        });
      } else if (kept !== null) {
        time.textContent = text;
        time.removeAttribute("data-local-utc");
        time.removeAttribute("title");
      }
    }
  };
  const relative = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "auto", style: "short" });
  const ages = () => {
    for (const element of all("[data-age]")) {
      const seconds = Math.round((new Date(element.dataset.age) - Date.now()) / 1000);
      const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
      element.setAttribute("data-local-age", relative.format(Math.trunc(seconds / size), unit));
    }
    // A copy that a cache kept while we were down says so itself; what was refreshed since counts by its own time.
    for (const banner of all("[data-old]")) {
      const asOf = new Date(one(".asof [data-age]")?.dataset.age ?? banner.dataset.old);
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
    edge();
  });

  const start = () => {
    const choice = one("[data-refresh]");
    if (choice) choice.value = remember.get("refresh", "120");
    foldable();
    // Where no process answers a query, the whole page does.
    const asked = new URLSearchParams(location.search).get("q");
    if (asked && one("#live") && one("#q") && !one("#q").value) one("#q").value = asked;
    search();
    zone();
    ages();
    mine();
    edge();
    setInterval(ages, 30000);
    schedule();
    tally();
  };
  start();
})();
