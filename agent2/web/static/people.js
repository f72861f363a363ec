// What a person may do and say, the dialogs that ask what must be known first, what came of it.

import { useState } from "./vendor/hooks.mjs";
import { Dialog, Tag, html } from "./parts.js";
import { act, ask, change, ears, model, say } from "./store.js";
import { instant, lasting, length, moment, named, t } from "./words.js";

const LENGTHS = [1800, 7200, 28800, 86400, 604800];
const ANSWER_MS = 20000;

/** Ask the agent for a deed; what it answers is said when it comes over the stream. */
async function order(path, name, body = {}) {
  const given = await change(path, body);
  if (given === null) return null;
  answered(given.order.id).then(({ state, answer, note }) =>
    say(`${name}: ${named("answer", answer)}${note && note !== name ? ` (${note})` : ""}`, state === "refused"));
  return { words: t("did.order") };
}

/** Return the order `id` with its answer: heard of, or asked for where nothing is heard. */
function answered(id) {
  return new Promise((done) => {
    const end = Date.now() + ANSWER_MS;
    let timer = 0;
    const over = (one) => (clearTimeout(timer), ears.delete(hear), done(one));
    const hear = ({ kind, body }) => kind === "order.answered" && body.order === id && over(body);
    const look = async () => {
      if (model.mode !== "live" || Date.now() > end) {
        const { orders } = await ask("orders").catch(() => ({ orders: [] }));
        const one = orders.find((each) => each.id === id);
        if (one && one.state !== "waiting") return over(one);
        if (Date.now() > end) return over({ state: "refused", answer: "silent" });
      }
      timer = setTimeout(look, 2000);
    };
    ears.add(hear);
    look();
  });
}

/** A button that does `deed` at once. */
const Plain = ({ verb, said = `did.${verb}`, deed }) => html`<button onClick=${() => act(deed, t(said))}>${t(`act.${verb}`)}</button>`;

export const CheckNow = () => html`<${Plain} verb="check" deed=${() => change("check")} />`;
export const Check = ({ target }) => html`<${Plain} verb="check" deed=${() => order(`targets/${encodeURIComponent(target.name)}/check`, target.name)} />`;
export const Reload = () => html`<${Plain} verb="reload" deed=${() => change("config/reload")} />`;
export const Retry = ({ id }) => html`<${Plain} verb="retry" deed=${() => change(`outbox/${encodeURIComponent(id)}/retry`)} />`;

/** A button that asks why and by whom, then does `deed` with the answer; `force`: what may be done all the same. */
function Asks({ verb, name, deed, label = t(`act.${verb}`), more = `ask.${verb}.more`, needs, bad, force, children }) {
  const [open, set] = useState(false);
  const [wrong, tell] = useState("");
  const send = async (given) => {
    const body = Object.fromEntries(Object.entries(given).filter(([, each]) => each));
    if (body.who) lasting.setItem("agent2.who", body.who);
    if (body.force) body.force = true;
    const told = await act(() => deed(body), t(`did.${verb}`, { target: name }));
    tell(told);
    set(told !== "");
  };
  return html`<button class=${bad ? "bad" : ""} onClick=${() => (tell(""), set(true))}>${label}</button>
    ${open && html`<${Dialog} title=${t(`ask.${verb}`, { target: name })} label=${label} bad=${bad} onClose=${() => set(false)} onSubmit=${send}>
      <p>${t(more)}</p>
      ${children}
      <label>${t("ask.reason")}<input name="why" maxlength="200" autocomplete="off" required=${needs} autofocus /></label>
      <label>${t("ask.who")}<input name="who" maxlength="60" autocomplete="name" defaultValue=${lasting.getItem("agent2.who") ?? ""} /></label>
      ${force && html`<label class="tick"><input type="checkbox" name="force" /> ${t(force)}</label>`}
      ${wrong && html`<p class="lost" role="alert">${wrong}</p>`}
    </${Dialog}>`}`;
}

/** Acknowledge an incident, or take that back. */
export function Acknowledge({ incident }) {
  const verb = incident.acked ? "unack" : "ack";
  const path = `incidents/${encodeURIComponent(incident.id)}/${verb}`;
  return html`<${Asks} key=${verb} verb=${verb} name=${incident.target} deed=${(body) => change(path, body)} />`;
}

/** Close an incident by hand. */
export function Close({ incident }) {
  const { id, target } = incident;
  const bad = model.state.targets.some((one) => one.name === target && one.state !== "ok");
  return html`<${Asks} verb="resolve" name=${target} deed=${(body) => order(`incidents/${encodeURIComponent(id)}/resolve`, target, body)}
    needs force=${bad && "ask.resolve.force"} />`;
}

/** Send no alerts of a target for a time, or send them again. */
export function Silence({ target }) {
  const { name, silenced } = target;
  if (silenced) {
    return html`<${Asks} key="u" verb="unsilence" name=${name} deed=${(body) => change(`silences/${encodeURIComponent(silenced.id)}/end`, body)} />`;
  }
  const deed = ({ for_s, ...body }) => change("silences", { ...body, for_s: Number(for_s), match: { target: name } });
  return html`<${Asks} key="s" verb="silence" name=${name} deed=${deed} needs>
    <label>${t("ask.length")}<select name="for_s">${LENGTHS.map((each) => html`<option value=${each}>${length(each)}</option>`)}</select></label>
  </${Asks}>`;
}

export const Restart = ({ target: { name, paused, restarts } }) =>
  html`<${Asks} verb="restart" name=${name} deed=${(body) => order(`targets/${encodeURIComponent(name)}/restart`, name, body)} needs force=${(paused || restarts.dry_run) && "ask.force"} />`;

/** Moves a gate. */
export function GateButton({ verb, target, gate, ...rest }) {
  const deed = ({ why, ...body }) => change("gates", { ...body, verb, target, gate, reason: why });
  return html`<${Asks} key=${verb} verb=${verb} name=${target === "*" ? t("gate.everything") : target} deed=${deed}
    more=${verb === "pause" ? "ask.pause.more" : "ask.gate.more"} ...${rest} />`;
}

/** Pause the restarts of a target, or allow them again. */
export const PauseButton = ({ target: { name, paused } }) =>
  html`<${GateButton} verb=${paused ? "approve" : "pause"} target=${name} label=${t(paused ? "act.resume" : "act.pause")} />`;

/** What is out of the ordinary with a target. */
export const Marks = ({ target: { paused, flapping, restarts, silenced } }) =>
  html`${Object.entries({ paused, flapping, dry_run: restarts.dry_run }).map(([key, on]) => on && html` <${Tag} kind="warn">${t(`state.${key}`)}</${Tag}>`)}
    <${Word} silenced=${silenced} />`;

/** Whose word keeps something quiet. */
export function Word({ acked, silenced }) {
  return html`${acked && html` <${Tag} kind="warn">${t("state.acked", { who: acked.who })}</${Tag}>`}
    ${silenced && html` <${Tag} kind="warn">${t("state.silenced", { who: silenced.who, until: moment(instant(silenced.until)) })}</${Tag}>`}`;
}
