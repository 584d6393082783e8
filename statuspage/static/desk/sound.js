"use strict";

// A sound for whoever looks elsewhere: something new on the screen, or a promise that runs out. Off until somebody
// presses the button, remembered in this browser, and made here: no file, no request.
class Chime {
  constructor(button) {
    this.button = button;
    this.known = null;
    this.on = this.remembered();
    button.hidden = false;
    button.addEventListener("click", () => {
      this.on = !this.on;
      this.remember();
      this.show();
      if (this.on) this.play();
    });
    this.show();
    this.look();
    document.addEventListener("htmx:after:swap", () => this.look());
    setInterval(() => this.look(), 1000);
  }

  // A browser may keep nothing, or refuse to.
  remembered() {
    try {
      return localStorage.getItem("desk-sound") === "on";
    } catch {
      return false;
    }
  }

  remember() {
    try {
      localStorage.setItem("desk-sound", this.on ? "on" : "off");
    } catch {
      // then it holds for this page
    }
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.on));
    this.button.textContent = this.on ? "Sound on" : "Sound off";
  }

  // What is worth a sound, by name; once each.
  look() {
    const heard = new Set([...document.querySelectorAll("[data-heard]")].map((each) => each.dataset.heard));
    for (const late of document.querySelectorAll(".hot [data-to]")) heard.add(`late ${late.dataset.to}`);
    const fresh = this.known !== null && [...heard].some((name) => !this.known.has(name));
    this.known = new Set([...(this.known ?? []), ...heard]);
    if (fresh && this.on) this.play();
  }

  // Before anybody has touched the page, browsers allow no sound: then none is tried.
  play() {
    if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
    this.audio ??= new AudioContext();
    this.audio.resume();
    const begin = this.audio.currentTime;
    for (const [at, pitch] of [[0, 660], [0.18, 880]]) {
      const tone = this.audio.createOscillator(), level = this.audio.createGain();
      tone.frequency.value = pitch;
      level.gain.setValueAtTime(0.0001, begin + at);
      level.gain.exponentialRampToValueAtTime(0.15, begin + at + 0.02);
      level.gain.exponentialRampToValueAtTime(0.0001, begin + at + 0.35);
      tone.connect(level).connect(this.audio.destination);
      tone.start(begin + at);
      tone.stop(begin + at + 0.4);
    }
    this.button.dataset.played = String(Number(this.button.dataset.played ?? 0) + 1);
  }
}

const sound = document.querySelector("[data-sound]");
if (sound) new Chime(sound);
