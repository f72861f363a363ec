// The words of the page in the reader's language; times, lengths and parts as people read them.

const KNOWN = ["en", "zh"];

/** Where the browser keeps things; a browser that may keep nothing forgets them. */
function keeps(place) {
  try {
    return window[place];
  } catch {
    const found = new Map();
    return { getItem: (key) => found.get(key) ?? null, setItem: (key, each) => found.set(key, each), removeItem: (key) => found.delete(key) };
  }
}
export const lasting = keeps("localStorage");
export const passing = keeps("sessionStorage");

function chosen() {
  const kept = lasting.getItem("agent2.language");
  if (KNOWN.includes(kept)) return kept;
  const tags = navigator.languages ?? [navigator.language];
  return tags.map((tag) => tag.slice(0, 2)).find((tag) => KNOWN.includes(tag)) ?? "en";
}

export const language = chosen();
const catalogue = (await import(`./words_${language}.js`)).default;
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";

/** Speak the other language from now on; the page begins anew with it. */
export function speak(other) {
  lasting.setItem("agent2.language", other);
  location.reload();
}

/** Return the words of `key` with `values` put in; a count of one has words of its own. */
export function t(key, values = {}) {
  const text = (values.n === 1 && catalogue[`${key}.one`]) || catalogue[key] || key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Return the words of a code of the API; a code nobody knows yet is shown as it is. */
export function named(family, code) {
  return catalogue[`${family}.${code}`] ?? String(code ?? "").replaceAll("_", " ");
}

// --- times, lengths, parts

const locale = language === "zh" ? "zh-CN" : undefined;
const minutes = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false });
const precise = new Intl.DateTimeFormat(locale, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});
const dated = new Intl.DateTimeFormat(locale, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
});
const whole = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });
const UNITS = language === "zh"
  ? { d: " 天", h: " 小时", m: " 分钟", s: " 秒" }
  : { d: " d", h: " h", m: " min", s: " s" };

let ahead = 0;

/** The time where the agent is: the clock of a browser may be hours off. */
export const now = () => Date.now() - ahead;

/** Take the time of an answer of the agent's; it comes in whole seconds. */
export function tellTime(date) {
  const off = Date.now() - Date.parse(date);
  ahead = Math.abs(off) > 5000 ? off : 0;
}

/** Return milliseconds of an RFC 3339 time; null of none. */
export function instant(text) {
  const at = text ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}

/** Return a length of `seconds` in one or two units. */
export function length(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds > 0 && seconds < 1) return spent(seconds);
  const s = Math.max(Math.round(seconds), 0);
  if (s < 60) return s + UNITS.s;
  if (s < 3600) return Math.floor(s / 60) + UNITS.m;
  if (s < 86400) {
    const over = Math.floor((s % 3600) / 60);
    return Math.floor(s / 3600) + UNITS.h + (over ? ` ${over}${UNITS.m}` : "");
  }
  return Math.floor(s / 86400) + UNITS.d;
}

/** Return how long ago `at` (ms) was, in steps: a page that flickers is not calm. */
export function age(at) {
  if (at === null || at === undefined) return t("age.never");
  const s = (now() - at) / 1000;
  if (s < 10) return t("age.now");
  return t("age.ago", { age: length(s < 60 ? Math.floor(s / 10) * 10 : s) });
}

/** Return the time of day, with its date when that is not today. */
export function moment(at) {
  if (at === null || at === undefined) return "–";
  return new Date(at).toDateString() === new Date().toDateString() ? minutes.format(at) : dated.format(at);
}

/** Return the time of day to the second, with its date when that is not today. */
export function second(at) {
  if (at === null) return "–";
  const today = new Date(at).toDateString() === new Date().toDateString();
  return (today ? "" : dated.format(at).replace(/,?\s*\d\d:\d\d$/, "") + " ") + precise.format(at);
}

/** Return a time on an axis that spans so many seconds. */
export function clock(at, span) {
  return (span < 900 ? precise : span < 86400 ? minutes : dated).format(at);
}

export const full = (at) => (at === null || at === undefined ? "" : whole.format(at));

/** Return seconds of an answer in ms or s. */
export function spent(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.001) return `${Math.max(Math.round(seconds * 1e6), 0)} µs`;
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return `${seconds.toFixed(2)} s`;
}

/** Return a part of one as per cent; never 100 % when something was missing. */
export function part(share) {
  if (share === null || share === undefined) return "–";
  const percent = Math.floor(share * 10000) / 100;
  return `${percent === 100 ? "100" : percent.toFixed(2)} %`;
}
