// Two drawings of a law: twenty equally likely years in dollars, and the measured savings rate with the gates.

const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function canvas(svg, height) {
  const width = Math.max(260, Math.round(svg.parentElement.clientWidth));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  svg.replaceChildren();
  return width;
}

// Round values between two, a few of them.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((each) => each >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

function axis(svg, at, values, name, baseline, width) {
  svg.append(drawn("line", { x1: 0, x2: width, y1: baseline, y2: baseline, class: "axis" }));
  for (const value of values) {
    const x = at(value);
    if (x < 14 || x > width - 14) continue;
    svg.append(drawn("line", { x1: x, x2: x, y1: baseline, y2: baseline + 5, class: "axis" }));
    svg.append(drawn("text", { x, y: baseline + 19, "text-anchor": "middle" }, name(value)));
  }
}

const RADIUS = 7;
const MARKS = {
  paid: (x, y) => drawn("circle", { cx: x, cy: y, r: RADIUS, class: "mark paid" }),
  nothing: (x, y) => drawn("rect", { x: x - 6, y: y - 6, width: 12, height: 12, class: "mark nothing" }),
  owing: (x, y) => drawn("path", { d: `M${x - 7} ${y - 6}h14l-7 13z`, class: "mark owes" }),
};

// Standard normal scores of twenty equally likely years, each the middle of its twentieth.
const TWENTY = Array.from({ length: 20 }, (_, k) => quantileScore((k + 0.5) / 20));

function quantileScore(wanted) {
  let [low, high] = [-6, 6];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (chanceBelow(middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function drawYears(svg, found, range) {
  const gap = 2 * RADIUS + 2;
  const dollars = TWENTY.map((score) => found.at(score));
  const [low, high] = range(dollars);
  const width = svg.parentElement.clientWidth;
  const at = (value) => 16 + ((value - low) / (high - low)) * (Math.max(260, width) - 32);
  const placed = [];
  for (const value of dollars) {
    const x = at(value);
    let level = 0;
    while (placed.some((other) => other.level === level && Math.abs(other.x - x) < gap)) level++;
    placed.push({ x, level, outcome: Math.abs(value) < 0.5 ? "nothing" : value > 0 ? "paid" : "owing" });
  }
  const tallest = Math.max(4, ...placed.map((mark) => mark.level + 1));
  const baseline = tallest * gap + 6;
  const full = canvas(svg, baseline + 26);
  svg.append(drawn("line", { x1: at(0), x2: at(0), y1: 0, y2: baseline, class: "zero" }));
  axis(svg, at, ticks(low, high, full / 110), tick, baseline, full);
  for (const mark of placed) svg.append(MARKS[mark.outcome](mark.x, baseline - RADIUS - 2 - mark.level * gap));
}

const CALLED = { owing: "▼ you owe", nothing: "■ nothing moves", paid: "● you are paid" };
const LETTER = 6.2;

// What the parts of the bell bring, above them; side by side where there is room, else the outer ones alone.
function label(svg, parts, chances, width) {
  let end = -Infinity;
  const texts = parts.map((part) => ({ ...part, text: `${CALLED[part.outcome]} ${chance(chances[part.outcome])}` }));
  for (const { outcome, from, to, text } of texts) {
    const half = (LETTER * text.length) / 2;
    const x = Math.min(Math.max((from + to) / 2, half), width - half);
    if (x - half < end) continue;
    end = x + half + 8;
    svg.append(drawn("text", { x, y: 11, "text-anchor": "middle", class: `called ${outcome === "owing" ? "owes" : outcome}` }, text));
  }
}

const FARTHEST = 3.2;
const POINTS = 120;

function drawRates(svg, found) {
  const width = canvas(svg, 200);
  const [top, baseline] = [30, 172];
  const bell = (from, to) => {
    const [low, high] = [Math.max(from, -FARTHEST), Math.min(to, FARTHEST)];
    const count = Math.max(2, Math.ceil((POINTS * (high - low)) / (2 * FARTHEST)));
    return Array.from({ length: count + 1 }, (_, k) => {
      const score = low + ((high - low) * k) / count;
      const slope = (found.rateAt(score + 0.05) - found.rateAt(score - 0.05)) / 0.1;
      return { rate: found.rateAt(score), height: density(score) / slope };
    });
  };
  const regions = found.regions.filter((region) => region.to > -FARTHEST && region.from < FARTHEST);
  const shapes = regions.map((region) => ({ ...region, points: bell(region.from, region.to) }));
  const every = shapes.flatMap((shape) => shape.points);
  const [low, high] = [every[0].rate, every[every.length - 1].rate];
  const tallest = Math.max(...every.map((point) => point.height));
  const at = (rate) => 8 + ((rate - low) / (high - low)) * (width - 16);
  const up = (height) => baseline - (height / tallest) * (baseline - top);
  for (const { outcome, points } of shapes) {
    const line = points.map((point) => `${at(point.rate).toFixed(1)} ${up(point.height).toFixed(1)}`).join("L");
    const [first, last] = [at(points[0].rate), at(points[points.length - 1].rate)];
    const name = outcome === "owing" ? "owes" : outcome;
    svg.append(drawn("path", { d: `M${first.toFixed(1)} ${baseline}L${line}L${last.toFixed(1)} ${baseline}z`, class: `area ${name}` }));
  }
  for (const { points } of shapes.slice(1)) {
    const x = at(points[0].rate);
    svg.append(drawn("line", { x1: x, x2: x, y1: top - 10, y2: baseline, class: "gate" }));
  }
  label(svg, shapes.map(({ outcome, points }) => ({ outcome, from: at(points[0].rate), to: at(points[points.length - 1].rate) })), found.chances, width);
  axis(svg, at, ticks(low, high, width / 90), (rate) => percent(rate, 1), baseline, width);
}
