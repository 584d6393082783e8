"use strict";

// Comfort only: without this file every screen works the same, with a little more scrolling.

// What a form waits for before it is sent: a name that is looked up, boxes that the server ticks, a draft's save.
const underWay = new Set();
const hold = (promise) => {
  underWay.add(promise);
  promise.finally(() => underWay.delete(promise));
};
const nothingUnderWay = async () => {
  while (underWay.size) await Promise.allSettled(underWay);
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[name='tick'][data-htmx-powered]");
  if (!button) return;
  const ticks = (ended) => ended.detail.ctx.sourceElement === button;
  const ticked = (done) => document.addEventListener("htmx:finally:request", (ended) => ticks(ended) && done());
  hold(new Promise(ticked));
});

// Find as you type. What a name means is decided by the server, for all pickers and lists alike; Enter
// ticks what is meant for certain, or what the arrow keys have chosen, and never anything else.
const CHOICES = "label > input[name='services'], label > input[name='regions']";

class Finder {
  constructor(picker) {
    this.picker = picker;
    this.find = picker.querySelector("[data-find]");
    this.said = picker.querySelector("[data-found]");
    this.options = [...picker.querySelectorAll("[data-slug]")];
    this.groups = [...picker.querySelectorAll("[data-group]")];
    this.answer = null; // of the server, for `asked`
    this.asked = "";
    this.best = null;
    this.chosen = false; // by the arrow keys
    this.entered = false; // what stands in the field
    this.find.closest(".find").hidden = false;
    // What was entered gives way to the next name, also where somebody clicks into the field again.
    this.find.addEventListener("mousedown", (event) => {
      if (!this.entered) return;
      this.entered = false;
      event.preventDefault(); // it would set the cursor instead
      this.find.focus();
      this.find.select();
    });
    this.find.addEventListener("input", (event) => {
      event.stopPropagation(); // looking for a name changes no fact
      this.entered = false;
      clearTimeout(this.timer);
      this.answer = null;
      this.timer = setTimeout(() => this.ask(), 120);
    });
    this.find.addEventListener("keydown", (event) => hold(this.press(event)));
    picker.addEventListener("change", () => this.name());
    // After a reload, or Back, the browser ticks again what was ticked, and says so to nobody.
    window.addEventListener("pageshow", () => this.name());
    this.name();
  }

  async ask() {
    const phrase = this.find.value.trim();
    const answer = phrase ? await this.look(phrase) : null;
    if (this.find.value.trim() !== phrase || !this.isHere()) return;
    if (this.answer && this.asked === phrase) return; // a second answer would take back what the arrow keys chose
    this.asked = phrase;
    this.show(answer, answer?.found ?? []);
  }

  // An answer that comes once somebody has gone on moves nothing under their hands.
  isHere() {
    return document.activeElement === this.find;
  }

  // In the list alone: the page itself never scrolls.
  reveal(option) {
    const list = option.closest(".options"), at = option.getBoundingClientRect(), frame = list.getBoundingClientRect();
    if (at.top < frame.top) list.scrollTop -= frame.top - at.top;
    if (at.bottom > frame.bottom) list.scrollTop += at.bottom - frame.bottom;
  }

  async look(phrase) {
    const query = new URLSearchParams({ what: this.find.dataset.find, q: phrase });
    try {
      return await (await fetch(`${this.find.dataset.url}?${query}`)).json();
    } catch {
      // Without an answer: whatever has these letters in it, and nothing is certain.
      const found = this.options.filter((option) => option.dataset.names.includes(phrase.toLowerCase()));
      return { certain: null, found: found.map((option) => ({ slug: option.dataset.slug, how: "contains" })) };
    }
  }

  show(answer, found) {
    this.answer = answer;
    const place = new Map(found.map((each, at) => [each.slug, at]));
    for (const option of this.options) option.hidden = answer !== null && !place.has(option.dataset.slug);
    const whole = answer?.certain?.kind === "geography" || answer?.certain?.kind === "category";
    for (const group of this.groups) {
      const all = group.querySelector("[name='tick']");
      const meant = whole && all?.value.endsWith(`:${answer.certain.slug}`);
      if (meant) for (const option of group.querySelectorAll("[data-slug]")) option.hidden = false;
      group.hidden = !group.querySelector("[data-slug]:not([hidden])");
    }
    this.shown = this.options
      .filter((option) => place.has(option.dataset.slug) && !option.hidden)
      .sort((a, b) => place.get(a.dataset.slug) - place.get(b.dataset.slug));
    this.chosen = false;
    this.mark(this.target(answer));
    this.said.textContent = this.words(answer, found);
    if (this.options.length) this.reveal(this.best ?? this.options[0]);
  }

  words(answer, found) {
    if (answer === null) return "";
    if (this.best) return `Enter ticks: ${this.best.innerText.trim().split("\n")[0]}`;
    if (!found.length) return `Nothing is called “${this.asked}”.`;
    if (found[0].how === "close") return `Nothing is called “${this.asked}”. Close to it: choose with the arrow keys.`;
    return `${found.length} fit: type on, or choose with the arrow keys.`;
  }

  // What Enter ticks: an option, or the button of a whole group.
  target(answer) {
    const certain = answer?.certain;
    if (!certain) return null;
    if (certain.kind === "geography" || certain.kind === "category") {
      return this.picker.querySelector(`[name='tick'][value='${certain.kind}:${certain.slug}']`);
    }
    return this.options.find((option) => option.dataset.slug === certain.slug) ?? null;
  }

  mark(target) {
    this.best?.classList.remove("best");
    this.best = target;
    this.best?.classList.add("best");
  }

  async press(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!this.shown?.length) return;
      event.preventDefault();
      const at = this.shown.indexOf(this.best) + (event.key === "ArrowDown" ? 1 : -1);
      this.mark(this.shown[Math.max(0, Math.min(at, this.shown.length - 1))]);
      this.reveal(this.best);
      this.said.textContent = `Enter ticks: ${this.best.innerText.trim().split("\n")[0]}`;
      return;
    }
    if (event.key !== "Enter") return;
    event.preventDefault(); // it ticks instead of sending the form
    const phrase = this.find.value.trim();
    if (!phrase) return;
    // Whoever types on is faster than the answer: what was asked for is ticked all the same, and gives way at once.
    this.entered = true;
    this.find.select();
    const chosen = this.answer ? this.best : this.target(await this.look(phrase));
    const box = chosen?.matches("button") ? chosen : chosen?.querySelector("input");
    if (box && (box.type !== "checkbox" || !box.checked)) box.click();
    if (this.find.value.trim() !== phrase) return;
    if (!box) this.entered = false; // a slip is mended rather than typed anew
    if (!this.answer && this.isHere()) this.ask();
  }

  name() {
    const boxes = [...this.picker.querySelectorAll(CHOICES)].filter((box) => box.checked);
    const names = boxes.map((box) => box.nextElementSibling.textContent);
    const line = names.length > 12 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
    this.picker.querySelector("[data-chosen]").textContent = names.length ? `${names.length} ticked: ${line}` : "None ticked";
  }
}

const findAll = () => {
  for (const picker of document.querySelectorAll("[data-picker]:not([data-ready])")) {
    picker.dataset.ready = "1";
    new Finder(picker);
  }
};
findAll();
document.addEventListener("htmx:after:swap", () => {
  const fresh = document.querySelector("[data-picker]:not([data-ready])");
  if (!fresh) return;
  findAll();
  fresh.closest("form").dispatchEvent(new Event("input", { bubbles: true })); // other facts, another verdict
});

// A time that is typed is read back, in UTC and in the zone of whoever types it.
const readBack = async (field, line) => {
  const text = field.value.trim();
  if (!text) {
    line.textContent = "";
    return;
  }
  const query = new URLSearchParams({ text, to: field.dataset.moment });
  try {
    const { at, words } = await (await fetch(`/admin/desk/new/moment/?${query}`)).json();
    if (field.value.trim() !== text) return;
    const own = at && new Date(at).getTimezoneOffset() !== 0;
    const clock = own && new Date(at).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });
    line.textContent = own ? `${words} (${clock} yours)` : words;
  } catch {
    line.textContent = "";
  }
};
for (const field of document.querySelectorAll("[data-moment]")) {
  const line = document.createElement("p"); // there from the beginning: what comes later would push the rest down
  line.className = "help read";
  line.setAttribute("role", "status");
  field.insertAdjacentElement("afterend", line);
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => readBack(field, line), 250);
  });
}

// A draft is kept on the server while somebody types: a crash, a reload or another person finds it again.
for (const form of document.querySelectorAll("form[data-draft]")) {
  const line = form.querySelector("[data-saved]");
  let timer, again = false, saving = false;
  const keep = () => {
    if (form.dataset.sent) return;
    if (saving) again = true;
    else hold(save());
  };
  const save = async () => {
    saving = true;
    const data = new FormData(form);
    data.set("page", form.getAttribute("action"));
    let wait = 0;
    try {
      const response = await fetch(form.dataset.draft, { method: "POST", body: new URLSearchParams(data) });
      if (response.status === 403) {
        line.textContent = "Not saved: you are signed out. What you typed stays here; press Preview to sign in again.";
      } else {
        const { draft, saved, error } = await response.json();
        line.textContent = draft ? `Draft saved ${saved} UTC` : error;
        if (draft && form.elements.draft.value !== draft) {
          form.elements.draft.value = draft;
          if (location.pathname === form.getAttribute("action")) history.replaceState(null, "", `${form.getAttribute("action")}?draft=${draft}`);
        }
      }
    } catch {
      line.textContent = "Not saved: no connection. Trying again; nothing is lost while this page stays open.";
      wait = 5000;
    }
    saving = false;
    if (wait || again) {
      again = false;
      timer = setTimeout(keep, wait || 1000);
    }
  };
  form.addEventListener("input", (event) => {
    if (event.target.closest("[data-find]")) return;
    clearTimeout(timer);
    timer = setTimeout(keep, 1500);
  });
  // What was entered belongs to what is sent; and it ends its draft: a save still under way would begin another one
  // behind it.
  form.addEventListener("submit", async (event) => {
    clearTimeout(timer);
    if (!underWay.size) return;
    const { submitter } = event;
    event.preventDefault();
    event.stopImmediatePropagation();
    submitter?.setAttribute("aria-busy", "true");
    await Promise.race([nothingUnderWay(), new Promise((late) => setTimeout(late, 10_000))]);
    submitter?.removeAttribute("aria-busy");
    underWay.clear();
    again = false;
    clearTimeout(timer);
    form.requestSubmit(submitter);
  });
}

// A press counts even if the page has moved under it: browsers click only what both lies under the pointer when
// it goes down and when it comes up.
let pressed = null;
document.addEventListener("pointerdown", (event) => {
  const button = event.button === 0 && event.target.closest("button");
  pressed = button ? { button, x: event.clientX, y: event.clientY } : null;
});
document.addEventListener("pointerup", (event) => {
  const { button, x, y } = pressed ?? {};
  pressed = null;
  if (!button?.isConnected || button.contains(event.target) || event.pointerType === "touch") return;
  if (Math.hypot(event.clientX - x, event.clientY - y) < 4) button.click();
});

// One press, one post: the server would notice a second one, but nobody should have to read that.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (event.submitter && "once" in event.submitter.dataset) {
      form.dataset.sent = "1";
      event.submitter.setAttribute("aria-busy", "true");
    }
  });
}
// Back in the history: the page may come from the browser's memory as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

// The HTML of a mail comes into its frame by itself, once it is looked at.
for (const form of document.querySelectorAll("form[data-frame]")) {
  const sample = document.querySelector(`[name='${form.target}']`).closest("details");
  const show = () => {
    if (!sample.open || form.dataset.shown) return;
    form.dataset.shown = "1";
    form.submit();
  };
  sample.querySelector("button[data-frame]").hidden = true;
  sample.addEventListener("toggle", show);
  show();
}

// The clock of a post that waits, by time passed here: this machine's own clock may be wrong.
for (const clock of document.querySelectorAll("[data-countdown]")) {
  const end = performance.now() + 1000 * Number(clock.dataset.countdown);
  const tick = () => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (!left) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
}

// Clocks that go on: by the server's time, since this machine's own may be wrong. The most pressing is in the
// tab's title, too.
const title = document.title;
const span = (seconds) => {
  const left = Math.abs(seconds);
  if (left < 3600) return `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`;
  const hours = Math.floor(left / 3600);
  return hours < 48 ? `${hours} h ${Math.floor((left % 3600) / 60)} min` : `${Math.floor(hours / 24)} days`;
};
let behind = 0, stated = "", heard = Date.now();
const stale = document.querySelector("[data-stale]"); // of a screen that nobody reloads
const tickAll = () => {
  const clocks = document.querySelector(".clocks");
  if (!clocks) return;
  if (clocks.dataset.now !== stated) {
    stated = clocks.dataset.now;
    heard = Date.now();
    behind = Date.parse(stated) - Date.now();
  }
  if (stale) stale.hidden = Date.now() - heard < 60_000;
  const now = Date.now() + behind;
  const clock = clocks.querySelector("[data-clock]");
  if (clock) clock.textContent = new Date(now).toISOString().slice(11, 16);
  for (const time of clocks.querySelectorAll("[data-since]")) {
    time.textContent = span(((time.dataset.until ? Date.parse(time.dataset.until) : now) - Date.parse(time.dataset.since)) / 1000);
  }
  for (const time of clocks.querySelectorAll("[data-to]")) {
    const left = (Date.parse(time.dataset.to) - now) / 1000;
    time.textContent = left < 0 ? `${span(left)} late` : span(left);
    time.closest("div").classList.toggle("hot", left < 300);
  }
  const promise = clocks.querySelector("[data-promise] time");
  document.title = promise ? `${promise.textContent} to promise · ${title}`.replace("late to", "late:") : title;
};
if (document.querySelector(".clocks")) {
  tickAll();
  setInterval(tickAll, 1000);
}

// What was just sent goes out when its seconds are over: carried out by this page if no worker was faster. Then the
// incident is shown as it is, unless somebody is writing here.
const undo = document.getElementById("undo");
let written = false;
document.addEventListener("input", () => (written = true));
const watchUndo = () => {
  const began = performance.now(), now = Date.parse(undo.dataset.now);
  const waiting = [...undo.querySelectorAll("[data-due]")];
  if (!waiting.length) return;
  const timer = setInterval(() => {
    const lefts = waiting.map((post) => (Date.parse(post.dataset.due) - now - (performance.now() - began)) / 1000);
    waiting.forEach((post, at) => (post.querySelector("[data-left]").textContent = `In ${Math.max(0, Math.ceil(lefts[at]))} s.`));
    if (Math.min(...lefts) > -0.3) return;
    clearInterval(timer);
    sendDue();
  }, 250);
};
const sendDue = async () => {
  const data = new URLSearchParams({ csrfmiddlewaretoken: undo.querySelector("[name='csrfmiddlewaretoken']").value });
  try {
    const answer = await fetch(undo.dataset.undo, { method: "POST", body: data });
    if (!answer.ok) throw new Error(answer.status);
    undo.innerHTML = await answer.text();
    undo.dataset.now = answer.headers.get("X-Now");
  } catch {
    setTimeout(sendDue, 3000);
    return;
  }
  const go = undo.querySelector("[data-go]");
  if (go && !written && !undo.querySelector("[data-due]")) location.assign(go.href);
  else watchUndo();
};
if (undo) watchUndo();

// Keys, and the sheet that names them.
const sheet = document.getElementById("keys");
document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && writing) {
    const form = writing.closest("form");
    form?.querySelector("button[value='preview']")?.click();
    return;
  }
  if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") sheet?.showModal();
  if (event.key === "n") document.querySelector("[data-key='n']")?.click();
  if (event.key === "z") document.querySelector("[data-key='z']")?.click();
  if (event.key === "l") document.querySelector(".brand")?.click();
  if (event.key === "u") document.getElementById("update-public_text")?.focus();
  if (event.key === "/") {
    const field = document.querySelector("[type='search']");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  }
});

document.getElementById("errors")?.focus();
