// The page itself: sliders in, the answer out. What is chosen stands in `chosen`, everything shown follows from it.

const data = JSON.parse(document.getElementById("data").textContent);
unpackLaws(data.laws);

const here = (id) => document.getElementById(id);
const copied = (value) => JSON.parse(JSON.stringify(value));
const chosen = { contract: 0, size: data.start.size, saved: data.start.saved, terms: null, score: null };
const sliders = [];
let range = null;
let speaking = null;

const contract = () => data.contracts[chosen.contract];

function read(terms, path) {
  return path.split(".").reduce((part, key) => part[key], terms);
}

function write(terms, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((part, key) => part[key], terms)[last] = value;
}

// What a slider shows: the gate in force at this size, else the term itself.
function shownTerm(path) {
  const isGate = path === "fixed_rate";
  return isGate ? minimumSavingsRate(chosen.terms, chosen.size) : read(chosen.terms, path);
}

function lawOf(index, terms, size, saved, score) {
  const each = data.contracts[index];
  const found = savingsLaw(data, each.law, size, saved, keptAt(each, score));
  return { ...paymentLaw({ mechanism: each.mechanism, terms }, found, size), doubt: found.doubt };
}

// The share of the benchmark that a quality score leaves, relative to the contract's own.
function keptAt({ quality }, score) {
  if (!quality || !quality.moves.kept) return 1;
  const kept = quality.moves.kept[Math.round(100 * score)];
  return quality.unscaled + ((1 - quality.unscaled) * kept) / quality.kept;
}

// Controls ---------------------------------------------------------------------------------------------------------

let numbered = 0;

function slider(parent, { label, help, min, max, step, value, text, change }) {
  const id = `slider-${numbered++}`;
  const row = document.createElement("div");
  row.className = "slider";
  const name = document.createElement("label");
  name.htmlFor = id;
  name.textContent = label;
  const shown = document.createElement("output");
  shown.htmlFor = id;
  const input = Object.assign(document.createElement("input"), { type: "range", id, min, max, step });
  row.append(name, shown, input);
  if (help) {
    const note = Object.assign(document.createElement("span"), { id: `${id}-note`, className: "note", textContent: help });
    input.setAttribute("aria-describedby", note.id);
    row.append(note);
  }
  parent.append(row);
  input.addEventListener("input", () => {
    change(Number(input.value));
    update();
  });
  const refresh = () => {
    const now = String(value());
    if (document.activeElement !== input || Math.abs(Number(input.value) - Number(now)) > 1.5 * step) input.value = now;
    shown.textContent = text();
    input.setAttribute("aria-valuetext", text());
  };
  sliders.push(refresh);
  return row;
}

function nearestStop(size) {
  let best = 0;
  data.stops.forEach((stop, k) => {
    if (Math.abs(Math.log(stop / size)) < Math.abs(Math.log(data.stops[best] / size))) best = k;
  });
  return best;
}

function buildGroup() {
  slider(here("people"), {
    label: "People on the panel", min: 0, max: data.stops.length - 1, step: 1,
    value: () => nearestStop(chosen.size), text: () => people(chosen.size),
    change: (place) => { chosen.size = data.stops[place]; },
  });
  slider(here("saved"), {
    label: "What you truly save", help: "share of cost, against what Medicare expects; below zero you cost more",
    min: 100 * data.saved[0], max: 100 * data.saved[1], step: 0.1,
    value: () => 100 * chosen.saved, text: () => percent(chosen.saved),
    change: (value) => { chosen.saved = value / 100; },
  });
}

function buildTerms() {
  sliders.length = 2;
  here("terms").replaceChildren();
  here("further").replaceChildren();
  const { quality } = contract();
  if (quality) {
    slider(here("terms"), {
      label: "Quality score", help: quality.help, min: 0, max: 100, step: 1,
      value: () => Math.round(100 * chosen.score), text: () => percent(chosen.score, 0),
      change: (value) => scoreChanged(value),
    });
  }
  for (const control of contract().controls) {
    const start = read(chosen.terms, control.path) ?? 0;
    slider(control.further ? here("further") : here("terms"), {
      label: control.label, help: control.help, min: 0, max: 100 * Math.max(control.most, start), step: 100 * control.step,
      value: () => 100 * shownTerm(control.path), text: () => percent(shownTerm(control.path), 2),
      change: (value) => {
        write(chosen.terms, control.path, value / 100);
        for (const [path, other] of Object.entries(control.sets)) write(chosen.terms, path, other);
      },
    });
  }
  here("more").hidden = !here("further").children.length;
  here("summary").textContent = contract().summary;
}

function scoreChanged(value) {
  chosen.score = value / 100;
  for (const [name, values] of Object.entries(contract().quality.moves)) {
    if (name !== "kept") chosen.terms[name] = values[value];
  }
}

function start(index) {
  chosen.contract = index;
  chosen.terms = copied(contract().terms);
  chosen.score = contract().quality ? contract().quality.start : null;
  range = null;
  buildTerms();
}

// Answer -----------------------------------------------------------------------------------------------------------

function update() {
  const found = lawOf(chosen.contract, chosen.terms, chosen.size, chosen.saved, chosen.score);
  here("headline").textContent = headline(contract().name, found);
  here("words").textContent = inWords(found, data.years);
  here("against").textContent = against(found);
  here("notes").replaceChildren(...cautions(found).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  for (const name of ["paid", "owing", "nothing"]) here(name).textContent = chance(found.chances[name]);
  here("bar").textContent = `${money(found.mean)} a year · paid ${chance(found.chances.paid)} · owe ${chance(found.chances.owing)}`;
  row("mean", found.mean);
  data.years.forEach((year, k) => row(`year-${k}`, found.at(year.score)));
  here("size").value = chosen.size;
  for (const refresh of sliders) refresh();
  draw(found);
  clearTimeout(speaking);
  speaking = setTimeout(() => { here("spoken").textContent = `${here("headline").textContent} ${here("words").textContent}`; }, 700);
  return found;
}

function row(id, dollars) {
  here(id).textContent = money(dollars);
  here(id).className = dollars < -0.5 ? "owes" : dollars > 0.5 ? "paid" : "";
  here(`${id}-each`).textContent = money(dollars / chosen.size);
}

const ownMeans = new Map();

// The average of the chosen contract under the scenario's own settings.
function ownMean() {
  const { terms, quality } = contract();
  if (!ownMeans.has(chosen.contract)) {
    const { mean } = lawOf(chosen.contract, terms, data.start.size, data.start.saved, quality ? quality.start : null);
    ownMeans.set(chosen.contract, mean);
  }
  return ownMeans.get(chosen.contract);
}

// What the changes made: the average beside that of the same contract as the scenario has it.
function against(found) {
  const own = ownMean();
  const more = found.mean - own;
  if (Math.abs(more) < 0.5) return `These are the scenario’s own settings: ${people(data.start.size)} people who save ${percent(data.start.saved)}.`;
  return `With the scenario’s own settings (${people(data.start.size)} people who save ${percent(data.start.saved)}) the average is ` +
    `${money(own)}; your changes ${more > 0 ? "add" : "take away"} ${money(Math.abs(more))} a year.`;
}

function cautions(found) {
  const { admits, notes } = contract();
  const told = [...notes];
  if (admits && chosen.size < admits) told.unshift(`This contract asks for ${people(admits)} people; a smaller panel is shown as if admitted.`);
  if (found.doubt > 0.01) told.unshift(`So small a panel has a handful of people in some groups: chances are known to about ${percent(found.doubt, 0)}.`);
  return told;
}

// The axis of dollars grows at once and shrinks only when most of it is empty, so that a slider does not shake it.
function steady(dollars) {
  const [low, high] = [Math.min(0, ...dollars), Math.max(0, ...dollars)];
  const wide = high - low || 1;
  const fits = range && range[0] <= low && range[1] >= high && range[1] - range[0] < 2.5 * wide;
  if (!fits) range = [low - 0.12 * wide, high + 0.12 * wide];
  return range;
}

function draw(found) {
  drawYears(here("years"), found, steady);
  drawRates(here("rates"), found);
  const worst = money(found.at(TWENTY[0]));
  const best = money(found.at(TWENTY[19]));
  const { paid, owing, nothing } = found.chances;
  const shares = `paid ${chance(paid)}, owing ${chance(owing)}, nothing ${chance(nothing)}`;
  here("years").setAttribute("aria-label", `Twenty equally likely years from ${worst} to ${best}: ${shares}`);
  const [low, high] = [TWENTY[0], TWENTY[19]].map(found.rateAt);
  here("rates").setAttribute("aria-label", `Measured savings lie between ${percent(low)} and ${percent(high)} in nineteen years of twenty: ${shares}`);
}

buildGroup();
data.contracts.forEach((each, k) => here("contract").append(new Option(each.name, k)));
here("contract").addEventListener("change", () => { start(Number(here("contract").value)); update(); });
here("size").addEventListener("change", () => {
  const asked = Math.round(Number(here("size").value)) || chosen.size;
  chosen.size = Math.min(Math.max(asked, data.stops[0]), data.stops[data.stops.length - 1]);
  update();
});
here("reset").addEventListener("click", () => {
  Object.assign(chosen, { size: data.start.size, saved: data.start.saved });
  start(chosen.contract);
  update();
});
here("form").addEventListener("submit", (event) => event.preventDefault());
addEventListener("resize", () => update());
start(data.start.contract);
here("contract").value = data.start.contract;
update();
document.documentElement.dataset.ready = "yes";
