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
// A browser subscribes itself: the form then carries what its push service gave it.
(() => {
  const form = document.querySelector("[data-push]");
  if (!form) return;
  const part = (name) => form.querySelector(`[data-push-${name}]`);
  const show = (name) => { for (const each of ["none", "denied", "failed"]) part(each).hidden = each !== name; };
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    part("on").disabled = true;
    show("none");
    return;
  }
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const registered = () => navigator.serviceWorker.register(form.dataset.worker);
  const ready = async () => {
    const registration = await registered();
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    if (worker.state !== "activated") {
      await new Promise((done) => worker.addEventListener("statechange", () => { if (worker.state === "activated") done(); }));
    }
    return registration;
  };
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.name === "add" || form.elements.subscription.value) return;
    event.preventDefault();
    show("");
    if ((await Notification.requestPermission()) !== "granted") return show("denied");
    try {
      const { pushManager } = await ready();
      const known = await pushManager.getSubscription();
      const own = bytes(form.dataset.push);
      // Begun under another key of ours: that one would be refused.
      const same = known && String(new Uint8Array(known.options.applicationServerKey)) === String(own);
      if (known && !same) await known.unsubscribe();
      const subscription = same ? known : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: own });
      form.elements.subscription.value = JSON.stringify(subscription);
      form.requestSubmit();
    } catch {
      show("failed");
    }
  });
  navigator.serviceWorker.getRegistration(form.dataset.worker).then(async (registration) => {
    const subscription = await registration?.pushManager.getSubscription();
    if (!subscription) return;
    part("has").hidden = false;
    part("off").addEventListener("click", async () => {
      await subscription.unsubscribe();
      part("has").hidden = true;
    });
  });
})();
