// Small parts that several views are made of.

import { Component, h } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "./vendor/hooks.mjs";
import htm from "./vendor/htm.mjs";
import { ask, model } from "./store.js";
import { age, full, instant, moment, named, second, t } from "./words.js";

export const html = htm.bind(h);

/** Return what GET /api/v1/`path` answers, asked for anew whenever something happened, or (calm) once a minute. */
export function useAnswer(path, calm) {
  const [got, set] = useState({ path: "", tree: null, trouble: null });
  useEffect(() => {
    let there = path !== null;
    if (!there) return undefined;
    ask(path).then(
      (tree) => there && set({ path, tree, trouble: null }),
      (error) => there && set((old) => ({ path, tree: old.path === path ? old.tree : null, trouble: error.message })),
    );
    return () => (there = false);
  }, [path, calm ? Math.floor(Date.now() / 60000) : model.round]);
  return got.path === path ? got : { tree: null, trouble: null };
}

const SHAPES = {
  ok: html`<circle cx="8" cy="8" r="7" /><path class="on" d="M4.8 8.3l2.3 2.3 4.3-5" />`,
  warn: html`<path d="M8 1.5L15.2 14.5H.8z" /><path class="on" d="M8 6v4m0 2.3v.2" />`,
  down: html`<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" />
    <path class="on" d="M5.4 5.4l5.2 5.2m0-5.2l-5.2 5.2" />`,
  unknown: html`<circle class="ring" cx="8" cy="8" r="6.5" />
    <path class="mark" d="M6.2 6.3a1.9 1.9 0 1 1 2.6 1.8c-.5.2-.8.5-.8 1.1m0 2.1v.2" />`,
};

/** A state as a shape of its own: read without colours too. The word stands beside it. */
export function Icon({ state, size = 16 }) {
  const shape = SHAPES[state] ? state : "unknown";
  return html`<svg class="icon is-${shape}" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true">
    ${SHAPES[shape]}
  </svg>`;
}

/** The word of a target's state: what is believed of it, more exactly than the colour. */
export function word(target) {
  if (target.state === "warn" && target.health === "failing") {
    return t("state.failing", { n: String(target.consecutive_failures), of: target.failure_threshold });
  }
  if (target.state === "warn" && target.health === "recovering") return t("state.recovering");
  return named("state", target.state);
}

/** Words behind the shape of the state that they tell of. */
export const Mark = ({ look = "unknown", size = 12, children, ...rest }) =>
  html`<span class="state is-${look}" ...${rest}><${Icon} state=${look} size=${size} />${children}</span>`;

export const State = ({ target }) => html`<${Mark} look=${target.state} size=${16}>${word(target)}</${Mark}>`;

/** The way to the page of a target. */
export const To = ({ name }) => html`<a href=${`#/t/${encodeURIComponent(name)}`}>${name}</a>`;

/** A time: how long ago, or (exact) the time of day; all of it in its title. */
export function Time({ at, exact, seconds }) {
  const ms = typeof at === "number" ? at : instant(at);
  if (ms === null) return html`<span class="faint">${t("age.never")}</span>`;
  const text = seconds ? second(ms) : exact ? moment(ms) : age(ms);
  return html`<time datetime=${new Date(ms).toISOString()} title=${full(ms)}>${text}</time>`;
}

const WIDTH = 4;
const HEIGHTS = { g: 14, d: 18, b: 24, u: 5 };

/** One sentence about a bar of beats. */
export function beatsSentence(past) {
  const beats = past?.beats ?? "";
  if (!beats) return t("beats.none");
  const count = (letter) => beats.split(letter).length - 1;
  const told = t("beats", { n: String(beats.length), up: count("g"), down: count("b"), slow: count("d"), unknown: count("u") });
  const last = beats.lastIndexOf("b");
  if (last < 0) return told;
  const since = instant(past.since), until = instant(past.until);
  const at = since + ((until - since) * last) / Math.max(beats.length - 1, 1);
  return `${told}; ${t("beats.down", { age: age(at) })}`;
}

/** The last checks as bars: down is highest and hatched, unknown a dot. One path a kind. */
export function Beats({ past, many = 50, picked = -1, sentence = beatsSentence(past) }) {
  const beats = past?.beats ?? "";
  const paths = { g: "", d: "", b: "", u: "" };
  const begin = many - beats.length;
  [...beats].forEach((letter, index) => {
    const kind = paths[letter] === undefined ? "u" : letter;
    const tall = HEIGHTS[kind];
    paths[kind] += `M${(begin + index) * WIDTH} 24v-${tall}h3v${tall}z`;
  });
  return html`<svg class="beats" viewBox="0 0 ${many * WIDTH} 24" preserveAspectRatio="none" role="img" aria-label=${sentence}>
    <title>${sentence}</title>
    ${begin > 0 && html`<path class="beat-none" d=${`M0 23h${begin * WIDTH}v1H0z`} />`}
    ${Object.entries(paths).map(([kind, path]) => path && html`<path key=${kind} class="beat-${kind}" d=${path} />`)}
    ${picked >= 0 && html`<rect class="beat-picked" x=${(begin + picked) * WIDTH - 0.5} y="0" width="4" height="24" />`}
  </svg>`;
}

/** Beats that are read one at a time, by arrow keys or pointer; `text` tells of one. */
export function Ribbon({ past, many = 50, label, sentence, help, text }) {
  const [picked, pick] = useState(-1);
  const count = past.beats.length;
  const hold = (index) => pick(Math.min(Math.max(index, 0), count - 1));
  const move = (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (!steps) return;
    event.preventDefault();
    hold((picked < 0 ? count : picked) + steps);
  };
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    hold(Math.floor(((event.clientX - box.left) / box.width) * many) - (many - count));
  };
  const told = past.beats[picked] ? text(picked) : help;
  return html`<div class="ribbon" tabindex="0" role="slider" aria-label=${label} aria-valuemin="1" aria-valuemax=${count}
      aria-valuenow=${picked < 0 ? count : picked + 1} aria-valuetext=${told}
      onKeyDown=${move} onPointerMove=${point} onPointerLeave=${() => pick(-1)}>
    <${Beats} past=${past} many=${many} picked=${picked} sentence=${sentence} />
  </div><p class="faint ribbon-text">${told}</p>`;
}

/** A dialog that holds the focus; Escape gives up. */
export function Dialog({ title, children, onClose, onSubmit, label, bad }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog.showModal();
    return () => dialog.close(); // the focus goes back to where it was
  }, []);
  const submit = (event) => {
    event.preventDefault();
    onSubmit(Object.fromEntries(new FormData(event.target)));
  };
  return html`<dialog ref=${box} aria-label=${title} onCancel=${(event) => (event.preventDefault(), onClose())}>
    <form onSubmit=${submit}>
      <h2>${title}</h2>
      ${children}
      <div class="buttons">
        <button type="button" onClick=${onClose}>${t("act.cancel")}</button>
        <button class=${bad ? "strong bad" : "strong"}>${label}</button>
      </div>
    </form>
  </dialog>`;
}

/** A word in a box. */
export const Tag = ({ children, kind = "" }) => html`<span class="tag ${kind}">${children}</span>`;

/** Keeps a fault of one view to that view. */
export class Guarded extends Component {
  static getDerivedStateFromError(fault) {
    return { fault };
  }
  render({ children }, { fault }) {
    if (fault) console.error(fault);
    return fault ? html`<${Lost} trouble=${String(fault)} />` : children;
  }
}

/** A section with its heading; `aside` stands at the right of it. */
export function Panel({ id, title, aside, children, kind = "", level = "h2" }) {
  return html`<section class="panel ${kind}" aria-labelledby=${`${id}-title`}>
    <div class="head"><${level} id=${`${id}-title`}>${title}</${level}>${aside}</div>
    ${children}
  </section>`;
}

/** What a view shows instead of what it could not have. */
export function Lost({ trouble }) {
  return trouble ? html`<p class="lost"><${Icon} state="warn" /> ${t("lost", { why: trouble })}</p>` : null;
}

/** A table of `rows`, each a list of cells; it scrolls in itself, not the page. */
export function Table({ heads, rows, label }) {
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${label}><table>
    <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
    <tbody>${rows}</tbody>
  </table></div>`;
}

/** Asks for the token whenever somebody waits for it. */
export function TokenDialog() {
  const asking = model.asking;
  if (!asking) return null;
  return html`<${Dialog} key=${asking.turn} title=${t("token")} label=${t("token.use")} onClose=${() => asking.answer("")} onSubmit=${({ token }) => asking.answer(token)}>
    <p>${t("token.more")} <code>agent2 web token</code></p>
    ${asking.wrong && html`<p class="lost" role="alert">${t("token.wrong")}</p>`}
    <label>${t("token.field")}<input name="token" type="password" autocomplete="off" spellcheck="false" required autofocus /></label>
  </${Dialog}>`;
}
