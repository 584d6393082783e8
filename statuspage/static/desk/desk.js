"use strict";

// Comfort only: without this file every screen works the same, with a little more scrolling.

// Find as you type, and a line that names what is ticked.
for (const picker of document.querySelectorAll("[data-picker]")) {
  const find = picker.querySelector("[data-find]");
  const chosen = picker.querySelector("[data-chosen]");
  const options = [...picker.querySelectorAll("[data-words]")];
  const groups = [...picker.querySelectorAll("[data-group]")];

  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of options) {
      option.hidden = !words.every((word) => option.dataset.words.includes(word));
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
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
    // Enter ticks the first one found instead of sending the form.
    event.preventDefault();
    const first = options.find((option) => !option.hidden);
    if (first && find.value.trim()) {
      first.querySelector("input").click();
      find.select();
    }
  });
  picker.addEventListener("change", name);
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

document.getElementById("errors")?.focus();
