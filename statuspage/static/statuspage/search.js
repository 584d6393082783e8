// Is it me? Fetched by site.js once somebody asks: finding as you type, in the page alone.
// The ranking of incidents/texts/name_search.py, the subjects of query/subjects.py, and the answers of query/answers.py, from what the page says.
export const begin = ({ root, one, all, words, filled, utc, zone, ages, edge, names }) => {
  const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u036f\u064b-\u0655]/g, "").normalize("NFC");
  const [EXACT, INITIALS, BEGINS, ABBREVIATION, CONTAINS, CLOSE] = [0, 1, 2, 3, 4, 5];
  const VENDORS = /^(azure|microsoft|amazon|aws|google|cloud)$/;
  const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  const numeronym = (word) => (word.length > 4 ? `${word[0]}${word.length - 2}${word.at(-1)}` : word);
  const named = new WeakMap();
  const nameOf = (li) => li.called ?? (one(".who, input", li)?.closest(".who, label") ?? li.firstChild).textContent.trim();
  const slugOf = (li) => li.dataset.slug ?? nameOf(li).toLowerCase().replaceAll(" ", "-");
  // A list of boxes has them on its lines, the front page in a file of its own.
  const calledBesides = (li) => {
    if (!li.dataset) return [];
    return li.dataset.find?.split("|") ?? names[li.closest(".place") ? "regions" : "services"]?.[slugOf(li)] ?? [];
  };
  const single = (joined) => (joined.length > 2 ? joined.replace(/s$/, "") : joined);
  const formsOf = (li) => {
    if (!named.has(li)) {
      const forms = [nameOf(li), ...calledBesides(li)].map(wordsOf).filter((words) => words.length)
        .flatMap((words) => (words.length > 1 && VENDORS.test(words[0]) ? [words, words.slice(1)] : [words]));
      const spellings = new Set(forms.flatMap((words) => [words, [...words].sort()]).map((words) => single(words.join(""))));
      const initials = new Set(forms.flatMap((words) => [numeronym(words.join("")), words[1] && words.map((w) => w[0]).join("")]));
      const joins = forms.map((words) => words.join("")), counted = new Set(forms.flat().map(numeronym));
      named.set(li, { forms, joins, counted, spellings, initials, all: forms.map((words) => words.join(" ")).join(" ") });
    }
    return named.get(li);
  };
  const abbreviates = (short, [first, ...rest]) => (rest.length
    ? [first[0], first].some((part) => short.startsWith(part) && abbreviates(short.slice(part.length), rest))
    : short !== "" && first.startsWith(short));
  const fits = (wanted, joined, spelled, li) => {
    const { forms, joins, counted, spellings, initials, all } = formsOf(li);
    if (spelled.some((each) => spellings.has(each))) return EXACT;
    if (joined.length > 1 && (initials.has(joined) || initials.has(spelled[0]))) return INITIALS;
    if (joins.some((name) => name.startsWith(joined))) return BEGINS;
    const short = (words, i) => words[0][0] === joined[0] && joined.length <= joins[i].length && abbreviates(joined, words);
    if (joined.length > 1 && (counted.has(joined) || forms.some(short))) return ABBREVIATION;
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
  // The same halves are looked at more than once.
  const looked = new WeakMap();
  const ranked = (text, items, limit = CLOSE) => {
    let wanted = wordsOf(text);
    if (wanted.length > 1 && VENDORS.test(wanted[0])) wanted = wanted.slice(1);
    if (!wanted.length) return [];
    const joined = wanted.join(""), known = looked.get(items) ?? new Map();
    looked.set(items, known);
    const spelled = [joined, [...wanted].sort().join("")].map(single);
    if (!known.has(text)) known.set(text, items.map((li) => ({ li, how: fits(wanted, joined, spelled, li) })).filter((each) => each.how !== null).sort((a, b) => a.how - b.how));
    if (known.get(text).length || limit < CLOSE || joined.length < 4) return known.get(text);
    return items.map((li) => ({ li, how: CLOSE, near: Math.max(...formsOf(li).joins.map((name) => closeness(joined, name))) }))
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
  const asides = new Set(names.asides), known = new Map(Object.entries(names.words ?? {}));
  const typedIn = (asked) => asked.split(/[\s,、’']+/).slice(0, 20);
  const bare = (typed) => typed.map((word) => plain(word.replace(/^[?!.:;。؟¿¡]+|[?!.:;。؟¿¡]+$/g, ""))).reduce((found, word) => {
    // Two that only together mean something: `log in`.
    if (known.has(`${found.at(-1)}-${word}`)) found.push(`${found.pop()}-${word}`);
    else found.push(word);
    return found;
  }, []).filter(Boolean);
  const english = (all) => all.flatMap((word) => inEnglish(word, known));
  const readings = (asked) => {
    const typed = typedIn(asked), named = bare(typed).filter((word) => !asides.has(word));
    return [typed, named, english(named)].filter((words) => words.length);
  };
  // The words of a sentence that name something: every short one begins something.
  const LEAST = { [EXACT]: 1, [INITIALS]: 2, [ABBREVIATION]: 3, [BEGINS]: 5, [CLOSE]: 6 };
  const isNamed = (kinds) => (word) => kinds.some((items) => {
    const found = ranked(word, items);
    return found.some(({ li }) => formsOf(li).forms.some((words) => words.includes(word))) || word.length >= LEAST[found[0]?.how];
  });
  const naming = (all, kinds) => (all.at(-1) ?? []).filter(isNamed(kinds)).slice(0, 6);
  // What of a question names something, though it be many: `data` of "is data down?"; else the whole of it.
  const wordsFound = (asked, kinds) => {
    const all = readings(asked);
    return [asked, ...[...all, naming(all, kinds)].map((words) => words.join(" "))]
      .find((text) => kinds.some((items) => ranked(text, items).length)) ?? asked;
  };
  // A subject is what services or regions are called together, and their lines.
  const sure = (text, among, limit) => {
    const found = ranked(text, among, limit), how = found[0]?.how;
    return how > limit || (how === CONTAINS && text.length < 4) ? [] : found;
  };
  const only = (kind, limit) => (text) => {
    const li = meant(sure(text, kind.among, limit));
    return li && { name: nameOf(li), members: [li] };
  };
  const group = (kind) => (text) => {
    const found = ranked(text, kind.groups, INITIALS)[0];
    return found?.how <= INITIALS ? { name: found.li.called, members: found.li.members } : null;
  };
  const oneOrGroup = (kind) => (text) => only(kind, INITIALS)(text) ?? group(kind)(text) ?? only(kind, CONTAINS)(text);
  const together = (kind) => (text) => {
    const several = sure(text, kind.among, CONTAINS).map((each) => each.li);
    return oneOrGroup(kind)(text) ?? (several.length ? { name: several.length > 3 ? `“${text}”` : several.map(nameOf).join(", "), members: several } : null);
  };
  // Those that a word is part of, if they can all be named: a country with two regions.
  const few = (kind) => (text) => {
    const found = text.length > 3 ? together(kind)(text) : null;
    return found?.members.length < 4 ? found : null;
  };
  const subjects = (asked, services, regions) => {
    const all = readings(asked), kinds = [services, regions].map((kind) => [...kind.among, ...kind.groups]);
    for (const each of [english(bare(typedIn(asked))), all.at(-1) ?? []]) {
      const found = listed(each, [services, regions], isNamed(kinds));
      if (found) return found;
    }
    const found = within(all.map((words) => words.slice(0, 8)), services, regions);
    if (found) return found;
    const some = naming(all, kinds), fewer = some.map((_, at) => some.filter((_, i) => i !== at));
    const same = all.some((words) => words.join(" ") === some.join(" "));
    return (same ? null : within([some], services, regions)) ?? within(fewer, services, regions) ?? [null, null];
  };
  // Several, each by as many words as name one; none where a word that names something belongs to none of them.
  const listed = (asked, kinds, isOne) => {
    const found = [[], []];
    let rest = asked;
    const next = () => {
      for (let length = rest.length; length > (asides.has(rest[0]) ? 1 : 0); length--) {
        const text = rest.slice(0, length).join(" ");
        for (const [i, kind] of kinds.entries()) {
          const one = only(kind, INITIALS)(text) ?? group(kind)(text);
          if (one) return [i, one, length];
        }
      }
      return null;
    };
    while (rest.length) {
      const [i, one, length] = next() ?? [0, null, 1];
      if (one) found[i].push(one);
      else if (!asides.has(rest[0]) && isOne(rest[0])) return null;
      rest = rest.slice(length);
    }
    if (found.every((all) => all.length < 2)) return null;
    return found.map((all) => (all.length ? { name: [...new Set(all.map(({ name }) => name))].join(", "), members: [...new Set(all.flatMap(({ members }) => members))] } : null));
  };
  // Whether it is called by the names of several, and of these only those that are hit.
  const lists = ({ name, members }) => members.length > 1 && members.map(nameOf).join(", ") === name;
  const among = (subject, hit) => (lists(subject) && subject.members.map(nameOf).filter((each) => hit.has(each)).join(", ")) || subject.name;
  const within = (all, services, regions) => {
    const pair = (left, right) => {
      for (const words of all) {
        for (let cut = 1; cut < words.length; cut++) {
          const halves = [words.slice(0, cut).join(" "), words.slice(cut).join(" ")];
          for (const [a, b] of [halves, [halves[1], halves[0]]]) {
            const service = left(a), region = service && right(b);
            if (region) return [service, region];
          }
        }
      }
      return null;
    };
    const alone = (find) => {
      for (const kind of [services, regions]) {
        for (const words of all) {
          const found = find(kind)(words.join(" "));
          if (found) return kind === services ? [found, null] : [null, found];
        }
      }
      return null;
    };
    const upTo = (limit) => (kind) => only(kind, limit);
    return alone(upTo(INITIALS)) ?? pair(only(services, CONTAINS), only(regions, CONTAINS)) ?? alone(upTo(CONTAINS))
      ?? pair(oneOrGroup(services), oneOrGroup(regions)) ?? pair(together(services), together(regions)) ?? alone(group) ?? alone(few)
      ?? pair(only(services, CLOSE), only(regions, CLOSE))
      ?? alone(upTo(CLOSE));
  };

  // The card with the answer: its words come from the page, in its language.
  const STATES = ["critical", "warning", "maintenance", "information"];
  const worst = (cells) => {
    const state = STATES.find((each) => cells.some(({ chip }) => chipState(chip) === each));
    return cells.filter(({ chip }) => chipState(chip) === state);
  };
  const chipState = (chip) => STATES.find((state) => chip.classList.contains(state));
  const part = (tag, kind, ...children) => {
    const made = document.createElement(tag);
    made.className = kind;
    made.append(...children);
    return made;
  };
  const link = (href, text) => Object.assign(document.createElement("a"), { href, textContent: text });
  const boxBelow = (form, state) => {
    const box = one(".told", form.parentElement) ?? document.createElement("div");
    if (!box.isConnected) form.after(box);
    box.className = `told ${state}`;
    box.setAttribute("hx-morph-skip", "");
    return box;
  };
  const tell = (form, what, chips, possible, slugs, otherwise = "good") => {
    const state = chips.length ? chipState(chips[0]) : possible ? "possible" : otherwise;
    const at = chips.map((chip) => chip.dataset.at).sort()[0];
    const box = boxBelow(form, state);
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
    ways.append(link(`${form.dataset.updates}${query.size ? "?" : ""}${query}`, at ? form.dataset.over : form.dataset.begin));
    box.replaceChildren(title, ...(possible ? [detail] : []), small, ways);
    zone();
    ages();
  };
  const mayOf = (li) => one(".state.possible", li)?.textContent ?? "";
  const chipName = (chip) => chip.lastChild.textContent;

  // Where many are called so: each with its state, to choose from.
  const MOST = 20;
  const offer = (form, asked, kinds) => {
    const text = wordsFound(asked, kinds), found = kinds.flatMap((items) => ranked(text, items).map((each) => each.li));
    if (found.length < 2) { one(".told", form.parentElement)?.remove(); return []; }
    const order = [...STATES, "possible", "good"], data = form.dataset;
    const stateOf = (li) => STATES.find((each) => one(`.chip.${each}`, li)) ?? (mayOf(li) ? "possible" : "good");
    const wordOf = (li, state) => one(`.chip.${state} .vh`, li)?.textContent ?? `${state === "good" ? words.good : data.maybe}: `;
    const choices = found.map((li) => ({ li, state: stateOf(li) })).sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
    const hit = choices.filter(({ state }) => STATES.includes(state)).length;
    boxBelow(form, choices[0].state).replaceChildren(
      part("h2", "", filled(data.many, { what: text, n: found.length })), part("p", "", hit ? filled(data.hit, { n: hit }) : data.none),
      part("ul", "chips", ...choices.slice(0, MOST).map(({ li, state }) => {
        const choice = link(`${form.getAttribute("action")}?${new URLSearchParams({ q: nameOf(li) })}`, nameOf(li));
        choice.className = `chip ${state}`;
        choice.prepend(part("span", "vh", wordOf(li, state)));
        return part("li", "", choice);
      })));
    return found;
  };

  const answer = (live, form, asked) => {
    const words = form.dataset, lines = { services: all(".what .found > li", live), regions: all(".place .found > li", live) };
    const kinds = words.groups.split("|").map((called, i) => ({ called, members: lines.services.filter((li) => li.dataset.c === String(i)) }));
    const places = all("details.place", live).map((place) => ({ called: one(".who", place).textContent, members: all(".found > li", place) }));
    const [services, regions] = subjects(asked, { among: lines.services, groups: kinds }, { among: lines.regions, groups: places });
    if (!services && !regions) return offer(form, asked, [lines.services, lines.regions]);
    const pairName = (service, region) => (service && region ? filled(words.pair, { service, region }) : service || region);
    const service = services?.members.length === 1 ? services.members[0] : null, region = regions?.members.length === 1 ? regions.members[0] : null;
    // What runs in no region is meant wherever it is asked for.
    const nowhere = one("div.place .who", live)?.textContent, asking = regions && new Set(regions.members.map(nameOf));
    // The lines of services have all their regions; those of regions not all their services.
    const cells = worst((services?.members ?? lines.services)
      .flatMap((li) => all(".chip", li).map((chip) => ({ chip, service: nameOf(li), region: chipName(chip) })))
      .filter((cell) => !asking || asking.has(cell.region) || (services && cell.region === nowhere)));
    const slugs = { ...(service && { service: slugOf(service) }), ...(region && { region: slugOf(region) }) };
    const isOn = (li, name) => {
      const mark = li.dataset.on, at = lines.regions.findIndex((each) => nameOf(each) === name);
      return !mark || parseInt(mark[at >> 2], 16) >> at % 4 & 1;
    };
    if (service && region && !cells.length && !isOn(service, regions.name)) {
      tell(form, filled(words.nowhere, { service: services.name, region: regions.name }), [], "", { service: slugs.service }, "absent");
      return [service, region];
    }
    // What it depends on, and where that fails: as the table of dependents has it.
    const causes = (li) => (li.dataset.by ?? "").split(" ").filter(Boolean).flatMap((by) => {
      const need = lines.services.find((each) => slugOf(each) === by.replace(/[*+]+$/, "")), anywhere = by.includes("+");
      const hit = all(".chip", li).map(chipName);
      const failing = need ? all(".chip", need).filter((chip) => chip.matches(".critical, .warning")).map(chipName)
        .filter((place) => anywhere || place === nowhere || (asking.has(place) && isOn(li, place) && !hit.includes(place))) : [];
      return failing.length ? [{ managing: by.includes("*"), text: pairName(nameOf(need), failing.filter((place) => place !== nowhere).join(", ")) }] : [];
    });
    const sentence = (li) => {
      if (!asking || (li.dataset.by ?? "+").split(" ").every((by) => by.includes("+"))) return mayOf(li);
      const found = causes(li), said = (managing) => found.filter((cause) => cause.managing === managing).map((cause) => cause.text).join(", ");
      return [[words.may, said(false)], [words.managing, said(true)]].filter(([, what]) => what).map(([text, what]) => filled(text, { what })).join("; ");
    };
    let may = "";
    if (!cells.length || !services || !regions) {
      if (service) may = sentence(service);
      else if (region && !services) may = mayOf(region);
      else if ((services?.members ?? lines.services).some((li) => (asking ? causes(li).length : li.dataset.by))) may = words.some;
    }
    const hit = new Set(cells.map((cell) => cell.service)), where = new Set(cells.map((cell) => cell.region)), [first] = cells;
    const at = first?.region === nowhere ? "" : first?.region;
    let what = pairName(services?.name, regions?.name);
    if (first && !(service && region)) {
      const said = hit.size === 1 ? first.service : services && among(services, hit);
      if (hit.size === 1 && where.size === 1) what = pairName(said, at);
      else if (!services) what = filled(words.services, { region: among(regions, where) });
      else if (regions) {
        const pairs = new Set(cells.map((cell) => pairName(cell.service, cell.region)));
        if (!lists(services) || !lists(regions) || pairs.size === hit.size * where.size) what = pairName(among(services, hit), among(regions, where));
        else what = pairs.size > 3 ? filled(words.services, { region: among(regions, where) }) : [...pairs].join(", ");
      }
      else what = where.size === 1 ? pairName(said, at) : filled(words.regions, { service: said });
    }
    tell(form, what, cells.map((cell) => cell.chip), may, slugs);
    return [...(services?.members ?? []), ...(!services || region ? regions?.members ?? [] : [])];
  };

  const search = () => {
    const live = one("#live"), field = one("#q");
    if (!live || !field) return;
    const asked = field.value.trim();
    live.toggleAttribute("data-local-searching", asked !== "");
    const items = all(".found > li", live);
    const told = asked ? answer(live, field.form, asked) : [];
    const kinds = [".what .found > li", ".place .found > li"].map((lines) => all(lines, live));
    const hits = asked ? ranked(wordsFound(asked, kinds), items).map((each) => each.li) : [];
    const found = new Set([...told, ...(told.length > 1 ? [] : hits)]);
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

  root.setAttribute("data-local-finds", "");
  return search;
};
