// What the page knows, and how it stays true: the state, the stream of events, the token.
//
//   GET state ──> model ──> the page draws itself anew
//   GET events (from where the state stood) ──> something happened ──> GET state again
//
// Three failed connects to the stream: the state is asked for every two seconds.

import { passing, t, tellTime } from "./words.js";

const POLL_MS = 2000;
const LOOK_MS = 5000; // what changes without an event: the time of the last check
const HIDDEN_MS = 30000;
const REST_MS = 60000; // a hidden page leaves the stream to others and resumes by its id
const SILENT_MS = 25000; // a beat comes every ten seconds
const BEFORE = 20; // so many entries from before the page was opened are shown too
const PATIENCE_MS = 20000; // one answer may take so long
const WAITS = [250, 1000, 2000, 4000, 8000];

export const model = {
  state: null, past: { __proto__: null }, trouble: null, // what is shown; why it could not be had
  mode: "connecting", heardAt: null, askedAt: null, round: 0,
  id: "", seq: 0, received: 0, gaps: 0, repeats: 0, resets: 0,
  asking: null, note: null, lately: [], // the newest entries of the journal first
};

const watching = new Set();
export const ears = new Set(); // called with each event
let due = false;

/** Call `draw` whenever the model has changed. */
export const watch = (draw) => (watching.add(draw), () => watching.delete(draw));

export function changed() {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    for (const draw of watching) draw();
  }, 16);
}

// --- the token: in this tab alone, and never in an address that stays

const KEY = "agent2.token";

/** Take the token that stands in the address, and take it away from there. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  passing.setItem(KEY, given);
  history.replaceState(null, "", location.pathname + "#/");
}
takeToken();
export const hasToken = () => passing.getItem(KEY) !== null;
export function forgetToken() {
  passing.removeItem(KEY);
  changed();
}

let turn = 0;
let asked = null;

/** Ask for the token, once for all who wait for it. */
function askToken(wrong) {
  asked ??= new Promise((done) => {
    turn += 1;
    model.asking = {
      turn,
      wrong,
      answer(token) {
        model.asking = asked = null;
        if (token) passing.setItem(KEY, token.trim());
        changed();
        done(Boolean(token));
      },
    };
    changed();
  });
  return asked;
}

// --- asking

/** A refusal of the API: what is wrong, and what to do. */
export class Refused extends Error {
  constructor(status, told) {
    super([told.error, told.hint].filter(Boolean).join("; "));
    this.status = status;
    this.code = told.code ?? "";
  }
}

function headers(more) {
  const token = passing.getItem(KEY);
  return {
    "Accept-Language": document.documentElement.lang,
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    ...more,
  };
}

/** Fetch api/v1/`path`; what does not answer is given up. */
async function reach(path, options) {
  try {
    const answer = await fetch(`api/v1/${path}`, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
    tellTime(answer.headers.get("date"));
    return answer;
  } catch {
    throw new Error(t("unreachable"));
  }
}

async function told(answer) {
  const tree = await answer.json().catch(() => null);
  if (!answer.ok || !tree) throw new Refused(answer.status, tree ?? { error: `HTTP ${answer.status}` });
  return tree;
}

/** Return what GET api/v1/`path` answers. */
export async function ask(path) {
  for (;;) {
    const token = passing.getItem(KEY);
    const answer = await reach(path, { headers: headers() });
    // Beyond its own machine the agent shows nothing without the token.
    if (answer.status !== 401) return told(answer);
    const newer = passing.getItem(KEY) !== token;
    if (!newer && !(await askToken(hasToken()))) return told(answer);
  }
}

/** POST to api/v1/`path`; the token is asked for once. Null: the person gave up. */
export async function change(path, body) {
  for (let wrong = false; ; wrong = true) {
    if (!hasToken() || wrong) {
      if (!(await askToken(wrong))) return null;
    }
    const sent = body === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await reach(path, {
      method: "POST",
      headers: headers(sent),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status === 401) continue;
    const tree = await told(answer);
    again();
    return tree;
  }
}

/** Do what `deed` does and say how it went; return what went wrong, null if the person gave up. */
export async function act(deed, words) {
  try {
    const done = await deed();
    if (done) say(done.words ?? words);
    return done && "";
  } catch (error) {
    say(error.message, true);
    return error.message;
  }
}

let forgetting = 0;
export function say(text, bad = false) {
  model.note = { text, bad };
  clearTimeout(forgetting);
  forgetting = setTimeout(() => ((model.note = null), changed()), bad ? 12000 : 6000);
  changed();
}

// --- the state

let newest = 0; // when the last entry of the journal was written
let running = null;
let wanted = false;

/** Ask for the state anew; what is asked for meanwhile is one more question. */
export function refresh() {
  wanted = true;
  running ??= (async () => {
    while (wanted) {
      wanted = false;
      await look();
    }
    running = null;
  })();
  return running;
}

async function look() {
  try {
    const state = await ask("state");
    took(state);
    // The status is written just after the commit: one from before it is asked for again.
    if (Date.parse(state.updated_at) < newest && Date.now() - model.heardAt < 1000) setTimeout(refresh, 150);
    if (model.mode === "offline") model.mode = "reconnecting";
    glance();
    model.round += 1;
  } catch (error) {
    // What a proxy says of a program that begins anew is no reason to forget what was known.
    if (error.status === 401 || error.code === "no_status") model.state = null;
    else model.mode = "offline";
    model.trouble = error.message;
  }
  changed();
}

let glancing = null;

/** Ask for the past of all targets; the state never waits for it. */
function glance() {
  glancing ??= ask("overview").then(({ targets }) => {
    Object.setPrototypeOf(targets, null); // a target may be called "constructor"
    for (const one of model.state?.targets ?? []) {
      addBeat(one, targets[one.name]);
      targets[one.name] = same(model.past[one.name], targets[one.name]);
    }
    model.past = targets;
    changed();
  }).catch(() => {}).finally(() => (glancing = null));
}

export const BEATS = { good: "g", degraded: "d", bad: "b", unknown: "u" };
const VERDICTS = { ok: "good", down: "bad", unknown: "unknown" };
const fresh = new Map(); // target: the checks that the history has not yet, as its points are

/** Return `points` of the history with those that came since. */
export const continued = (name, points) => [...points, ...(fresh.get(name) ?? []).filter(({ at }) => at > (points.at(-1)?.at ?? ""))];

/** The history is written once a minute: until then the state tells of the last checks. */
function addBeat(target, past) {
  if (!past || !target.last_check) return;
  const { name, last_check: at, checks } = target;
  const verdict = VERDICTS[target.state] ?? (target.health === "failing" ? "bad" : "degraded");
  const known = (fresh.get(name) ?? []).filter((one) => !past.until || one.at > past.until);
  if (at > (past.until ?? "") && known.at(-1)?.at !== at) {
    const { code } = checks.find((one) => one.outcome !== "ok") ?? checks[0] ?? {};
    known.push({ at, verdict, code, response_s: checks.find((one) => one.response_s)?.response_s ?? null, seen: true });
  }
  fresh.set(name, known.slice(-50));
  past.beats = (past.beats + known.map((one) => BEATS[one.verdict]).join("")).slice(-50);
  past.until = known.at(-1)?.at ?? past.until;
  past.since ??= known[0]?.at;
}

/** What says the same stays the same thing: it need not be drawn anew. */
const same = (old, now) => (JSON.stringify(old) === JSON.stringify(now) ? old : now);

function took(state) {
  const before = new Map(model.state?.targets.map((one) => [one.name, one]));
  state.targets = state.targets.map((one) => same(before.get(one.name), one));
  model.state = state;
  model.trouble = null;
  model.askedAt = Date.now();
  if (!model.id && state.journal.store) {
    model.seq = Math.max(state.journal.seq - BEFORE, 0);
    model.id = `${state.journal.store}.${model.seq}`;
  }
}

/** Something happened: the status file follows within a second. */
function again() {
  setTimeout(refresh, 60);
  setTimeout(refresh, 1100);
}

// --- the stream

let control = null;
let resume = () => {};

async function follow() {
  for (let failures = 0; ; ) {
    await visible();
    const before = model.received + model.resets;
    try {
      await listen();
    } catch (error) {
      if (error.status === 401) await refresh(); // it asks for the token
    }
    failures = model.received + model.resets > before || model.mode === "live" ? 0 : failures + 1;
    if (model.mode === "resting") continue;
    if (model.mode !== "offline") model.mode = failures >= 3 ? "polling" : "reconnecting";
    changed();
    const wait = WAITS[Math.min(failures, WAITS.length - 1)];
    await new Promise((done) => setTimeout(done, wait * (1 + Math.random() / 4)));
  }
}

async function listen() {
  control = new AbortController();
  let silent = 0;
  const alive = () => {
    clearTimeout(silent);
    silent = setTimeout(() => control.abort(), SILENT_MS);
  };
  try {
    alive();
    const from = model.id ? { "Last-Event-ID": model.id } : {};
    const answer = await fetch("api/v1/events", {
      headers: headers({ Accept: "text/event-stream", ...from }),
      signal: control.signal,
      cache: "no-store",
    });
    if (!answer.ok) await told(answer);
    model.mode = "live";
    changed();
    refresh();
    let rest = "";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      alive();
      const parts = (rest + value).split(/\r?\n\r?\n/);
      rest = parts.pop();
      for (const one of parts) heard(one);
    }
  } finally {
    clearTimeout(silent);
  }
}

function heard(text) {
  const fields = { event: "message", data: "" };
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = value;
  }
  if (!fields.data) return;
  const tree = JSON.parse(fields.data);
  const seq = Number(fields.id.split(".").pop());
  model.heardAt = Date.now();
  if (fields.event === "reset") {
    model.resets += 1;
    Object.assign(model, { id: fields.id, seq, lately: [] });
    took(tree);
  } else if (seq <= model.seq) {
    model.repeats += 1;
  } else {
    if (seq > model.seq + 1) model.gaps += 1;
    model.received += 1;
    model.seq = seq;
    newest = Date.parse(tree.at);
    model.lately = [tree, ...model.lately].slice(0, 50);
    for (const ear of ears) ear(tree);
  }
  model.id = fields.id;
  changed();
  again();
}

// --- a page that nobody sees rests

function visible() {
  if (!document.hidden || model.mode !== "resting") return null;
  return new Promise((done) => (resume = done));
}

let resting = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(resting);
  if (document.hidden) {
    resting = setTimeout(() => {
      model.mode = "resting";
      control?.abort();
    }, REST_MS);
  } else {
    if (model.mode === "resting") model.mode = "reconnecting";
    resume();
    refresh();
  }
});

async function tick() {
  for (;;) {
    const slow = document.hidden ? HIDDEN_MS : model.mode === "live" ? LOOK_MS : POLL_MS;
    await new Promise((done) => setTimeout(done, slow));
    await refresh();
  }
}

/** Begin: one look, then the stream. */
export async function begin() {
  await refresh();
  follow();
  tick();
}
