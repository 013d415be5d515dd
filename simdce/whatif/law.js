// The exact law of the savings rate at any panel size and true savings, from quantiles that Python packed.
// A law is log(cost / benchmark) at even standard normal scores, falling: the better the luck, the lower the cost.

const NEIGHBOURS = 4;

// First of the neighbours of x among rising nodes, and the weight of each for the cubic through them.
function cubic(nodes, x) {
  let cell = 0;
  while (cell < nodes.length - 2 && nodes[cell + 1] <= x) cell++;
  const first = Math.min(Math.max(cell - 1, 0), Math.max(nodes.length - NEIGHBOURS, 0));
  const near = nodes.slice(first, first + NEIGHBOURS);
  const weights = near.map((at, i) =>
    near.reduce((weight, other, j) => (i === j ? weight : (weight * (x - other)) / (at - other)), 1),
  );
  return { first, weights };
}

function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 2 }, (_, k) => view.getInt16(2 * k, true));
}

function unpackLaws(packed) {
  for (const law of packed) for (const rows of law.rows) rows.left = unpacked(rows.left);
  return packed;
}

function halfToEven(value) {
  const whole = Math.round(value);
  return value % 1 === 0.5 && whole % 2 ? whole - 1 : whole;
}

// People of each category: seats by the method of Webster, as in simdce/population.
function slots(size, shares) {
  const seats = shares.map((share) => halfToEven(size * share));
  const total = () => seats.reduce((sum, each) => sum + each, 0);
  const best = (claims) => claims.indexOf(Math.max(...claims));
  while (total() < size) seats[best(shares.map((share, k) => share / (2 * seats[k] + 1)))] += 1;
  while (total() > size) seats[best(shares.map((share, k) => (seats[k] ? -share / (2 * seats[k] - 1) : -Infinity)))] -= 1;
  return seats;
}

// Weighted sum of a row's numbers over the sizes next to the one asked for; a size of the scenario's own is exact.
function atSize(rows, { sizes, scores, shares }, size) {
  const own = sizes.own.indexOf(size);
  const near = own >= 0 ? { first: sizes.even.length + own, weights: [1] } : cubic(sizes.even.map(Math.log), Math.log(size));
  const mixed = (values) => near.weights.reduce((sum, weight, k) => sum + weight * values[near.first + k], 0);
  const place = mixed(rows.place);
  const spread = Math.exp(mixed(rows.spread.map(Math.log)));
  const left = (k) =>
    near.weights.reduce((sum, weight, j) => sum + weight * rows.left[(near.first + j) * scores.length + k], 0);
  return {
    logs: Float64Array.from(scores, (score, k) => place + spread * (rows.unit * left(k) - score)),
    benchmark: mixed(rows.benchmark) * slots(size, shares).reduce((sum, count, k) => sum + count * rows.dollars[k], 0),
    tilt: mixed(rows.tilt),
    doubt: Math.max(...near.weights.map((_, k) => rows.doubt[near.first + k])),
  };
}

// The law at a panel size, true savings (share of cost), and share of the benchmark relative to the contract's own.
function savingsLaw(data, which, size, saved, kept = 1) {
  const { saved: nodes, rows } = data.laws[which];
  const found = rows.map((each) => atSize(each, data, size));
  const { first, weights } = nodes.length > 1 ? cubic(nodes, saved) : { first: 0, weights: [1] };
  const mixed = (value) => weights.reduce((sum, weight, k) => sum + weight * value(found[first + k], first + k), 0);
  const shift = Math.log1p(-saved) - Math.log(kept);
  return {
    scores: data.scores,
    step: data.scores[1] - data.scores[0],
    logs: Float64Array.from(data.scores, (_, k) => mixed((law, node) => law.logs[k] - Math.log1p(-nodes[node])) + shift),
    benchmark: mixed((law) => law.benchmark) * kept,
    tilt: mixed((law) => law.tilt),
    doubt: found[0].doubt,
  };
}

// log(cost / benchmark) at a score: the cubic through four neighbours, the last cell's beyond both ends.
function logRatioAt(law, score) {
  const { scores, step, logs } = law;
  const last = scores.length - 1;
  const position = Math.min(Math.max((score - scores[0]) / step, 0), last);
  const first = Math.min(Math.max(Math.floor(position) - 1, 0), last - NEIGHBOURS + 1);
  const t = position - first;
  const [a, b, c] = [t - 1, t - 2, t - 3];
  return (-logs[first] * a * b * c) / 6 + (logs[first + 1] * t * b * c) / 2 - (logs[first + 2] * t * a * c) / 2 +
    (logs[first + 3] * t * a * b) / 6;
}

// The score at which the cost of a year is this multiple of the benchmark; the ends of the grid beyond them.
function scoreAt(law, ratio) {
  const wanted = Math.log(ratio);
  const { scores, logs } = law;
  let low = 0;
  let high = logs.length - 1;
  if (!(wanted < logs[low])) return scores[low];
  if (!(wanted > logs[high])) return scores[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (logs[middle] > wanted) low = middle;
    else high = middle;
  }
  let [from, to] = [scores[low], scores[high]];
  while (to - from > 1e-12) {
    const middle = (from + to) / 2;
    if (middle === from || middle === to) break;
    if (logRatioAt(law, middle) > wanted) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}

const density = (score) => Math.exp(-score * score / 2) / Math.sqrt(2 * Math.PI);

// The standard normal law: its series near nought, its continued fraction in the tails (Abramowitz & Stegun 26.2).
function chanceBelow(score) {
  const z = Math.abs(score);
  if (z > 3) {
    let tail = z;
    for (let k = 60; k > 0; k--) tail = z + k / tail;
    return score < 0 ? density(z) / tail : 1 - density(z) / tail;
  }
  let [term, sum] = [z, z];
  for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= (z * z) / k;
  return 0.5 + Math.sign(score) * density(z) * sum;
}
