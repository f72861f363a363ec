// One target: how fast it answers, each of its checks, its restarts, its incidents.

import { useEffect, useRef } from "./vendor/hooks.mjs";
import { Icon, Lost, Mark, Panel, Ribbon, Table, Tag, Time, html, useAnswer, word } from "./parts.js";
import { Group, Result } from "./overview.js";
import { Check, Marks, PauseButton, Restart, Silence } from "./people.js";
import { Days, Promised } from "./promises.js";
import { Rows } from "./records.js";
import { BEATS, continued, model } from "./store.js";
import { clock, instant, length, moment, named, now, part, second, spent, t } from "./words.js";

const LOOKS_OF = { ok: "ok", fail: "down", error: "unknown" };

export function Target({ name }) {
  const target = model.state.targets.find((one) => one.name === name);
  const asked = encodeURIComponent(name);
  const past = useAnswer(target ? `history?target=${asked}&limit=500` : null);
  const incidents = useAnswer(target ? `incidents?target=${asked}&limit=20` : null);
  if (!target) {
    return html`<p class="empty">${t("target.none", { name })} <a href="#/">${t("target.back")}</a></p>`;
  }
  const points = past.tree ? continued(name, past.tree.points) : [];
  const since = instant(target.since);
  const facts = [
    since ? t("target.since", { state: word(target), since: moment(since) }) : word(target),
    t("target.every", { interval: length(target.interval_s) }),
    t("target.limit", { n: target.failure_threshold }),
  ];
  return html`
    <div class="crumbs"><a href="#/">← ${t("target.back")}</a></div>
    <section class="strip is-${target.state}">
      <h1><${Icon} state=${target.state} size=${28} /><span>${target.name}</span></h1>
      <p>${facts.join(" · ")}${target.group && html` · ${t("target.group", target)} <${Group} name=${target.group} />`}<${Marks} target=${target} /></p>
      <div class="buttons"><${Check} target=${target} /><${Restart} target=${target} /><${Silence} target=${target} /><${PauseButton} target=${target} /></div>
    </section>
    <${Latency} points=${points} gap=${Math.max(4 * target.interval_s, 15)} incidents=${incidents.tree?.incidents ?? []} trouble=${past.trouble} />
    <${Panel} id="checks" title=${t("target.checks")}>
      <${Table} label=${t("target.checks")} heads=${["col.check", "col.result", "col.detail", "col.took"].map((key) => t(key))}
        rows=${target.checks.map((one) => html`<tr><th scope="row">${one.name}${one.kind !== one.name && html` <${Tag}>${one.kind}</${Tag}>`}</th>
          <td><${Mark} look=${LOOKS_OF[one.outcome]} size=${16}>${named("code", one.code)}</${Mark}></td><td class="detail">${one.detail || "–"}</td>
          <td class="number">${spent(one.response_s ?? one.duration_s)}</td></tr>`)} />
    </${Panel}>
    <div class="columns">
      <${Panel} id="uptime" title=${t("target.uptime")}>
        <dl class="figures">${Object.entries(model.past[name]?.uptime ?? {}).map(([window, share]) => html`<div>
          <dt>${named("window", window)}</dt><dd>${part(share)}</dd></div>`)}</dl>
        <${Days} name=${name} />
      </${Panel}>
      <${Panel} id="restarts" title=${t("target.restarts")}><${Restarts} target=${target} /></${Panel}>
    </div>
    <${Promised} name=${name} />
    <${Panel} id="incidents" title=${t("target.incidents")}>
      <${Lost} trouble=${incidents.trouble} />
      ${incidents.tree?.incidents.length ? html`<${Rows} incidents=${incidents.tree.incidents} />` : html`<p class="empty">${t("target.no_incidents")}</p>`}
    </${Panel}>
    <${Panel} id="config" title=${t("target.config")}>
      <pre class="config" tabindex="0">${excerpt(target)}</pre>
      <p class="faint">${t("target.config.more", { command: "" })}<code>agent2 config show</code></p>
    </${Panel}>`;
}

/** What of its configuration the status tells; secrets are not among it. */
function excerpt(target) {
  const { restarts } = target;
  const lines = [
    `- name: ${target.name}`,
    `  interval: ${target.interval_s}s`,
    `  failure_threshold: ${target.failure_threshold}`,
    "  checks:",
    ...target.checks.map((one) => `    - {kind: ${one.kind}${one.name === one.kind ? "" : `, name: ${one.name}`}}`),
    restarts.enabled ? `  restart: {intensity: ${restarts.limit}, period: ${restarts.period_s}s}` : "  restart: {remediation: off}",
  ];
  const labels = Object.entries(target.labels ?? {}).map(([key, each]) => `${key}: ${each}`);
  if (labels.length) lines.push(`  labels: {${labels.join(", ")}}`);
  return lines.join("\n");
}

function Restarts({ target }) {
  const { restarts } = target;
  const fixes = (model.state.fixes ?? []).filter((one) => one.target === target.name).reverse();
  if (!restarts.enabled) return html`<p class="empty">${t("target.off")}</p>`;
  return html`<p class=${restarts.exhausted ? "lost" : "faint"}>
      ${t("target.budget", { used: String(restarts.used), limit: restarts.limit, period: length(restarts.period_s) })}
      ${restarts.exhausted && html`. ${t("target.exhausted")}`}</p>
    ${fixes.length
      ? html`<ul class="lines">${fixes.slice(0, 10).map((one) => html`<li><${Time} at=${one.timestamp} seconds /> ${one.issue} → ${one.action} <${Result} fix=${one} /></li>`)}</ul>`
      : html`<p class="empty">${t("target.no_restarts")}</p>`}`;
}

function quantile(sorted, q) {
  return sorted[Math.floor(q * (sorted.length - 1))];
}

function Latency({ points, gap, incidents, trouble }) {
  const answers = points.map((one) => one.response_s).filter((each) => each !== null).sort((a, b) => a - b);
  const told = answers.length === 0 ? t("target.latency.none") : t("target.latency.sum", {
    n: String(points.length),
    since: second(instant(points[0].at)),
    until: second(instant(points.at(-1).at)),
    median: spent(quantile(answers, 0.5)),
    p95: spent(quantile(answers, 0.95)),
    most: spent(answers.at(-1)),
  });
  return html`<${Panel} id="latency" title=${t("target.latency")}>
    <${Lost} trouble=${trouble} />
    ${points.length > 0 && html`<${Checks} points=${points.slice(-50)} />`}
    ${answers.length > 1 && html`<${Chart} points=${points} gap=${gap} incidents=${incidents} label=${told} />`}
    ${points.length > 0 && html`<p class="faint">${told}${answers.length > 1 && html`. ${t("target.bands")}`}</p>`}
    ${points.length > 0 && html`<details><summary>${t("target.recent")}</summary>
      <${Table} label=${t("target.recent")} heads=${["col.at", "col.verdict", "col.result", "col.answer"].map((key) => t(key))}
        rows=${points.slice(-50).reverse().map((one) => html`<tr key=${one.at}><td><${Time} at=${one.at} seconds /></td>
          <td>${named("verdict", one.verdict)}</td><td>${named("code", one.code)}</td><td class="number">${spent(one.response_s)}</td></tr>`)} />
    </details>`}
  </${Panel}>`;
}

/** The last checks. */
function Checks({ points }) {
  const past = { beats: points.map((one) => BEATS[one.verdict] ?? "u").join(""), since: points[0].at, until: points.at(-1).at };
  const text = (index) => {
    const one = points[index];
    return `${second(instant(one.at))} · ${named("verdict", one.verdict)} · ${named("code", one.code)} · ${spent(one.response_s)}`;
  };
  return html`<${Ribbon} past=${past} label=${t("col.beats")} help=${t("target.beats.help")} text=${text} />`;
}

// --- the chart: incidents as shaded bands, failed checks as marks at the foot

const tint = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function colours() {
  return { line: tint("--accent"), fill: tint("--accent-soft"), grid: tint("--line"), text: tint("--faint"), bad: tint("--down"), band: tint("--down-soft") };
}

function options(width, bands, misses, all) {
  const colour = colours();
  const axis = { stroke: colour.text, grid: { stroke: colour.grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const shade = (chart) => {
    const { ctx } = chart;
    const { left, top, width: wide, height } = chart.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, wide, height);
    ctx.clip();
    ctx.fillStyle = colour.band;
    for (const [from, till] of bands) {
      const x = chart.valToPos(from, "x", true);
      ctx.fillRect(x, top, Math.max(chart.valToPos(till, "x", true) - x, 2), height);
    }
    ctx.fillStyle = colour.bad;
    for (const at of misses) ctx.fillRect(chart.valToPos(at, "x", true) - 1, top + height - 9, 3, 9);
    ctx.restore();
  };
  return {
    width,
    height: 200,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    scales: { x: { range: [all[0], all[1]] }, y: { range: (_chart, _low, high) => [0, Math.max(high * 1.15, 0.001)] } },
    axes: [{ ...axis, size: 32, space: all[1] - all[0] > 86400 ? 130 : 80, values: (_chart, ticks) => ticks.map((each) => clock(each * 1000, all[1] - all[0])) }, { ...axis, size: 62, values: (_chart, ticks) => ticks.map((each) => (each ? spent(each) : "0")) }],
    series: [{}, { stroke: colour.line, width: 1.5, fill: colour.fill, points: { show: false }, spanGaps: false }],
    hooks: { drawClear: [shade] },
  };
}

/** `points` as the API gives them, `incidents` of the same target; no line over `gap` seconds without a check. */
function Chart({ points, gap, incidents, label }) {
  const box = useRef(null);
  const value = useRef(null);
  useEffect(() => {
    if (!window.uPlot || points.length < 2) return undefined;
    const place = box.current;
    const times = [], answers = [], misses = [];
    for (const { at, response_s, verdict, seen } of points) {
      const when = instant(at) / 1000;
      if (!seen && when - times.at(-1) > gap) {
        times.push(times.at(-1) + 0.001);
        answers.push(null);
      }
      times.push(when);
      answers.push(response_s);
      if (verdict === "bad") misses.push(when);
    }
    const bands = incidents.map((one) => [instant(one.opened_at) / 1000, (instant(one.resolved_at) ?? now()) / 1000]);
    const setting = options(place.clientWidth, bands, misses, [times[0], times.at(-1)]);
    setting.hooks.setCursor = [(chart) => {
      if (!value.current) return;
      const index = chart.cursor.idx;
      value.current.textContent = index === null || index === undefined ? ""
        : `${second(times[index] * 1000)} · ${spent(answers[index])}`;
    }];
    const chart = new window.uPlot(setting, [times, answers], place);
    const fit = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 200 }));
    fit.observe(place);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => chart.redraw();
    dark.addEventListener("change", redraw);
    return () => (dark.removeEventListener("change", redraw), fit.disconnect(), chart.destroy());
  }, [points.at(-1)?.at, points.length, incidents.length]);
  return html`<figure class="chart" role="img" aria-label=${label}>
    <div ref=${box}></div><output class="faint" ref=${value} aria-hidden="true"></output>
  </figure>`;
}
