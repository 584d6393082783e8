// Before the first paint: light or dark, where a reader wants another one than the device has, and the room for their own
// services. Kept without a cookie.
"use strict";
(() => {
  const KEY = "theme";
  const root = document.documentElement;
  const wear = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  const kept = (key) => {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return ""; // storage is closed: as for everybody
    }
  };
  wear(kept(KEY));
  root.toggleAttribute("data-local-mine", kept("mine") !== "");
  // The list can wait for the first frame.
  addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => setTimeout(() => {
    const choice = document.querySelector("[data-choose-theme]");
    if (!choice) return;
    choice.value = kept(KEY);
    choice.addEventListener("change", () => {
      wear(choice.value);
      try {
        if (choice.value) localStorage.setItem(KEY, choice.value);
        else localStorage.removeItem(KEY);
      } catch {
        // it lasts as long as the page
      }
    });
  })));
})();
