// The state of a service or region on somebody else's page, as an element of its own:
//   <script src="https://status.example.com/embed.js" defer></script>
//   <statuspage-state service="storage" region="east-us"></statuspage-state>
// Attributes: service, region (or both), pairs ("storage:east-us,…"); without any, all services. `src`: the address
// of the status page, by default where this script came from. The page's policy needs script-src and connect-src
// for that address, and nothing for styles.
(() => {
  "use strict";
  const home = new URL(".", document.currentScript.src).href;
  const EVERY = 60_000;
  const WORDS = {
    operational: "operational",
    degraded_performance: "slow or with errors",
    partial_outage: "out for some",
    major_outage: "out",
    under_maintenance: "under maintenance",
  };
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: inline-block; font: inherit }
    a { color: inherit; text-decoration: none; display: inline-flex; gap: .5em; align-items: baseline }
    a:hover, a:focus-visible { text-decoration: underline }
    svg { width: .8em; height: .8em; flex: none }
    .none { fill: #1d7f54 } .minor { fill: #9a5b00 } .major, .critical { fill: #b3261e } .unknown { fill: #5a6270 }
    @supports (color: light-dark(red, red)) {
      .none { fill: light-dark(#1d7f54, #5cc596) } .minor { fill: light-dark(#9a5b00, #e0a84a) }
      .major, .critical { fill: light-dark(#b3261e, #f08a80) } .unknown { fill: light-dark(#5a6270, #a5acb8) }
    }
  `);
  // A shape of its own for each, as colours alone say nothing to some.
  const SHAPES = {
    none: "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
    minor: "M6 .5L12 11.5H0z",
    major: "M3.6 0h4.8L12 3.6v4.8L8.4 12H3.6L0 8.4V3.6z",
    unknown: "M1 5h10v2H1z",
  };
  SHAPES.critical = SHAPES.major;

  // Names are "service – region": what all of them have in common, or how many there are.
  const common = (parts) => {
    const [first, ...more] = parts.map((one) => one.name);
    const ends = first.split(" – ");
    if (!more.length) return first;
    return (
      [ends[0], ends.at(-1)].find((one, end) => more.every((name) => name.split(" – ").at(-end) === one)) ??
      `All ${parts.length}`
    );
  };

  class State extends HTMLElement {
    static observedAttributes = ["src", "service", "region", "pairs"];

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      root.innerHTML = '<a role="status"><svg viewBox="0 0 12 12" aria-hidden="true"><path/></svg><span></span></a>';
    }
    connectedCallback() {
      this.timer = setInterval(() => document.hidden || this.ask(), EVERY);
      this.ask();
    }
    disconnectedCallback() {
      clearInterval(this.timer);
    }
    attributeChangedCallback() {
      if (this.isConnected) this.ask();
    }
    async ask() {
      const base = new URL(this.getAttribute("src") || home, document.baseURI);
      const url = new URL("api/v2/summary.json", base.href.endsWith("/") ? base : `${base}/`);
      for (const name of ["service", "region", "pairs"]) {
        if (this.hasAttribute(name)) url.searchParams.set(name, this.getAttribute(name));
      }
      try {
        const answer = await fetch(url, { cache: "no-cache", credentials: "omit" });
        const data = await answer.json();
        if (!answer.ok) throw new Error(data.error);
        this.show(data);
      } catch (error) {
        this.draw("unknown", "Status unknown", base.href, String(error.message || ""));
      }
    }
    show({ page, status, components }) {
      const parts = components.filter((one) => !one.group);
      const troubled = parts.filter((one) => one.status !== "operational");
      const said = troubled.slice(0, 3).map((one) => `${one.name}: ${WORDS[one.status]}`);
      if (troubled.length > 3) said.push(`${troubled.length - 3} more`);
      const calm = this.asksForAll() ? status.description : `${common(parts)}: ${WORDS.operational}`;
      this.draw(status.indicator, said.join(", ") || calm, `${page.url}/status/`, status.description);
    }
    asksForAll() {
      return !["service", "region", "pairs"].some((name) => this.hasAttribute(name));
    }
    draw(state, text, href, title) {
      const root = this.shadowRoot;
      const path = root.querySelector("path");
      path.setAttribute("d", SHAPES[state] ?? SHAPES.unknown);
      path.setAttribute("class", SHAPES[state] ? state : "unknown");
      root.querySelector("span").textContent = text;
      root.querySelector("a").href = href;
      root.querySelector("a").title = title;
      this.dispatchEvent(new CustomEvent("state", { detail: { state, text } }));
    }
  }
  customElements.define("statuspage-state", State);
})();
