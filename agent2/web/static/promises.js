// What was promised of targets (SLO) and what is left of it; each of the last ninety days.

import { Lost, Mark, Panel, Ribbon, Table, To, html, useAnswer } from "./parts.js";
import { length, named, now, part, spent, t } from "./words.js";

const BURNS = ["1h", "6h", "3d"];
const ASKS = { page: "down", ticket: "warn" };

/** How every promise stands. */
export function Promises() {
  const { tree, trouble } = useAnswer("slo", true);
  const found = tree?.targets;
  return html`<${Panel} id="slo" level="h1" title=${t("slo")}>
    <p class="faint">${t("slo.more")}</p>
    <${Lost} trouble=${trouble} />
    ${found && (found.length ? html`<${Budgets} promises=${found} />` : html`<p class="empty">${t("slo.none")}</p>`)}
  </${Panel}>`;
}

/** The promise of one target; nothing where there is none. */
export function Promised({ name }) {
  const { tree } = useAnswer(`slo?target=${encodeURIComponent(name)}`, true);
  return tree?.targets.length ? html`<${Panel} id="slo" title=${t("slo")}><${Budgets} promises=${tree.targets} /></${Panel}>` : null;
}

function Budgets({ promises }) {
  const heads = [t("col.name"), t("slo.promise"), t("target.uptime"), t("slo.left"), ...BURNS.map((window) => t("slo.burn", { window })), t("slo.asks"), t("slo.fast")];
  return html`<${Table} label=${t("slo")} heads=${heads} rows=${promises.map((one) => html`<${Budget} key=${one.name} promise=${one} />`)} />`;
}

function Budget({ promise }) {
  const { name, budget, burn, alarm } = promise;
  const left = `${Math.floor(budget.left * 1000) / 10} %`;
  const rest = t("slo.of", { left: length(Math.max(budget.allowed_s - budget.spent_s, 0)), all: length(budget.allowed_s) });
  return html`<tr><th scope="row"><${To} name=${name} /></th>
    <td class="number">${promise.objective} % / ${length(promise.window_s)}</td>
    <td class="number">${part(promise.uptime)}</td>
    <td class=${`number ${budget.left > 0 ? "" : "spent"}`}><meter aria-label=${t("slo.left")} value=${Math.max(budget.left, 0)} low="0.25" optimum="1">${left}</meter> ${left} <span class="faint">${rest}</span></td>
    ${BURNS.map((window) => html`<td class="number">${burn[window] === null ? "–" : burn[window].toFixed(2)}</td>`)}
    <td><${Mark} look=${ASKS[alarm] ?? "ok"}>${named("asks", alarm || "nothing")}</${Mark}></td>
    <td class="number">${promise.latency_s ? `${part(promise.fast)} ≤ ${spent(promise.latency_s)}` : "–"}</td></tr>`;
}

const LIMITS = { g: 0.999, d: 0.99, b: 0 };

/** The last ninety days (UTC): tall where it was down, a dot where nothing was seen. */
export function Days({ name }) {
  const { tree } = useAnswer(`uptime?target=${encodeURIComponent(name)}`, true);
  if (!tree) return null;
  const { days } = tree;
  const beats = days.map((share) => (share === null ? "u" : Object.keys(LIMITS).find((letter) => share >= LIMITS[letter]))).join("");
  const date = (index) => new Date(now() - (days.length - 1 - index) * 864e5).toLocaleDateString(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
  const count = (letter) => beats.split(letter).length - 1;
  const sentence = t("days.sum", { up: count("g"), less: count("d"), down: count("b"), unknown: count("u") });
  return html`<${Ribbon} past=${{ beats }} many=${days.length} label=${t("days")} sentence=${sentence}
    help=${sentence} text=${(index) => `${date(index)} · ${part(days[index])}`} />`;
}
