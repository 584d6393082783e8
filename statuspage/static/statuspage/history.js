// What scripts add to the history and to one incident: a link to the clipboard, printing, minutes that can be dismissed.
"use strict";
(() => {
  const say = (text) => {
    const line = document.querySelector("#announcer");
    if (line) line.textContent = text;
  };
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest?.("[data-copy]");
    if (copy) {
      const { copied } = copy.dataset;
      try {
        await navigator.clipboard.writeText(copy.dataset.copy);
      } catch {
        return getSelection().selectAllChildren(document.querySelector(".share .address"));
      }
      copy.textContent = copied;
      say(copied);
    }
    if (event.target.closest?.("[data-print]")) print();
  });
  // Empty filters stay out of the address, so that it can be shared.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches(".filters")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
  // WCAG 1.4.13: what appears under the pointer or the focus can be sent away without moving either.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const row of document.querySelectorAll(".posted li:is(:hover, :focus-within)")) row.setAttribute("data-local-dismissed", "");
  });
  for (const kind of ["pointerout", "focusout"]) {
    document.addEventListener(kind, (event) => {
      const row = event.target.closest?.(".posted li");
      if (row && !row.contains(event.relatedTarget)) row.removeAttribute("data-local-dismissed");
    });
  }
  // Paper has no summary to click: what is folded is printed open, and folded again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    const folded = document.querySelectorAll("main details:not([open])");
    for (const details of folded) details.open = true;
    opened.push(...folded); // browsers may announce it twice
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });
})();
