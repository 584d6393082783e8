// Finding as you type in lists of boxes; the lists work without it.
"use strict";
(() => {
  // The reader's own zone, as long as none was chosen.
  for (const field of document.querySelectorAll("[data-zone]")) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (field.value === "UTC" && own) field.value = own;
  }
  const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  for (const picker of document.querySelectorAll("[data-picker]")) {
    const field = picker.querySelector("[data-find]"), count = picker.querySelector("[data-count]");
    const boxes = [...picker.querySelectorAll("[data-words]")], none = picker.querySelector("[data-none]");
    const words = new Map(boxes.map((box) => [box, plain(box.dataset.words)]));
    field.closest("[hidden]").hidden = false;
    const filter = () => {
      const asked = plain(field.value).split(/\s+/).filter(Boolean);
      for (const box of boxes) box.hidden = !asked.every((word) => words.get(box).includes(word));
      for (const group of picker.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("[data-words]:not([hidden])");
      none.hidden = boxes.some((box) => !box.hidden);
    };
    const tally = () => {
      const ticked = boxes.filter((box) => box.querySelector("input").checked).length;
      count.textContent = ticked ? `${ticked} ${count.dataset.word}` : "";
    };
    field.addEventListener("input", filter);
    // Enter looks for a name, it does not send the form.
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    picker.addEventListener("change", tally);
    filter();
    tally();
  }
})();
