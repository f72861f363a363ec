// The page: header, the view that the address names, what somebody must be asked.

import { render } from "preact";
import { useEffect, useReducer, useState } from "./vendor/hooks.mjs";
import { Guarded, Icon, TokenDialog, html } from "./parts.js";
import { begin, changed, model, takeToken, watch } from "./store.js";
import { Attention, Stream, Strip, Targets, showInTab, summary } from "./overview.js";
import { Promises } from "./promises.js";
import { About, Channels, Inbox, Incident, Incidents } from "./records.js";
import { Target } from "./target.js";
import { language, lasting, speak, t } from "./words.js";

const PAGES = { overview: Overview, incidents: Incidents, notifications: Channels, slo: Promises, inbox: Inbox, about: About };
const THEMES = ["auto", "light", "dark"];

function themed(theme) {
  lasting.setItem("agent2.theme", theme);
  document.documentElement.dataset.theme = theme;
}
themed(lasting.getItem("agent2.theme") ?? "auto");

/** Return the view and its subject that the address names. */
function route() {
  const [, page = "", ...rest] = location.hash.split("/");
  let subject = "";
  try {
    subject = decodeURIComponent(rest.join("/"));
  } catch {
    return { page: "" };
  }
  if (page === "t") return { page: "target", subject };
  if (page === "i") return { page: "incident", subject };
  return { page: page || "overview", subject };
}

function Overview({ redraw }) {
  const [filter, setFilter] = useState("");
  return html`<${Strip} filter=${filter} setFilter=${setFilter} />
    <${Attention} />
    <${Targets} filter=${filter} setFilter=${setFilter} redraw=${redraw} />`;
}

function View({ redraw }) {
  const { page, subject } = route();
  if (page === "target") return html`<${Target} key=${subject} name=${subject} />`;
  if (page === "incident") return html`<${Incident} key=${subject} id=${subject} />`;
  const Found = Object.hasOwn(PAGES, page) && PAGES[page];
  return Found ? html`<${Found} redraw=${redraw} />` : html`<p class="empty">${t("missing")}</p>`;
}

function Header() {
  const here = route().page;
  const parent = { target: "overview", incident: "incidents" }[here] ?? here;
  const open = model.state?.incidents?.open?.length;
  return html`<header>
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), document.getElementById("main").focus())}>${t("skip")}</a>
    <a class="brand" href="#/"><${Icon} state=${summary().state} size=${18} /> Agent2</a>
    <nav aria-label=${t("nav")}>${Object.keys(PAGES).map((page) => html`<a key=${page} href=${`#/${page === "overview" ? "" : page}`}
      aria-current=${page === parent ? "page" : null}>${t(`nav.${page}`)}${page === "incidents" && open ? html` <span class="badge">${open}</span>` : ""}</a>`)}</nav>
    <${Stream} />
    <div class="setting">
      <select aria-label=${t("about.theme")} onChange=${(event) => themed(event.target.value)}>
        ${THEMES.map((theme) => html`<option value=${theme} selected=${theme === document.documentElement.dataset.theme}>${t(`theme.${theme}`)}</option>`)}
      </select>
      <button lang=${language === "zh" ? "en" : "zh"} onClick=${() => speak(language === "zh" ? "en" : "zh")}>${t("language.other")}</button>
    </div>
  </header>`;
}

function App() {
  const [, redraw] = useReducer((count) => count + 1, 0);
  useEffect(() => watch(redraw), []);
  useEffect(() => {
    const read = new Map(); // how far down each place was read: who goes back is there again
    const moved = ({ oldURL }) => {
      read.set(new URL(oldURL).hash, scrollY); // the old page still stands; a scroll event may be on its way
      takeToken();
      const y = (history.state && read.get(location.hash)) ?? 0;
      history.replaceState(1, "");
      redraw();
      document.getElementById("main").focus({ preventScroll: true });
      setTimeout(() => scrollTo(0, y));
    };
    history.scrollRestoration = "manual";
    history.replaceState(1, "");
    addEventListener("hashchange", moved);
  }, []);
  showInTab(summary());
  const { state, note } = model;
  return html`<${Header} />
    <main id="main" tabindex="-1">
      ${state ? html`<${Guarded} key=${location.hash}><${View} redraw=${redraw} /></${Guarded}>` : html`<${Strip} filter="" setFilter=${changed} />`}
    </main>
    <div class="note-place" role="status">${note && html`<p class=${`note ${note.bad ? "bad" : ""}`}><${Icon} state=${note.bad ? "down" : "ok"} /> ${note.text}</p>`}</div>
    <${TokenDialog} />`;
}

const place = document.getElementById("app");
render(html`<${App} />`, place);
place.removeAttribute("aria-busy");
begin();
