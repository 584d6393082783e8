"use strict";

// Comfort only: without this file every screen works the same, with a little more scrolling.

// Find as you type, and a line that names what is ticked.
for (const picker of document.querySelectorAll("[data-picker]")) {
  const find = picker.querySelector("[data-find]");
  const chosen = picker.querySelector("[data-chosen]");
  const options = [...picker.querySelectorAll("[data-words]")];
  const groups = [...picker.querySelectorAll("[data-group]")];

  // The phrase in a name or alias comes first ("west eu"); without one, all words in any order, the
  // group's name included ("europe"). Enter ticks the best: a name that begins with what was typed.
  let best = null;
  const narrow = () => {
    const phrase = find.value.trim().toLowerCase();
    const words = phrase.split(/\s+/);
    let found = options.filter((option) => option.dataset.names.includes(phrase));
    if (!found.length) {
      found = options.filter((option) => words.every((word) => option.dataset.words.includes(word)));
    }
    best?.classList.remove("best");
    best = null;
    if (phrase) {
      best = found.find((option) => option.dataset.names.startsWith(phrase)) ?? found[0] ?? null;
      best?.classList.add("best");
    }
    const shown = new Set(found);
    for (const option of options) option.hidden = !shown.has(option);
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    (best ?? options[0])?.scrollIntoView({ block: "nearest" });
  };

  const name = () => {
    const names = [...picker.querySelectorAll(":scope label > input:checked[name='services'], :scope label > input:checked[name='regions']")]
      .map((box) => box.nextElementSibling.textContent);
    chosen.textContent = names.length ? `${names.length} ticked: ${names.join(", ")}` : "None ticked";
  };

  find.closest(".find").hidden = false;
  find.addEventListener("input", (event) => {
    event.stopPropagation(); // looking for a name changes no fact
    narrow();
  });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // It ticks instead of sending the form.
    event.preventDefault();
    if (best) {
      best.querySelector("input").click();
      find.select();
    }
  });
  picker.addEventListener("change", name);
  // After a reload, or Back, the browser ticks again what was ticked, and says so to nobody.
  window.addEventListener("pageshow", name);
  name();
}

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

document.getElementById("errors")?.focus();
