// Light or dark, where a reader wants another one than the device has. Before the first paint; kept without a cookie.
"use strict";
(() => {
  const KEY = "theme";
  const root = document.documentElement;
  const wear = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  const kept = () => {
    try {
      return localStorage.getItem(KEY) ?? "";
    } catch {
      return ""; // storage is closed: as the device has it
    }
  };
  wear(kept());
  // The list can wait for the first frame.
  addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => setTimeout(() => {
    const choice = document.querySelector("[data-choose-theme]");
    if (!choice) return;
    choice.value = kept();
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
