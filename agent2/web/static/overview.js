// The first page: one sentence, the counts, how the agent is; open incidents; all targets.

import { Component } from "preact";
import { useEffect, useRef } from "./vendor/hooks.mjs";
import { Beats, Icon, Mark, Panel, State, Tag, Time, To, html, useAnswer } from "./parts.js";
import { Acknowledge, CheckNow, Close, Marks, PauseButton, Retry, Silence, Word } from "./people.js";
import { model } from "./store.js";
import { age, instant, lasting, length, moment, named, now, part, spent, t } from "./words.js";

const STATES = ["down", "warn", "unknown", "ok"];

/** Count the targets of a state document by their state. */
function counted(state) {
  const found = { ok: 0, warn: 0, down: 0, unknown: 0 };
  for (const one of state?.targets ?? []) found[one.state] = (found[one.state] ?? 0) + 1;
  return found;
}

const OLD_MS = 90000; // a tab that woke up, a network that swallows: nobody sees once a minute

/** Return the worst state and the sentence that tells it. */
export function summary() {
  const { state, mode, trouble, askedAt } = model;
  if (!state) return { state: "unknown", text: trouble ?? t("sum.loading") };
  if (mode === "offline" || Date.now() - askedAt > OLD_MS) return { state: "unknown", text: t("sum.offline", { since: moment(askedAt) }) };
  if (state.status === "stopped") return { state: "unknown", text: t("sum.stopped") };
  if (!state.fresh) return { state: "unknown", text: t("sum.stale", { since: moment(instant(state.updated_at)) }) };
  const counts = counted(state);
  const worst = STATES.find((word) => counts[word]) ?? "unknown";
  const those = state.targets.filter((one) => one.state === worst);
  const since = those.map((one) => instant(one.since)).filter((at) => at !== null);
  const alone = worst === "ok" || state.targets.length === 1 || those.length === 1;
  const told = { n: alone ? those.length : String(those.length), all: state.targets.length, name: those[0]?.name };
  told.since = since.length ? moment(Math.min(...since)) : "–";
  return { state: worst, text: t(worst === "ok" ? "sum.up" : `sum.${worst}`, told) };
}

/** Let the tab say it too. */
export function showInTab({ state, text }) {
  const counts = counted(model.state);
  const mark = { down: "✕", warn: "▲", unknown: "?", ok: "✓" }[state];
  const many = counts[state] && state !== "ok" ? ` ${counts[state]}` : "";
  const host = model.state?.agent?.host;
  document.title = `${mark}${many} Agent2${host ? ` · ${host}` : ""}`;
  const icon = document.querySelector("link[rel=icon]");
  const wanted = new URL(`./icon-${state}.svg`, import.meta.url).pathname;
  if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  return text;
}

export function Stream() {
  const { mode } = model;
  const news = Math.max(model.heardAt ?? 0, instant(model.state?.updated_at) ?? 0) || null;
  return html`<p class="stream is-${mode}" title=${mode === "polling" ? t("stream.title.polling") : ""}
    data-mode=${mode} data-seq=${model.seq} data-received=${model.received}
    data-gaps=${model.gaps} data-repeats=${model.repeats} data-resets=${model.resets}>
    <span class="dot" aria-hidden="true"></span>${t(`stream.${mode}`)}
    ${news && html`<span class="faint"> · ${t("stream.heard", { age: age(news) })}</span>`}
  </p>`;
}

export function Strip({ filter, setFilter }) {
  const told = summary();
  const counts = counted(model.state);
  return html`<section class="strip is-${told.state}">
    <h1><${Icon} state=${told.state} size=${28} /><span id="sentence" aria-live="polite">${told.text}</span></h1>
    <div class="counts" role="group" aria-label=${t("counts")}>
      ${STATES.map((word) => html`<button key=${word} class="count is-${word}" disabled=${!counts[word] && filter !== word}
        aria-pressed=${filter === word ? "true" : "false"} onClick=${() => setFilter(filter === word ? "" : word)}>
        <${Icon} state=${word} size=${14} /><b>${counts[word]}</b> ${t(`state.${word}`)}
      </button>`)}
    </div>
    <${Self} />
  </section>`;
}

function Self() {
  const state = model.state;
  if (!state) return null;
  const self = state.agent.self ?? {};
  const sum = (key) => state.notifiers.reduce((all, one) => all + (one[key] ?? 0), 0);
  const facts = [
    t("self.agent", { pid: state.agent.pid }),
    self.lateness_s !== undefined && t("self.late", { late: spent(self.lateness_s) }),
    sum("pending") > 0 && t("self.outbox", { n: sum("pending") }),
  ].filter(Boolean);
  const bad = [
    sum("dead") > 0 && t("self.dead", { n: String(sum("dead")) }),
    state.agent.config?.last_reload === "rejected" && t("self.reload"),
    ...Object.entries(self.troubles ?? {}).map(([what, detail]) => t("self.trouble", { what: `${what}: ${detail}` })),
  ].filter(Boolean);
  return html`<ul class="self" aria-label=${t("self")}>
    ${facts.map((fact) => html`<li>${fact}</li>`)}
    ${bad.map((fact) => html`<li class="bad"><${Icon} state="warn" size=${12} />${fact}</li>`)}
    ${!bad.length && sum("pending") === 0 && html`<li>${t("self.fine")}</li>`}
  </ul>`;
}

// --- open incidents: why, what was done, who was told and whether it arrived

const MOST = 8;
const of = (incident) => model.state.targets.find((one) => one.name === incident.target);

export function Attention() {
  const rank = (one) => (one.acked || of(one)?.silenced ? 2 : 0) + (one.severity === "warning" ? 1 : 0);
  const open = [...(model.state?.incidents?.open ?? [])].sort((a, b) => rank(a) - rank(b));
  if (!open.length) return null;
  return html`<${Panel} id="attention" title=${t("attention")} kind="attention" aside=${html`<${CheckNow} />`}>
    <ul class="cases">${open.slice(0, MOST).map((one) => html`<${Case} key=${one.id} incident=${one} />`)}</ul>
    ${open.length > MOST && html`<p><a href="#/incidents">${t("attention.more", { n: open.length - MOST })}</a></p>`}
  </${Panel}>`;
}

function Case({ incident }) {
  const target = of(incident);
  const worst = target?.state ?? "unknown";
  const { tree } = useAnswer(`incidents/${encodeURIComponent(incident.id)}`);
  const seconds = (now() - instant(incident.opened_at)) / 1000;
  return html`<li class="case is-${worst}">
    <div class="what">
      <${Icon} state=${worst} size=${20} />
      <div>
        <h3><${To} name=${incident.target} />
          <span class="why">${named("code", incident.code)}</span><${Word} acked=${incident.acked} silenced=${target?.silenced} /></h3>
        <p class="faint">${t("attention.since")} <${Time} at=${incident.opened_at} seconds /> · ${length(seconds)}
          ${incident.detail && html` · <span class="detail">${incident.detail}</span>`}</p>
      </div>
    </div>
    <dl class="facts">
      <div><dt>${t("attention.done")}</dt><dd><${Done} fixes=${tree?.fixes} restarts=${target?.restarts ?? {}} /></dd></div>
      <div><dt>${t("attention.told")}</dt><dd><${Told} deliveries=${tree?.deliveries} /></dd></div>
    </dl>
    <div class="buttons">
      <${Acknowledge} incident=${incident} /><${Close} incident=${incident} />
      ${target && html`<${Silence} target=${target} /><${PauseButton} target=${target} />`}
      <a class="button" href=${`#/i/${encodeURIComponent(incident.id)}`}>${t("act.details")}</a>
    </div>
  </li>`;
}

/** The actions of an incident and whether they helped. */
export function Done({ fixes, restarts = {}, all }) {
  if (!fixes) return "…";
  return html`${!fixes.length && html`<span class="faint">${t(restarts.enabled === false ? "target.off" : "attention.nothing")}</span>`}<ul class="lines">${(all ? fixes : fixes.slice(-4)).map((one) => html`<li>
    <${Time} at=${one.timestamp} seconds /> ${one.action} <${Result} fix=${one} /></li>`)}
    ${restarts.exhausted && html`<li class="lost">${t("target.exhausted")}</li>`}</ul>`;
}

const LOOKS = { success: "ok", failed: "down", signal_created: "unknown", warning_logged: "warn", withdrawn: "unknown" };

/** How an action ended. */
export function Result({ fix }) {
  const result = fix.withdrawn ? "withdrawn" : fix.result;
  return html`<${Mark} look=${LOOKS[result]}>${named("fix", result)}</${Mark}>`;
}

const ARRIVED = { delivered: "ok", dead: "down", pending: "unknown", sending: "unknown", superseded: "unknown" };

/** Every delivery: to whom, of what, did it arrive. */
export function Told({ deliveries, all }) {
  if (!deliveries) return html`<span class="faint">…</span>`;
  if (!deliveries.length) return html`<span class="faint">${t(model.state.notifiers.length ? "attention.nobody" : "channels.none")}</span>`;
  const shown = all ? deliveries : deliveries.slice(-6);
  return html`<ul class="lines">${shown.map((one) => html`<li key=${one.id}>
    <b>${one.notifier}</b> <${Tag}>${named("alert", one.kind)}</${Tag}>
    <${Arrived} delivery=${one} />
    ${one.state === "dead" && html`<${Retry} id=${one.id} />`}</li>`)}</ul>`;
}

export function Arrived({ delivery }) {
  const { state, attempts } = delivery;
  const cause = delivery.cause ? named("cause", delivery.cause) : "";
  const again = state === "pending" && attempts > 0;
  const text = again ? t("told.retrying", { n: String(attempts + 1) }) : t(`told.${state}`, { cause });
  const look = again ? "warn" : ARRIVED[state];
  return html`<${Mark} look=${look} title=${delivery.detail ?? ""}>${text}</${Mark}>
    ${again && html` <span class="faint">${cause}</span>`}
    ${instant(delivery.next_at) > now() && html` <span class="faint">${t("told.next")} <${Time} at=${delivery.next_at} seconds /></span>`}`;
}

// --- the targets: a table on a wide page, cards on a narrow one

const ORDERS = ["worst", "name", "slow", "plan"];

const kept = {
  sort: lasting.getItem("agent2.sort") ?? "worst",
  find: "",
  folded: new Set(JSON.parse(lasting.getItem("agent2.folded") ?? "[]")),
};

function ordered(targets) {
  const rank = (one) => STATES.indexOf(one.state) - (one.incident ? 0.5 : 0);
  const slow = (one) => -(model.past[one.name]?.p95_s ?? -1);
  const byName = (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true });
  const orders = {
    worst: (a, b) => rank(a) - rank(b) || byName(a, b),
    name: byName,
    slow: (a, b) => slow(a) - slow(b) || byName(a, b),
  };
  return Object.hasOwn(orders, kept.sort) ? [...targets].sort(orders[kept.sort]) : targets;
}

const groupOf = (target) => target.group ?? target.labels?.group ?? "";

/** Return `[group, targets]`; one nameless group if none has any. */
function grouped(targets) {
  const found = new Map();
  for (const one of targets) {
    const name = groupOf(one);
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(one);
  }
  return [...found];
}

/** How a group is: the agent's word for it where it is one of its own, and how many of all are well. */
export function Group({ name }) {
  const all = model.state.targets.filter((one) => groupOf(one) === name);
  const look = model.state.groups?.find((one) => one.name === name)?.state;
  const told = t("group.well", { n: String(all.filter((one) => one.state === "ok").length), all: all.length });
  return look ? html`<${Mark} look=${look}>${told}</${Mark}>` : html`<span class="faint">${told}</span>`;
}

export function Targets({ filter, setFilter, redraw }) {
  const box = useRef(null);
  useEffect(() => {
    const slash = (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || document.querySelector("dialog")) return;
      event.preventDefault();
      box.current.focus();
    };
    document.addEventListener("keydown", slash);
    return () => document.removeEventListener("keydown", slash);
  }, []);
  const words = kept.find.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (one) => `${one.name} ${Object.values(one.labels ?? {}).join(" ")} ${one.state}`.toLowerCase();
  const all = model.state.targets;
  const shown = ordered(all.filter((one) => (!filter || one.state === filter) && words.every((word) => text(one).includes(word))));
  const clear = () => ((kept.find = ""), setFilter(""), redraw());
  const tools = html`<div class="tools">
    <input ref=${box} type="search" placeholder=${`${t("targets.find")}  /`} aria-label=${t("targets.find")} aria-keyshortcuts="/"
      value=${kept.find} onInput=${(event) => ((kept.find = event.target.value), redraw())}
      onKeyDown=${(event) => event.key === "Escape" && (clear(), event.target.blur())} />
    <select aria-label=${t("targets.sort")} value=${kept.sort}
      onChange=${(event) => ((kept.sort = event.target.value), lasting.setItem("agent2.sort", kept.sort), redraw())}>
      ${ORDERS.map((order) => html`<option value=${order} selected=${order === kept.sort}>${t(`sort.${order}`)}</option>`)}
    </select>
  </div>`;
  return html`<${Panel} id="targets" title=${t("targets")} aside=${tools}>
    ${shown.length === 0
      ? html`<p class="empty">${t("targets.none")} <button onClick=${clear}>${t("targets.show_all")}</button></p>`
      : html`<${Grid} targets=${shown} all=${filter || words.length} redraw=${redraw} />`}
  </${Panel}>`;
}

const COLUMNS = ["state", "name", "beats", "checked", "p95", "uptime", "restarts"];

function Grid({ targets, all, redraw }) {
  const groups = grouped(targets);
  const unfolded = (name) => all || !kept.folded.has(name); // what is sought is never hidden
  const fold = (name) => {
    if (!kept.folded.delete(name)) kept.folded.add(name);
    lasting.setItem("agent2.folded", JSON.stringify([...kept.folded]));
    redraw();
  };
  return html`<table class="targets" role="table" aria-labelledby="targets-title">
    <thead role="rowgroup"><tr role="row">
      ${COLUMNS.map((name) => html`<th role="columnheader" scope="col" class=${`c-${name}`}>${t(`col.${name}`)}</th>`)}
    </tr></thead>
    ${groups.map(([name, members]) => html`<tbody key=${name} role="rowgroup">
      ${(name || groups.length > 1) && html`<tr role="row" class="group"><th role="rowheader" colspan=${COLUMNS.length} scope="rowgroup">
        <button aria-expanded=${unfolded(name) ? "true" : "false"} onClick=${() => fold(name)}>
          ${name || t("group.none")}</button> <${Group} name=${name} /></th></tr>`}
      ${((!name && groups.length === 1) || unfolded(name)) && members.map((one) => html`<${Row} key=${one.name} target=${one} past=${model.past[one.name]} aged=${age(instant(one.last_check))} />`)}
    </tbody>`)}
  </table>`;
}

/** One target; drawn anew only when something of it changed, and be it its age. */
class Row extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((key) => next[key] !== this.props[key]);
  }
  render(props) {
    return Cells(props);
  }
}

function Cells({ target, past }) {
  const { restarts } = target;
  const labels = Object.entries(target.labels ?? {}).filter(([key]) => key !== "group");
  return html`<tr role="row" class="is-${target.state}">
    <td role="cell" class="c-state"><${State} target=${target} /></td>
    <th role="rowheader" scope="row" class="c-name">
      <${To} name=${target.name} />
      <${Marks} target=${target} />
      ${labels.map(([key, each]) => html`<${Tag}>${key}: ${each}</${Tag}>`)}
    </th>
    <td role="cell" class="c-beats"><${Beats} past=${past} /></td>
    <td role="cell" class="c-checked"><span class="small-label">${t("col.checked")} </span><${Time} at=${target.last_check} /></td>
    <td role="cell" class="c-p95 number"><span class="small-label">${t("col.p95")} </span>${spent(past?.p95_s)}</td>
    <td role="cell" class="c-uptime number"><span class="small-label">${t("col.uptime")} </span>${part(past?.uptime["24h"])}</td>
    <td role="cell" class=${`c-restarts number ${restarts.exhausted ? "spent" : ""}`}>
      <span class="small-label">${t("col.restarts")} </span>${restarts.enabled ? `${restarts.used} / ${restarts.limit}` : "–"}</td>
  </tr>`;
}
