"use strict";
// Every run: a table that sorts and filters, and a view of one. What is shown stands in the address, after
// "#": runs?model=vae&sort=kl&down=1, or run=NAME&seed=0.
const RUNS = JSON.parse(document.getElementById("data").textContent).runs;
const HIDDEN = ["title", "settings", "tags", "curves", "log", "command", "samples", "reconstructions"];
// A column in which no run has a value is left out.
const COLUMNS = Object.keys(RUNS).filter((name) => !HIDDEN.includes(name) && RUNS[name].some((value) => value !== null));
const WORDS = { latent_dim: "latents", kl: "KL (nats)", kl_low: "KL at least", kl_high: "KL at most" };
const table = document.getElementById("table");
const filters = document.querySelector(".filters");
const count = filters.querySelector("output");
const details = document.getElementById("details");
const large = document.getElementById("large");
let state = { sort: "", down: false };

const numeric = (name) => RUNS[name].some((value) => typeof value === "number") && name !== "seed";
const shown = (name, value) => (value === null ? "–" : name === "iterations" ? value.toLocaleString("en") : String(value));

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function rows() {
  const wanted = Object.fromEntries(new FormData(filters));
  const q = wanted.q.toLowerCase();
  let found = RUNS.run ? RUNS.run.map((_, i) => i) : [];
  found = found.filter((i) => !q || `${RUNS.run[i]} ${RUNS.tags[i].join(" ")}`.toLowerCase().includes(q));
  for (const key of ["model", "data", "state"]) {
    if (wanted[key]) found = found.filter((i) => String(RUNS[key][i]) === wanted[key]);
  }
  if (state.sort) {
    const of = RUNS[state.sort];
    const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
    const empty = (i) => (of[i] === null ? 1 : 0); // always last
    found.sort((i, j) => empty(i) - empty(j) || (state.down ? -1 : 1) * order(of[i], of[j]));
  }
  return found;
}

function draw() {
  const found = rows();
  const head = element("tr");
  for (const name of COLUMNS) {
    const sorted = state.sort === name;
    const cell = element("th", undefined, { scope: "col", "aria-sort": sorted ? (state.down ? "descending" : "ascending") : "none" });
    if (numeric(name)) cell.className = "number";
    const button = element("button", (WORDS[name] || name.replaceAll("_", " ")) + (sorted ? (state.down ? " ↓" : " ↑") : ""), { type: "button" });
    button.addEventListener("click", () => {
      state = { sort: name, down: sorted && !state.down };
      draw();
      address();
      table.tHead.rows[0].cells[COLUMNS.indexOf(name)].firstChild.focus();
    });
    cell.append(button);
    head.append(cell);
  }
  table.tHead.replaceChildren(head);
  const body = document.createDocumentFragment();
  for (const i of found) {
    const row = element("tr");
    for (const name of COLUMNS) {
      const cell = element(name === "run" ? "th" : "td", name === "run" ? undefined : shown(name, RUNS[name][i]));
      if (numeric(name)) cell.className = "number";
      if (name === "run") {
        cell.scope = "row";
        const button = element("button", undefined, { type: "button" });
        // Names may be broken behind "_" and "-", and nowhere else.
        for (const part of RUNS.run[i].split(/(?<=[_-])/)) button.append(part, element("wbr"));
        button.addEventListener("click", () => { location.hash = new URLSearchParams({ run: RUNS.run[i], seed: RUNS.seed[i] }); });
        cell.append(button);
      }
      row.append(cell);
    }
    body.append(row);
  }
  table.tBodies[0].replaceChildren(body);
  count.textContent = `${found.length} of ${RUNS.run ? RUNS.run.length : 0}`;
}

function address() {
  const words = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));
  if (state.sort) words.set("sort", state.sort);
  if (state.down) words.set("down", "1");
  history.replaceState(null, "", words.size ? `#runs?${words}` : "#runs");
}

// A curve as SVG: its smallest and largest value beside it, steps below it.
function curve(name, points) {
  const [w, h, left, low] = [330, 120, 62, 18];
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const x = (v) => left + ((w - left - 6) * (v - x0)) / (x1 - x0 || 1);
  const y = (v) => h - low - ((h - low - 8) * (v - y0)) / (y1 - y0 || 1);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const part = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
  };
  svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
  svg.setAttribute("width", w);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${name}: from ${ys[0]} at step ${xs[0]} to ${ys.at(-1)} at step ${xs.at(-1)}`);
  const small = { "font-size": 10, fill: "currentColor" };
  part("text", { ...small, x: left - 4, y: y(y1) + 6, "text-anchor": "end" }, y1.toPrecision(4));
  if (y1 !== y0) part("text", { ...small, x: left - 4, y: y(y0), "text-anchor": "end" }, y0.toPrecision(4));
  part("text", { ...small, x: left, y: h - 4 }, `step ${x0.toLocaleString("en")}`);
  part("text", { ...small, x: w - 6, y: h - 4, "text-anchor": "end" }, x1.toLocaleString("en"));
  part("polyline", { points: points.map((p) => `${x(p[0])},${y(p[1])}`).join(" "), fill: "none", stroke: "currentColor", "stroke-width": 1.5 });
  const holder = element("div");
  holder.append(element("h4", name), svg);
  return holder;
}

function show(i) {
  const view = details.querySelector("div");
  view.replaceChildren(element("h2", `${RUNS.run[i]}, seed ${RUNS.seed[i]}`));
  view.append(element("p", `${RUNS.title[i]}, ${RUNS.data[i]}: ${RUNS.state[i]}`));
  for (const name of ["samples", "reconstructions"]) {
    if (RUNS[name][i]) view.append(element("h3", name), element("img", undefined, { src: RUNS[name][i], alt: `${name} of ${RUNS.run[i]}` }));
  }
  const curves = Object.entries(RUNS.curves[i]);
  if (curves.length) {
    const side = element("div", undefined, { class: "curves" });
    side.append(...curves.map(([name, points]) => curve(name, points)));
    view.append(element("h3", "Along training"), side);
  }
  const list = element("dl");
  const settings = { ...Object.fromEntries(COLUMNS.map((name) => [name, RUNS[name][i]])), ...RUNS.settings[i], tags: RUNS.tags[i].join(", ") };
  for (const [name, value] of Object.entries(settings)) {
    if (value === null || value === "") continue;
    const pair = element("div");
    pair.append(element("dt", name.startsWith("kl") ? WORDS[name] : name), element("dd", shown(name, value)));
    list.append(pair);
  }
  view.append(element("h3", "Settings and numbers"), list, element("h3", "Made by"));
  const command = element("p");
  command.append(element("code", RUNS.command[i]));
  view.append(command);
  if (RUNS.log[i]) view.append(element("h3", "The log's end"), element("pre", RUNS.log[i], { tabindex: "0" }));
  if (!details.open) details.showModal();
  details.scrollTop = 0;
}

function go() {
  const hash = decodeURI(location.hash.slice(1));
  if (hash.startsWith("run=")) {
    const words = new URLSearchParams(hash);
    const same = (i) => RUNS.run[i] === words.get("run") && (!words.get("seed") || String(RUNS.seed[i]) === words.get("seed"));
    const i = (RUNS.run || []).findIndex((_, j) => same(j));
    if (i >= 0) show(i);
  } else if (hash.startsWith("runs?")) {
    const words = new URLSearchParams(location.hash.slice("#runs?".length));
    for (const field of filters.elements) if (field.name) field.value = words.get(field.name) || "";
    state = { sort: COLUMNS.includes(words.get("sort")) ? words.get("sort") : "", down: words.get("down") === "1" };
    draw();
    document.getElementById("runs").scrollIntoView();
  }
}

for (const key of ["model", "data", "state"]) {
  const options = [...new Set(RUNS[key] || [])].sort();
  filters.elements[key].append(...options.map((value) => element("option", value, { value })));
}
filters.addEventListener("input", () => { draw(); address(); });
filters.addEventListener("submit", (event) => event.preventDefault());
details.addEventListener("close", () => { if (location.hash.startsWith("#run=")) address(); });
for (const button of document.querySelectorAll(".picture")) {
  button.addEventListener("click", () => {
    const [from, to] = [button.querySelector("img"), large.querySelector("img")];
    to.src = from.src;
    to.alt = from.alt;
    large.showModal();
  });
}
addEventListener("hashchange", go);
draw();
go();
