// What a person says of an incident or a target, and what came of it.

import { useState } from "./vendor/hooks.mjs";
import { Dialog, Tag, html } from "./parts.js";
import { act, ask, change, ears, hasToken, model, say } from "./store.js";
import { instant, length, moment, named, t } from "./words.js";

const LENGTHS = [1800, 7200, 28800, 86400, 604800];
const PATIENCE_MS = 20000;

/** Ask the agent for a deed; what it answers is said when it comes over the stream. */
async function order(path, body) {
  const given = await change(path, body);
  if (given === null) return null;
  say(t("did.order"));
  answered(given.order.id).then(({ state, answer, note, subject }) =>
    say(`${subject}: ${named("answer", answer)}${note ? ` (${note})` : ""}`, state === "refused"));
  return null;
}

/** Return the order `id` with its answer: heard of, or asked for where nothing is heard. */
function answered(id) {
  return new Promise((done) => {
    const end = Date.now() + PATIENCE_MS;
    let timer = 0;
    const over = (one) => (clearTimeout(timer), ears.delete(hear), done(one));
    const hear = ({ kind, body, target, incident }) =>
      kind === "order.answered" && body.order === id && over({ ...body, subject: target ?? incident });
    const look = async () => {
      if (model.mode !== "live" || Date.now() > end) {
        const { orders } = await ask("orders").catch(() => ({ orders: [] }));
        const one = orders.find((each) => each.id === id);
        if (one && one.state !== "waiting") return over(one);
        if (Date.now() > end) return over({ state: "refused", answer: "silent", subject: one?.subject ?? "" });
      }
      timer = setTimeout(look, 2000);
    };
    ears.add(hear);
    look();
  });
}

/** A button that asks why and by whom, then does `deed` with the answer. */
function Said({ verb, name, deed, needs, children }) {
  const [open, set] = useState(false);
  const label = t(`act.${verb}`);
  const send = (given) => {
    set(false);
    const body = Object.fromEntries(Object.entries(given).filter(([, each]) => each));
    if (body.who) localStorage.setItem("agent2.who", body.who);
    deed(body);
  };
  return html`<button disabled=${!hasToken()} title=${hasToken() ? "" : t("token.needed")} onClick=${() => set(true)}>${label}</button>
    ${open && html`<${Dialog} title=${t(`ask.${verb}`, { target: name })} label=${label} onClose=${() => set(false)} onSubmit=${send}>
      <p>${t(`ask.${verb}.more`)}</p>
      ${children}
      <label>${t("ask.reason")}<input name="why" maxlength="200" autocomplete="off" required=${needs} autofocus /></label>
      <label>${t("ask.who")}<input name="who" maxlength="60" autocomplete="name" defaultValue=${localStorage.getItem("agent2.who") ?? ""} /></label>
    </${Dialog}>`}`;
}

/** Acknowledge an incident, or take that back. */
export function Acknowledge({ incident }) {
  const verb = incident.acked ? "unack" : "ack";
  const path = `incidents/${encodeURIComponent(incident.id)}/${verb}`;
  return html`<${Said} key=${verb} verb=${verb} name=${incident.target} deed=${(body) => act(() => change(path, body), t(`did.${verb}`))} />`;
}

/** Send no alerts of a target for a time, or send them again. */
export function Silence({ target }) {
  const { name, silenced } = target;
  if (silenced) {
    const path = `silences/${encodeURIComponent(silenced.id)}/end`;
    return html`<${Said} key="u" verb="unsilence" name=${name} deed=${(body) => act(() => change(path, body), t("did.unsilence"))} />`;
  }
  const deed = ({ for_s, ...body }) => act(() => change("silences", { ...body, for_s: Number(for_s), match: { target: name } }), t("did.silence"));
  return html`<${Said} key="s" verb="silence" name=${name} deed=${deed} needs>
    <label>${t("ask.length")}<select name="for_s">${LENGTHS.map((each) => html`<option value=${each}>${length(each)}</option>`)}</select></label>
  </${Said}>`;
}

const path = (target, verb) => `targets/${encodeURIComponent(target.name)}/${verb}`;

export function Check({ target }) {
  return html`<button disabled=${!hasToken()} title=${hasToken() ? "" : t("token.needed")} onClick=${() => act(() => order(path(target, "check"), {}))}>${t("act.check")}</button>`;
}

export function Restart({ target }) {
  const deed = ({ force, ...body }) => act(() => order(path(target, "restart"), { ...body, force: Boolean(force) }));
  return html`<${Said} verb="restart" name=${target.name} deed=${deed} needs>
    ${target.paused && html`<label class="tick"><input type="checkbox" name="force" /> ${t("ask.force")}</label>`}
  </${Said}>`;
}

/** Whose word keeps something quiet. */
export function Word({ acked, silenced }) {
  return html`${acked && html` <${Tag} kind="warn">${t("state.acked", { who: acked.who })}</${Tag}>`}
    ${silenced && html` <${Tag} kind="warn">${t("state.silenced", { who: silenced.who, until: moment(instant(silenced.until)) })}</${Tag}>`}`;
}
