// The law of one year's net payment: the contract applied to the law of the savings rate, bends and gates found exactly.

const FINEST = 1e-9; // how finely a bend is found, in units of the benchmark
const STRAIGHT = 1e-13; // of a settlement per dollar of benchmark: what is smaller is no bend
const NOTHING = 1e-14; // of the same: what is smaller is no payment
const WIDEST_CELL = 0.002; // no stretch longer than this is taken to be straight

// Costs, in units of the benchmark, between two at which a settlement bends or jumps; rising. Stretches that are not
// straight are halved until they are short; one that is bent while both its halves are straight bends in its middle.
function bends(net, low, high) {
  const found = [];
  const push = (at) => {
    if (!found.length || at - found[found.length - 1] > 4 * FINEST) found.push(at);
  };
  const cut = (a, atA, b, atB) => {
    const middle = (a + b) / 2;
    if (b - a < FINEST) return push(middle);
    const quarters = [1, 2, 3].map((k) => net(a + ((b - a) * k) / 4));
    const straight = quarters.every((value, k) => Math.abs(value - atA - ((atB - atA) * (k + 1)) / 4) < STRAIGHT);
    if (straight && b - a < WIDEST_CELL) return undefined;
    const before = found.length;
    cut(a, atA, middle, quarters[1]);
    cut(middle, quarters[1], b, atB);
    return straight || found.length > before ? undefined : push(middle);
  };
  cut(low, net(low), high, net(high));
  return found;
}

const GAUSS = [[-Math.sqrt(0.6), 5 / 18], [0, 4 / 9], [Math.sqrt(0.6), 5 / 18]];
const WIDEST = 0.1;

// What a contract pays in a year of this law, net of what it owes: chances, mean, and the payment at any chance.
function paymentLaw(contract, law, people) {
  const net = (ratio) => {
    const year = settle(contract, { benchmark: 1, expenditure: ratio, people, revenue: null });
    return year.earned - year.owed;
  };
  const ratioAt = (score) => Math.exp(logRatioAt(law, score));
  const [worst, best] = [law.scores[0], law.scores[law.scores.length - 1]];
  const turns = bends(net, ratioAt(best), ratioAt(worst)).map((ratio) => scoreAt(law, ratio)).reverse();
  const edges = [worst, ...turns, best];
  const chances = { owing: 0, nothing: 0, paid: 0 };
  const regions = [];
  let [mean, ratio, both] = [0, 0, 0];
  for (let k = 1; k < edges.length; k++) {
    const [from, to] = [edges[k - 1], edges[k]];
    if (!(to > from)) continue;
    const value = net(ratioAt((from + to) / 2));
    const outcome = value > NOTHING ? "paid" : value < -NOTHING ? "owing" : "nothing";
    const below = from === worst ? 0 : chanceBelow(from);
    chances[outcome] += (to === best ? 1 : chanceBelow(to)) - below;
    if (regions.length && regions[regions.length - 1].outcome === outcome) regions[regions.length - 1].to = to;
    else regions.push({ outcome, from, to });
    const parts = Math.ceil((to - from) / WIDEST);
    const width = (to - from) / parts;
    for (let part = 0; part < parts; part++) {
      for (const [place, share] of GAUSS) {
        const score = from + width * (part + (1 + place) / 2);
        const weight = share * width * density(score);
        const cost = ratioAt(score);
        const payment = net(cost);
        mean += weight * payment;
        ratio += weight * cost;
        both += weight * payment * cost;
      }
    }
  }
  // the benchmark is itself by chance: dearer years against it are years in which it is low or high
  const moved = -law.tilt * (both / ratio - mean);
  return {
    chances,
    regions,
    mean: law.benchmark * (mean + moved),
    at: (score) => law.benchmark * net(ratioAt(score)),
    rateAt: (score) => 1 - ratioAt(score),
    benchmark: law.benchmark,
  };
}
