/**
 * `<learning-pulse>`: a learner's own heatmap with totals, week and streak, for the page that the platform builds.
 *
 * How to use it is in docs/guide/embed.md. It needs no other file. Whatever comes from the server or from `words`
 * becomes text and never markup. There is no `style` attribute and no `<style>`, so a strict Content-Security-Policy
 * holds.
 *
 * @typedef {{date: string, level: number} & Record<string, number>} Day a date with its five measures
 * @typedef {{data: Day[]}} Pulse
 * @typedef {{current_streak: number, longest_streak: number, freezes_available: number, freezes_used: number,
 *   streak_at_risk: boolean}} Streak
 * @typedef {{data: {date: string, xp_earned: number}[], total_xp_earned: number, freeze_covered_dates: string[]}} Week
 * @typedef {{pulse: Pulse, headers: Headers, streak: Streak?, week: Week?}} Profile
 * @typedef {string | (() => string | Promise<string>)} Token
 */

const MEASURES = ["xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed"];
const ROUTES = ["learning-pulse", "streak-status", "weekly-activity"];
const LEVELS = [0, 1, 2, 3, 4];
const DAY = 86_400_000; // milliseconds, like the two below
const PATIENCE = 20_000;
const UNITS = {day: "long", hour: "short", minute: "short", second: "short"};
const SUNDAY = Date.UTC(2026, 0, 4);
const STEPS = {ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7, PageUp: -28, PageDown: 28};

/** Every word that is shown. The attribute `words` replaces some or all of them; `{…}` is filled in. */
export const WORDS = Object.freeze({
  lang: "en", // of these words; names of months and weekdays, and numbers, follow it
  loading: "Loading your activity…",
  expired: "You are signed out. Sign in again to see your activity.",
  offline: "Your activity cannot be shown right now.",
  none: "No activity in this time yet.",
  retry: "Try again",
  streak: "Streak",
  current_streak: "current streak",
  longest_streak: "longest streak",
  at_risk: "No XP on {date} yet: the streak ends if that stays so.",
  freezes_available: "streak savers left",
  totals: "{start} to {end}",
  active_days: "active days",
  xp_earned: "XP",
  learning_time: "learning time",
  sessions: "sessions",
  quizzes: "quizzes",
  quizzes_passed: "quizzes passed",
  heatmap: "Activity by day",
  week_of: "Week of {date}",
  day: "{date}, level {level}",
  unfinished_day: "{date}, level {level} so far, not over yet",
  unfinished: "not over yet, may still change",
  level_0: "no activity",
  level_1: "level 1",
  level_2: "level 2",
  level_3: "level 3",
  level_4: "level 4",
  compares_own: "Levels 1 (least) to 4 (most) compare {measure} on an active day with your own active days.",
  compares_platform: "Levels 1 (least) to 4 (most) compare {measure} on an active day with those of all learners, because you have few yet.",
  week: "This week: {total} XP",
  covered: "saver",
  months: "Active days by month",
  date: "date",
  level: "level",
});

const STYLE = `
:host{display:block;color-scheme:inherit;
--surface:var(--learning-pulse-surface,light-dark(#ffffff,#12161d));
--line:var(--learning-pulse-line,light-dark(#dbe2e6,#2a313b));
--text:var(--learning-pulse-text,light-dark(#17202a,#e8edf2));
--quiet:var(--learning-pulse-quiet,light-dark(#55616d,#9aa7b4));
--focus:var(--learning-pulse-focus,light-dark(#a01fb8,#ffb454));
--l0:var(--learning-pulse-l0,light-dark(#e9f0f3,#1f2630));
--l1:var(--learning-pulse-l1,light-dark(#37a09a,#5963a4));
--l2:var(--learning-pulse-l2,light-dark(#0d7b8a,#408fba));
--l3:var(--learning-pulse-l3,light-dark(#1d4b82,#4fc5cb));
--l4:var(--learning-pulse-l4,light-dark(#241858,#9cf5e3));
--cell:var(--learning-pulse-cell,14px);--gap:var(--learning-pulse-gap,3px)}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box}
.box{padding:1.25rem;border:1px solid var(--line);border-radius:var(--learning-pulse-radius,12px);background:var(--surface);color:var(--text);font:var(--learning-pulse-font,1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif);text-align:start;overflow-wrap:anywhere}
h2,p,dl,dd,ul{margin:0;padding:0}
h2{margin-top:1.5rem;font-size:1rem;font-weight:600}
.content:empty{display:none}
.content>:first-child{margin-top:0}
ul{list-style:none}
[part=status]:not(:empty)~.content{margin-top:1rem}
button{margin-top:.75rem;padding:.5rem 1rem;border:1px solid currentColor;border-radius:6px;background:none;color:inherit;font:inherit;cursor:pointer}
.quiet{color:var(--quiet);font-size:.875rem}
.facts{display:flex;flex-wrap:wrap;gap:1rem 2.5rem;margin-top:.75rem}
.facts div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
dd{font-size:1.375rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
dt{font-size:.875rem;color:var(--quiet)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{position:relative;padding:0;font-weight:400;text-align:start}
.scroll{overflow-x:auto;margin:.75rem -.25rem 0;padding:.25rem .25rem .5rem;border-radius:6px}
.heatmap{margin-inline-end:auto;border-collapse:separate;border-spacing:var(--gap);font-size:.6875rem;line-height:1;color:var(--quiet)}
.heatmap td{width:var(--cell);min-width:var(--cell);height:var(--cell);border-radius:3px;scroll-margin:0 3rem}
.heatmap thead>*>*{height:.75rem}
.heatmap thead tr+tr{line-height:0}
.heatmap thead tr+tr>*{height:0}
.heatmap thead [aria-hidden]{position:absolute;inset-inline-start:0;top:0;white-space:nowrap}
.heatmap tbody th,.heatmap thead tr:first-child td{position:sticky;inset-inline-start:-.25rem;z-index:3;background:var(--surface)}
.heatmap tbody th{padding:0 .25rem;padding-inline-end:.5rem;white-space:nowrap}
td[tabindex]{cursor:pointer;-webkit-tap-highlight-color:transparent}
.heatmap td[class]:hover{box-shadow:0 0 0 2px var(--surface),0 0 0 3px var(--quiet)}
:focus-visible,td:focus{outline:2px solid var(--focus);outline-offset:2px}
td:focus{outline-offset:1px;z-index:2}
.l0{background:var(--l0)}
.l1{background:var(--l1)}
.l2{background:var(--l2)}
.l3{background:var(--l3)}
.l4{background:var(--l4)}
.unfinished{border:1px dashed var(--quiet);background-clip:padding-box}
.day{min-height:3.25rem;margin-top:.5rem;font-variant-numeric:tabular-nums}
.day b,.day span{display:block}
.day b{font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.75rem 0;font-size:.875rem;color:var(--quiet)}
.legend li{display:flex;align-items:center;gap:.375rem}
.legend i{width:14px;height:14px;border-radius:3px;font:.6875rem/1 system-ui,sans-serif;text-align:center}
.numbers{width:100%;margin-top:.5rem;border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
.numbers th,.numbers td{padding:.25rem;border-bottom:1px solid var(--line);vertical-align:top}
.numbers thead th{color:var(--quiet)}
.numbers small{display:block;color:var(--quiet)}
.week{table-layout:fixed}
details{border-top:1px solid var(--line)}
h2+details,.facts+.quiet{margin-top:.75rem}
summary{padding:.625rem .25rem;cursor:pointer;font-size:.9375rem;border-radius:6px}
summary b{font-weight:500}
summary span{color:var(--quiet);margin-inline-start:.5rem;font-size:.875rem}
details .scroll{margin:0 0 .75rem}
@media (pointer:coarse),(max-width:64rem){:host{--cell:var(--learning-pulse-cell,20px);--gap:var(--learning-pulse-gap,4px)}}
@media (max-width:30rem){.box{padding:1rem}dd{font-size:1.0625rem;letter-spacing:-.01em}.facts{display:grid;grid-template-columns:1fr 1fr;gap:.75rem}.day{min-height:4.75rem}.numbers{font-size:.75rem}.numbers th,.numbers td{padding:.25rem .125rem}}
@media (forced-colors:active){
.heatmap td[class],.legend i{border:1px solid CanvasText;text-align:center}
td.unfinished,.legend .unfinished{border-style:dashed!important}
td:focus,:focus-visible{outline-color:Highlight}
.l1::before{content:"1";content:"1"/""}
.l2::before{content:"2";content:"2"/""}
.l3::before{content:"3";content:"3"/""}
.l4::before{content:"4";content:"4"/""}
}
@media print{.scroll{overflow:visible}.heatmap td[class],.legend i{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;

/** The learner has no good token: a person has to sign in again. */
class ExpiredError extends Error {}

/** The server, or what hands out tokens, gives no answer that can be shown. */
class UnansweredError extends Error {}

export class LearningPulse extends HTMLElement {
  static observedAttributes = ["src", "token-from", "words"];

  #status = make("p", {part: "status", role: "status"});
  #retry = make("button", {part: "retry", type: "button", hidden: ""});
  #content = make("div", {class: "content"});
  #box = make("div", {class: "box", part: "box"}, this.#status, this.#retry, this.#content);
  /** @type {Token | null} */
  #token = null;
  /** @type {AbortController | null} */
  #run = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({mode: "open"});
    root.adoptedStyleSheets = [sheet];
    root.append(this.#box);
    this.#retry.addEventListener("click", () => this.load());
  }

  /** The learner's token, or a function that gives it. Without it `token-from` is asked. */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token;
    this.load();
  }

  /** What is shown: `loading`, `ready`, `empty`, `expired` or `offline`. The event `state` follows each change. */
  get state() {
    return this.getAttribute("state");
  }

  connectedCallback() {
    if (Object.hasOwn(this, "token")) { // it was set before this file was there
      const token = this.token;
      delete this.token;
      this.#token = token;
    }
    this.load();
  }

  disconnectedCallback() {
    this.#run?.abort();
  }

  attributeChangedCallback() {
    this.load();
  }

  /** Ask for everything anew and show it. Of several calls at once the last one counts. */
  load() {
    this.#run?.abort();
    if (!this.isConnected) return;
    const run = this.#run = new AbortController();
    queueMicrotask(() => run.signal.aborted || this.#load(run));
  }

  /** @param {AbortController} run */
  async #load(run) {
    const speech = new Speech(wordsOf(this));
    const show = (state, parts) => run === this.#run && this.isConnected && this.#show(state, speech, parts);
    show("loading");
    if (!this.#token && !this.hasAttribute("token-from")) return; // until one of them is set
    const timer = setTimeout(() => run.abort(), PATIENCE);
    try {
      const profile = await this.#ask(run.signal);
      const isEmpty = profile.pulse.data.every(day => day.level === 0);
      show(isEmpty ? "empty" : "ready", draw(profile, speech, getComputedStyle(this).direction));
    } catch (error) {
      const isExpected = error instanceof ExpiredError || error instanceof UnansweredError || run.signal.aborted;
      if (!isExpected) console.warn("learning-pulse: the answer cannot be shown", error);
      show(error instanceof ExpiredError ? "expired" : "offline");
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Profile>}
   */
  async #ask(signal) {
    const ask = async () => {
      const token = await this.#askForToken(signal);
      return Promise.all(ROUTES.map(route => answerOf(new URL(`api/xp/${route}`, this.#server), token, signal)));
    };
    let answers = await ask().catch(error => {
      if (!(error instanceof ExpiredError) || typeof this.#token === "string") throw error;
      return ask(); // once more, with another token
    });
    const versions = new Set(answers.filter(each => each.ok).map(each => each.version));
    if (versions.size > 1) answers = await ask(); // another version was published in between
    const [pulse, streak, week] = answers;
    if (!pulse.ok) throw new UnansweredError(pulse.status);
    return {pulse: pulse.body, headers: pulse.headers, streak: streak.body, week: week.body};
  }

  /** The URL that the routes are below, with a slash at its end. */
  get #server() {
    const url = new URL(this.getAttribute("src") ?? "/", this.baseURI);
    return url.href.replace(/[?#].*$/, "").replace(/\/*$/, "/");
  }

  async #askForToken(signal) {
    const token = this.#token ? await givenBy(this.#token) : await this.#askPage(signal);
    if (typeof token !== "string" || !token) throw new ExpiredError("no token");
    return token;
  }

  async #askPage(signal) {
    const url = new URL(this.getAttribute("token-from"), this.baseURI);
    const response = await fetched(url, {credentials: "same-origin", cache: "no-store", signal});
    if (response.status === 401 || response.status === 403) throw new ExpiredError(response.status);
    if (!response.ok) throw new UnansweredError(response.status);
    return (await response.json()).token;
  }

  /**
   * @param {string} state
   * @param {Speech} speech
   * @param {Node[]} parts what is shown below the status
   */
  #show(state, {words}, parts = []) {
    const isRetrying = this.shadowRoot.activeElement === this.#retry;
    this.#box.lang = words.lang;
    this.#box.ariaBusy = String(state === "loading");
    this.#status.textContent = {ready: "", empty: words.none}[state] ?? words[state];
    this.#retry.textContent = words.retry;
    this.#content.replaceChildren(...parts);
    if (state !== "loading") this.#retry.hidden = parts.length > 0; // one that was just pressed keeps the focus
    if (isRetrying && this.#retry.hidden) this.#content.querySelector(".scroll").focus();
    if (state === this.state) return;
    this.setAttribute("state", state);
    this.dispatchEvent(new CustomEvent("state", {detail: state}));
  }
}

// --- asking ----------------------------------------------------------------------------------------------------------

/** @param {Token} token */
async function givenBy(token) {
  try {
    return typeof token === "function" ? await token() : token;
  } catch {
    throw new UnansweredError("the function that gives the token failed");
  }
}

async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new UnansweredError(url);
  }
}

/** An answer of the server. Without a profile two routes are 404, which a browser cannot tell from no network. */
async function answerOf(url, token, signal) {
  const headers = {Authorization: `Bearer ${token}`};
  const response = await fetched(url, {headers, credentials: "omit", redirect: "error", signal}).catch(Response.error);
  if (response.status === 401) throw new ExpiredError(url);
  const {ok, status} = response;
  return {ok, status, headers: response.headers, version: response.headers.get("X-Data-Version"),
    body: ok ? await response.json() : null};
}

// --- words -----------------------------------------------------------------------------------------------------------

/** The words of an element: ours, replaced by the texts that its attribute has under the same names. */
function wordsOf(element) {
  const words = {...WORDS};
  try {
    const given = JSON.parse(element.getAttribute("words") || "{}");
    for (const name of Object.keys(WORDS)) if (typeof given[name] === "string") words[name] = given[name];
    Intl.getCanonicalLocales(words.lang);
    return words;
  } catch (error) {
    console.warn("learning-pulse: words cannot be read, so ours are shown", error);
    return WORDS;
  }
}

/** Words, numbers and dates in a language. */
class Speech {
  #number;
  #units;

  /** @param {typeof WORDS} words */
  constructor(words) {
    this.words = words;
    this.#number = new Intl.NumberFormat(words.lang);
    this.#units = Object.fromEntries(Object.entries(UNITS).map(([unit, unitDisplay]) =>
      [unit, new Intl.NumberFormat(words.lang, {style: "unit", unit, unitDisplay})]));
  }

  say(name, values) {
    return this.words[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  }

  number(value) {
    return this.#number.format(value);
  }

  days(value) {
    return this.#units.day.format(value);
  }

  duration(seconds) {
    const {hour, minute, second} = this.#units;
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    if (hours) return `${hour.format(hours)} ${minute.format(minutes)}`;
    return minutes || !seconds ? minute.format(minutes) : second.format(seconds);
  }

  measure(name, value) {
    return name === "learning_time" ? this.duration(value) : this.number(value);
  }

  /** A date's month or weekday, such as `{month: "long"}`. */
  calendar(date, options) {
    return new Intl.DateTimeFormat(this.words.lang, {...options, timeZone: "UTC"}).format(Date.parse(date));
  }
}

// --- drawing ---------------------------------------------------------------------------------------------------------

/** An element with attributes, which are ours, and children; a string becomes text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const hidden = text => make("span", {class: "hidden"}, text);
const iso = instant => new Date(instant).toISOString().slice(0, 10);
const weekdayOf = date => new Date(date).getUTCDay();

/** Short for the eye, long for the ear. */
const twice = (short, long) => [make("span", {"aria-hidden": "true"}, short), hidden(long)];

/** A table that may be wider than the page, in a region that the keyboard reaches. */
function scrolling(table, label) {
  return make("div", {class: "scroll", part: "scroll", role: "region", tabindex: "0", "aria-labelledby": label}, table);
}

/**
 * @param {Profile} profile
 * @param {Speech} speech
 * @param {string} direction of the page's text
 * @returns {Node[]}
 */
function draw({pulse, headers, streak, week}, speech, direction) {
  const weekStart = week ? weekdayOf(week.data[0].date) : 0;
  return [
    ...(streak ? streakParts(streak, pulse, speech) : []),
    ...totalParts(pulse, speech),
    ...heatmapParts(pulse, headers, weekStart, speech, direction),
    ...(week ? weekParts(week, pulse, speech) : []),
    ...monthParts(pulse, speech),
  ];
}

function heading(id, text) {
  return make("h2", {id, part: "heading"}, text);
}

/** A list of numbers, each with what it counts: `[[word, text], …]`. */
function factList(facts) {
  const items = facts.map(([word, text]) => make("div", {part: "fact"}, make("dt", {}, word), make("dd", {}, text)));
  return make("dl", {class: "facts", part: "facts"}, ...items);
}

function streakParts(streak, pulse, speech) {
  const {words} = speech;
  const facts = ["current_streak", "longest_streak"].map(name => [words[name], speech.days(streak[name])]);
  const {freezes_available: savers, freezes_used: used} = streak;
  if (savers || used) facts.push([words.freezes_available, speech.number(savers)]);
  const risk = make("p", {class: "quiet", part: "risk"}, speech.say("at_risk", {date: pulse.data.at(-1).date}));
  return [heading("streak", words.streak), factList(facts), ...(streak.streak_at_risk === true ? [risk] : [])];
}

function totalParts({data}, speech) {
  const {words} = speech, sum = name => data.reduce((total, day) => total + Number(day[name]), 0);
  const facts = MEASURES.map(name => [words[name], speech.measure(name, sum(name))]);
  facts.unshift([words.active_days, speech.number(data.filter(day => day.level > 0).length)]);
  const period = speech.say("totals", {start: data[0].date, end: data.at(-1).date});
  return [heading("totals", period), factList(facts)];
}

/** What a day has, in words: `XP 120, learning time 45 min, …`. */
function measuresOf(day, speech) {
  return MEASURES.map(name => `${speech.words[name]} ${speech.measure(name, day[name])}`).join(", ");
}

function heatmapParts({data}, headers, weekStart, speech, direction) {
  const {words} = speech;
  const isUnfinished = day => day.date > (headers.get("X-Pulse-Complete-Through") ?? day.date);
  const named = day => speech.say(isUnfinished(day) ? "unfinished_day" : "day", day);
  const cells = data.map(day => {
    const level = LEVELS.includes(day.level) ? day.level : 0;
    const text = level ? `${named(day)}, ${measuresOf(day, speech)}` : named(day);
    return make("td", {class: `l${level}${isUnfinished(day) ? " unfinished" : ""}`, part: "day-cell"}, hidden(text));
  });
  const table = grid(data, cells, weekStart, speech);
  const shown = make("p", {class: "day", part: "day", role: "status"}, make("b"), make("span", {class: "quiet"}));
  explore(table, cells, data.findLastIndex(day => !isUnfinished(day)), direction, at => {
    const day = data[at], [name, measures] = shown.children;
    const text = `${speech.calendar(day.date, {weekday: "long"})} ${named(day)}`;
    if (name.textContent === text) return;
    name.textContent = text;
    measures.textContent = day.level ? measuresOf(day, speech) : words.level_0;
  });
  const region = scrolling(table, "heatmap");
  region.dir = direction === "rtl" ? "ltr" : "rtl"; // so that it begins where the newest dates are
  table.dir = direction;
  const legend = LEVELS.map(level => make("li", {}, make("i", {class: `l${level}`}), words[`level_${level}`]));
  if (data.some(isUnfinished)) legend.push(make("li", {}, make("i", {class: "unfinished"}), words.unfinished));
  const measure = words[headers.get("X-Pulse-Metric") === "learning_time" ? "learning_time" : "xp_earned"];
  const compares = headers.get("X-Pulse-Population") === "own" ? "compares_own" : "compares_platform";
  return [
    heading("heatmap", words.heatmap),
    region,
    shown,
    make("ul", {class: "legend", part: "legend"}, ...legend),
    make("p", {class: "quiet", id: "compares", part: "compares"}, speech.say(compares, {measure})),
  ];
}

/** The table of the heatmap: weeks as columns, weekdays as rows, months above. */
function grid(data, cells, weekStart, speech) {
  const {words} = speech, first = Date.parse(data[0].date);
  const before = (weekdayOf(first) - weekStart + 7) % 7; // dates of the first week that are not shown
  const weeks = Array.from({length: Math.ceil((before + data.length) / 7)}, (_, week) => week * 7 - before);
  const months = [];
  for (const week of weeks) {
    const {date} = data[Math.min(week + 6, data.length - 1)]; // the last of the week
    if (months.at(-1)?.date.slice(0, 7) === date.slice(0, 7)) months.at(-1).weeks += 1;
    else months.push({date, weeks: 1});
  }
  const monthHeads = months.map(({date, weeks}) => {
    const year = date.slice(5, 7) === "01" && weeks > 3 ? {year: "numeric"} : {};
    const [short, long] = twice(
      speech.calendar(date, {month: "short", ...year}), speech.calendar(date, {month: "long", year: "numeric"}));
    return make("th", {scope: "colgroup", colspan: weeks}, ...(weeks > 1 ? [short] : []), long);
  });
  const weekHeads = weeks.map(week =>
    make("th", {scope: "col"}, hidden(speech.say("week_of", {date: iso(first + week * DAY)}))));
  const rows = Array.from({length: 7}, (_, row) => {
    const weekday = iso(SUNDAY + (weekStart + row) * DAY);
    const head = twice(speech.calendar(weekday, {weekday: "short"}), speech.calendar(weekday, {weekday: "long"}));
    return make("tr", {}, make("th", {scope: "row"}, ...head), ...weeks.map(week => cells[week + row] ?? make("td")));
  });
  return make("table", {class: "heatmap", part: "heatmap", "aria-labelledby": "heatmap", "aria-describedby": "compares"},
    make("colgroup"),
    ...months.map(({weeks}) => make("colgroup", {span: weeks})),
    make("thead", {}, make("tr", {}, make("td"), ...monthHeads), make("tr", {}, make("td"), ...weekHeads)),
    make("tbody", {}, ...rows));
}

/** Let the pointer and the arrow keys go from day to day, and show the one where they are. */
function explore(table, cells, newest, direction, show) {
  let at = Math.max(newest, 0);
  const reach = to => {
    cells[at].tabIndex = -1;
    at = to;
    cells[at].tabIndex = 0;
    show(at);
  };
  const cellOf = event => cells.indexOf(event.target.closest("td"));
  for (const cell of cells) cell.tabIndex = -1;
  reach(at);
  table.addEventListener("focusin", event => {
    if (cellOf(event) < 0) return;
    reach(cellOf(event));
    cells[at].scrollIntoView({block: "nearest", inline: "nearest"}); // unlike focus() it minds what the weekdays cover
  });
  table.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const isMirrored = direction === "rtl" && /Left|Right/.test(event.key);
    const step = (STEPS[event.key] ?? NaN) * (isMirrored ? -1 : 1);
    const to = {Home: 0, End: cells.length - 1}[event.key] ?? at + step;
    if (Number.isNaN(to)) return;
    event.preventDefault();
    cells[Math.min(Math.max(to, 0), cells.length - 1)].focus({preventScroll: true});
  });
  table.addEventListener("pointerover", event => cellOf(event) >= 0 && show(cellOf(event)));
  table.addEventListener("pointerleave", () => show(at));
}

function weekParts(week, pulse, speech) {
  const {words} = speech, last = pulse.data.at(-1).date;
  const heads = week.data.map(({date}) =>
    make("th", {scope: "col"}, ...twice(
      speech.calendar(date, {weekday: "short"}), `${speech.calendar(date, {weekday: "long"})} ${date}`)));
  const days = week.data.map(({date, xp_earned: xp}) => {
    const saver = week.freeze_covered_dates.includes(date) ? [make("small", {}, words.covered)] : [];
    return make("td", {}, date > last ? "" : speech.number(xp), ...saver);
  });
  const table = make("table", {class: "numbers week", part: "week", "aria-labelledby": "week"},
    make("thead", {}, make("tr", {}, make("td"), ...heads)),
    make("tbody", {}, make("tr", {}, make("th", {scope: "row"}, words.xp_earned), ...days)));
  return [heading("week", speech.say("week", {total: speech.number(week.total_xp_earned)})), table];
}

/** Every active day with all that it has, the newest month first. */
function monthParts({data}, speech) {
  const {words} = speech, columns = ["date", ...MEASURES, "level"];
  const active = data.filter(day => day.level > 0).reverse();
  const months = Object.entries(Object.groupBy(active, day => day.date.slice(0, 7))).map(([month, days]) => {
    const id = `month-${month}`;
    const rows = days.map(day => make("tr", {},
      make("th", {scope: "row"}, day.date),
      ...MEASURES.map(name => make("td", {}, speech.measure(name, day[name]))),
      make("td", {}, speech.number(day.level))));
    const table = make("table", {class: "numbers", part: "month-table", "aria-labelledby": id},
      make("thead", {}, make("tr", {}, ...columns.map(name => make("th", {scope: "col"}, words[name])))),
      make("tbody", {}, ...rows));
    const name = make("b", {id}, speech.calendar(days[0].date, {month: "long", year: "numeric"}));
    const count = make("span", {}, `${words.active_days}: ${speech.number(days.length)}`);
    return make("details", {part: "month"}, make("summary", {}, name, count), scrolling(table, id));
  });
  return months.length ? [heading("months", words.months), ...months] : [];
}

if (!customElements.get("learning-pulse")) customElements.define("learning-pulse", LearningPulse);
