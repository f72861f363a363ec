// The other pages: incidents, notifications, inbox and gates, what runs here.

import { useState } from "./vendor/hooks.mjs";
import { Arrived, Done, Told } from "./overview.js";
import { Acknowledge, Close, GateButton, Reload, Retry, Word } from "./people.js";
import { Icon, Lost, Mark, Panel, Table, Tag, Time, To, html, useAnswer } from "./parts.js";
import { act, ask, forgetToken, hasToken, model } from "./store.js";
import { instant, length, named, t } from "./words.js";

export function Incidents() {
  const [open, setOpen] = useState(false);
  const [older, setOlder] = useState([]);
  const query = `incidents?limit=50${open ? "&open=true" : ""}`;
  const { tree, trouble } = useAnswer(query);
  const [next, setNext] = useState(undefined);
  const first = tree?.incidents ?? [];
  const found = [...first, ...older.filter(({ id }) => !first.some((one) => one.id === id))];
  const more = next === undefined ? tree?.next : next;
  const load = async () => {
    const page = await ask(`${query}&cursor=${encodeURIComponent(more)}`);
    setOlder([...found, ...page.incidents]); // what newer ones push off the first page stays
    setNext(page.next);
  };
  const choose = (event) => (setOlder([]), setNext(undefined), setOpen(event.target.value === "open"));
  const tools = html`<div class="tools">
    <select aria-label=${t("incidents.filter")} onChange=${choose}>
      <option value="all">${t("incidents.all")}</option><option value="open">${t("incidents.open")}</option>
    </select>
    ${found.length > 0 && html`<button onClick=${() => save(found)}>${t("act.csv")}</button>`}
  </div>`;
  return html`<${Panel} id="incidents" level="h1" title=${t("incidents")} aside=${tools}>
    <${Lost} trouble=${trouble} />
    ${tree && found.length > 0 && html`<p class="faint">${t("incidents.sum", sums(found))}</p>`}
    ${tree && (found.length ? html`<${Rows} incidents=${found} named />` : html`<p class="empty">${t("incidents.none")}</p>`)}
    ${more && html`<button onClick=${() => act(load)}>${t("act.more")}</button>`}
  </${Panel}>`;
}

function sums(found) {
  const closed = found.filter((one) => one.resolved_at);
  const mean = closed.length ? closed.reduce((all, one) => all + one.duration_s, 0) / closed.length : null;
  return { n: String(found.length), open: String(found.length - closed.length), mttr: length(mean) };
}

/** One row per incident. */
export function Rows({ incidents, named: withName }) {
  const heads = ["incidents.opened", ...(withName ? ["col.name"] : []), "col.result", "incidents.length", "incidents.alerts"];
  return html`<${Table} label=${t("incidents")} heads=${heads.map((key) => t(key))} rows=${incidents.map((one) => html`<tr key=${one.id}>
    <td><a href=${`#/i/${encodeURIComponent(one.id)}`}><${Time} at=${one.opened_at} seconds /></a></td>
    ${withName && html`<th scope="row"><${To} name=${one.target} /></th>`}
    <td><${Standing} incident=${one} /> ${named("code", one.code)}${one.detail && html` <span class="detail faint">${one.detail}</span>`}</td>
    <td class="number">${length(one.duration_s)}</td>
    <td class="number">${one.alerts.total ? t("incidents.delivered", { n: String(one.alerts.delivered), all: one.alerts.total }) : "–"}</td>
  </tr>`)} />`;
}

const lookOf = ({ resolved_at, severity }) => (resolved_at ? "ok" : severity === "warning" ? "warn" : "down");

function Standing({ incident }) {
  return html`<${Mark} look=${lookOf(incident)}>${t(incident.resolved_at ? "incident.resolved" : "incident.open")}</${Mark}>`;
}

/** What a spreadsheet opens; a cell that it would take for a formula is made a text. */
function save(found) {
  const cell = (each) => `"${String(each ?? "").replace(/^[=+@\-\t\r]/, "'$&").replaceAll('"', '""')}"`;
  const keys = ["id", "target", "severity", "opened_at", "resolved_at", "duration_s", "reason", "code", "detail"];
  const lines = [keys.join(","), ...found.map((one) => keys.map((key) => cell(one[key])).join(","))];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\r\n")], { type: "text/csv" }));
  link.download = "incidents.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function Incident({ id }) {
  const { tree, trouble } = useAnswer(`incidents/${encodeURIComponent(id)}`);
  if (!tree) return html`<${Lost} trouble=${trouble} />`;
  const look = lookOf(tree);
  const till = tree.resolved_at ? html`<${Time} at=${tree.resolved_at} seconds />` : "…";
  return html`
    <div class="crumbs"><a href="#/incidents">← ${t("incident.back")}</a></div>
    <section class="strip is-${look}">
      <h1><${Icon} state=${look} size=${28} /><span><${To} name=${tree.target} />: ${named("code", tree.code)}</span></h1>
      <p><${Standing} incident=${tree} /> · <${Time} at=${tree.opened_at} seconds /> – ${till} · ${length(tree.duration_s)}
        ${tree.detail && html` · <span class="detail">${tree.detail}</span>`}<${Word} acked=${tree.acked} /></p>
      ${!tree.resolved_at && html`<div class="buttons"><${Acknowledge} incident=${tree} /><${Close} incident=${tree} /></div>`}
    </section>
    <${Panel} id="timeline" title=${t("incident.timeline")}>
      <${Timeline} entries=${tree.events} />
    </${Panel}>
    <${Panel} id="done" title=${t("attention.done")}><${Done} fixes=${tree.fixes} all /></${Panel}>
    <${Panel} id="told" title=${t("attention.told")}><${Told} deliveries=${tree.deliveries} all /></${Panel}>`;
}

/** Entries of the journal. */
function Timeline({ entries, named: withName }) {
  return html`<ol class="timeline">${entries.map((one) => html`<li key=${one.seq} class="is-${kindLook(one)}"><${Time} at=${one.at} seconds />
    ${withName && one.target && html`<${To} name=${one.target} />`}
    <span>${named("journal", one.kind)}</span> <span class="faint detail">${content(one)}</span></li>`)}</ol>`;
}

function kindLook({ kind, body }) {
  if (kind === "incident.resolved" || body.result === "success") return "ok";
  if (kind === "incident.opened" || body.result === "failed") return "down";
  return "unknown";
}

/** The parts of an entry that people read. */
function content({ body }) {
  const shown = [body.kind && named("alert", body.kind), body.code && named("code", body.code), body.result, body.why, body.note, body.detail];
  return [...new Set(shown.filter((each) => typeof each === "string" && each))].join(" · ");
}

// --- the channels to people: what arrived, what failed, what waits, what is lost

export function Channels() {
  const { tree, trouble } = useAnswer("notifiers");
  const letters = useAnswer("outbox?limit=100");
  const kinds = Object.fromEntries((model.state?.notifiers ?? []).map((one) => [one.name, one.kind]));
  const found = Object.entries(tree?.notifiers ?? {});
  const waiting = letters.tree?.deliveries ?? [];
  return html`<${Panel} id="channels" level="h1" title=${t("channels")}>
    <${Lost} trouble=${trouble} />
    ${tree && found.length === 0 && html`<p class="empty">${t("channels.none")}</p>`}
    <ul class="cards">${found.map(([name, one]) => html`<${Channel} key=${name} name=${name} kind=${kinds[name]} channel=${one} />`)}</ul>
  </${Panel}>
  <${Panel} id="letters" title=${t("channels.letters")}>
    <${Lost} trouble=${letters.trouble} />
    ${letters.tree && waiting.length === 0 && html`<p class="empty">${t("channels.no_letters")}</p>`}
    ${waiting.length > 0 && html`<${Table} label=${t("channels.letters")} heads=${["col.at", "channel", "col.name", "col.detail", "col.state", "act.retry"].map((key) => t(key))}
      rows=${waiting.map((one) => html`<tr key=${one.id}>
        <td><${Time} at=${one.created_at} seconds /></td><th scope="row">${one.notifier}</th><td>${one.target}</td>
        <td><${Tag}>${named("alert", one.kind)}</${Tag}> ${one.subject}</td>
        <td><${Arrived} delivery=${one} /></td>
        <td>${one.state === "dead" ? html`<${Retry} id=${one.id} />` : "–"}</td></tr>`)} />`}
  </${Panel}>`;
}

function Channel({ name, kind, channel }) {
  const success = instant(channel.last_success);
  const look = channel.dead ? "down" : channel.last_error && channel.pending ? "warn" : success ? "ok" : "unknown";
  const [cause, ...rest] = (channel.last_error ?? "").split(": ");
  return html`<li class="card is-${look}">
    <h2><${Icon} state=${look} /> ${name} ${kind && html`<${Tag}>${kind}</${Tag}>`}</h2>
    <dl>
      <div><dt>${t("channels.last")}</dt><dd>${success ? html`<${Time} at=${success} />` : t("channels.never")}</dd></div>
      <div><dt>${t("channels.error")}</dt><dd class="detail">${cause ? `${named("cause", cause)}${rest.length ? `: ${rest.join(": ")}` : ""}` : t("channels.no_error")}</dd></div>
      <div><dt>${t("channels.delivered")}</dt><dd>${channel.delivered}</dd></div>
      <div><dt>${t("channels.waiting")}</dt><dd>${channel.pending}${channel.oldest_pending_s !== null && html` <span class="faint">${t("channels.oldest", { age: length(channel.oldest_pending_s) })}</span>`}</dd></div>
      <div><dt>${t("channels.dead")}</dt><dd>${channel.dead}</dd></div>
    </dl>
  </li>`;
}

// --- the inbox of events, the gates that hold actions, what was decided

const HELD = ["AWAITING_APPROVAL", "REJECTED"];
const LEVELS = { normal: "ok", warning: "warn", critical: "down" };

export function Inbox() {
  const stats = useAnswer("inbox/stats");
  const gates = useAnswer("gates");
  const audit = useAnswer("audit?limit=30");
  return html`<${Panel} id="gates" level="h1" title=${t("gates")} aside=${html`<${GateButton} verb="pause" target="*" label=${`${t("act.pause")}: ${t("gate.everything")}`} />`}>
      <p class="faint">${t("gates.more")}</p>
      <${Lost} trouble=${gates.trouble} />
      <${Gates} gates=${gates.tree?.gates} />
    </${Panel}>
    <${Panel} id="inbox" title=${t("inbox")}><${Lost} trouble=${stats.trouble} /><${Stats} stats=${stats.tree} /></${Panel}>
    <${Panel} id="journal" title=${t("journal")}>${model.lately.length ? html`<${Timeline} entries=${model.lately} named />` : html`<p class="empty">${t("journal.none")}</p>`}</${Panel}>
    <${Panel} id="audit" title=${t("audit")}><${Lost} trouble=${audit.trouble} /><${Audit} rows=${audit.tree?.audit} /></${Panel}>`;
}

function Gates({ gates }) {
  if (!gates) return null;
  if (!gates.length) return html`<p class="empty">${t("gates.none")}</p>`;
  return html`<ul class="cases">${gates.map((one) => html`<li key=${`${one.task_id} ${one.gate_name}`} class="case is-${HELD.includes(one.state) ? "warn" : "ok"}">
    <div class="what"><${Icon} state=${one.state === "REJECTED" ? "down" : HELD.includes(one.state) ? "warn" : "ok"} size=${20} />
      <div><h2>${one.task_id === "*" ? t("gate.everything") : one.task_id} <${Tag}>${one.gate_name}</${Tag}> <span class="why">${named("gate", one.state)}</span></h2>
      <p class="faint"><${Time} at=${one.created_at} seconds /> · ${t("gate.by", { who: one.who })}${one.reason && html` · <span class="detail">${one.reason}</span>`}</p></div></div>
    <div class="buttons">
      ${HELD.includes(one.state) && html`<${GateButton} verb="approve" target=${one.task_id} gate=${one.gate_name} label=${t("act.approve")} />`}
      ${one.state === "AWAITING_APPROVAL" && html`<${GateButton} verb="reject" target=${one.task_id} gate=${one.gate_name} label=${t("act.reject")} bad />`}
    </div></li>`)}</ul>`;
}

function Stats({ stats }) {
  if (!stats) return null;
  const level = (name) => {
    const found = stats.levels[name];
    return html`<${Mark} look=${LEVELS[found]}>${named("level", found)}</${Mark}>`;
  };
  const age = stats.oldest_pending_age_seconds;
  return html`<dl class="figures">
    <div><dt>${t("inbox.pending")}</dt><dd>${stats.pending_count} ${level("backlog")}</dd></div>
    <div><dt>${t("inbox.oldest")}</dt><dd>${age === null ? "–" : length(age)} ${level("lag")}</dd></div>
    <div><dt>${t("inbox.processing")}</dt><dd>${stats.processing_count}</dd></div>
    <div><dt>${t("inbox.failed")}</dt><dd>${stats.failed_count} ${level("failed")}</dd></div>
    <div><dt>${t("inbox.completed")}</dt><dd>${stats.completed_count}</dd></div>
  </dl>`;
}

function Audit({ rows }) {
  if (!rows) return null;
  if (!rows.length) return html`<p class="empty">${t("audit.none")}</p>`;
  return html`<${Table} label=${t("audit")} heads=${["col.at", "col.name", "col.action", "col.detail"].map((key) => t(key))}
    rows=${rows.map((one) => html`<tr key=${one.audit_id}><td><${Time} at=${one.created_at} seconds /></td><th scope="row">${one.task_id}</th>
      <td>${one.event_type}</td><td class="detail">${[one.payload.who, one.payload.decision_type, one.payload.result, one.payload.reason].filter((each) => typeof each === "string" && each).join(" · ") || "–"}</td></tr>`)} />`;
}

// --- what runs here, and where other programs find the same

const LINKS = ["api/v1/openapi.json", "api/v1/state", "health", "metrics"];
const PARTS = [["Preact", "MIT"], ["htm", "Apache-2.0"], ["uPlot", "MIT"]];

export function About() {
  const { state } = model;
  const { agent } = state;
  const config = agent.config ?? {};
  const bad = config.last_reload === "rejected";
  return html`<${Panel} id="about" level="h1" title=${t("about")} aside=${html`<${Reload} />`}>
    <dl class="wide">
      <div><dt>${t("about.agent")}</dt><dd>${agent.version} · PID ${agent.pid}</dd></div>
      <div><dt>${t("about.host")}</dt><dd>${agent.host} · <code>${agent.instance}</code></dd></div>
      <div><dt>${t("about.started")}</dt><dd><${Time} at=${agent.started_at} seconds /></dd></div>
      <div><dt>${t("about.config")}</dt><dd class="detail">${config.path || t("about.default")} <code>${config.sha}</code></dd></div>
      <div><dt>${t("about.profile")}</dt><dd>${config.profile}</dd></div>
      <div><dt>${t("about.loaded")}</dt><dd><${Time} at=${config.loaded_at} seconds /></dd></div>
      <div><dt>${t("about.reload")}</dt><dd class=${bad ? "lost" : ""}>${bad && html`<${Icon} state="warn" size=${14} /> `}${config.last_reload}${config.error ? `: ${config.error}` : ""}</dd></div>
      <div><dt>${t("about.warnings")}</dt><dd>${config.warnings}</dd></div>
      <div><dt>${t("about.store")}</dt><dd><code>${state.journal.store}</code> · ${state.journal.seq}</dd></div>
      <div><dt>${t("about.stream")}</dt><dd>${t("about.stream.sum", model)}</dd></div>
      <div><dt>${t("about.links")}</dt><dd>${LINKS.map((link) => html`<a href=${link}>/${link}</a> `)}</dd></div>
      <div><dt>${t("about.parts")}</dt><dd>${PARTS.map(([name, licence]) => `${name} (${licence})`).join(", ")}</dd></div>
    </dl>
    ${hasToken() && html`<button onClick=${forgetToken}>${t("token.forget")}</button>`}
  </${Panel}>`;
}
