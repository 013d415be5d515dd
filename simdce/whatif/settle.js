// One year's settlement, from terms that are resolved already: the arithmetic of simdce/arrangements/*/rule.py, in the
// same order, and no number of any rule. A limit or rate that is null is none.

const limited = (amount, limit) => (limit === null ? amount : Math.min(amount, limit));

// A year {benchmark, expenditure, people, revenue} under {mechanism, terms}: dollars earned and owed.
function settle(contract, year) {
  return MECHANISMS[contract.mechanism](contract.terms, year);
}

// The smallest saving, a share of the benchmark, that a panel of so many people must reach.
function minimumSavingsRate(terms, people) {
  if (terms.fixed_rate !== null && people >= terms.fixed_rate_beneficiaries) return terms.fixed_rate;
  const { beneficiaries: at, rates } = terms.table;
  const whole = Math.floor(people);
  if (whole <= at[0]) return rates[0];
  for (let k = 1; k < at.length; k++) {
    if (whole < at[k]) {
      const slope = (rates[k] - rates[k - 1]) / (at[k] - at[k - 1]);
      return slope * (whole - at[k - 1]) + rates[k - 1];
    }
  }
  return rates[rates.length - 1];
}

function sharedSavings(terms, year) {
  const { benchmark, expenditure, people } = year;
  const savings = benchmark - expenditure;
  const minimum = minimumSavingsRate(terms, people) * benchmark;
  return { earned: savingsShared(terms, savings, minimum, year), owed: lossesShared(terms, -savings, minimum, year) };
}

function savingsShared(terms, savings, minimum, { benchmark, people }) {
  if (!(savings > 0)) return 0;
  const kept = people >= terms.below_gate_beneficiaries ? terms.rate_below_gate : 0;
  const rate = terms.sharing_rate * (savings >= minimum ? 1 : kept);
  const shareable = Math.max(savings - terms.savings_threshold * benchmark, 0);
  const paid = rate * shareable * terms.sequestration_factor;
  return Math.min(paid, terms.payment_limit * benchmark) * terms.part_year;
}

function lossesShared(terms, losses, minimum, year) {
  if (!(losses > 0 && losses >= minimum && terms.loss_rate > 0)) return 0;
  const beyond = Math.max(losses - terms.loss_threshold * year.benchmark, 0);
  const charged = Math.min(terms.loss_rate * beyond, lossLimit(terms, year));
  return (charged - charged * terms.relief) * terms.part_year;
}

// The lesser of the limits by benchmark and by the participants' revenue, where that is stated.
function lossLimit(terms, { benchmark, expenditure, revenue }) {
  const limit = terms.loss_limit_of_benchmark * benchmark;
  if (terms.loss_limit_of_revenue === null) return limit;
  if (revenue !== null) return Math.min(limit, terms.loss_limit_of_revenue * revenue);
  if (terms.revenue_share === null) return limit;
  return Math.min(limit, terms.loss_limit_of_revenue * (terms.revenue_share * expenditure));
}

function cappedShare(terms, { benchmark, expenditure }) {
  const savings = benchmark - expenditure;
  const minimum = terms.minimum_savings_rate * benchmark;
  const most = (share) => (share === null ? null : share * benchmark);
  const counted = (amount) => (amount > 0 && amount >= minimum ? limited(amount, most(terms.gross_cap)) : 0);
  const shared = terms.savings_share * counted(savings) * terms.savings_sequestration_factor;
  const charged = terms.loss_share * counted(-savings) * terms.loss_sequestration_factor;
  return { earned: limited(shared, most(terms.payment_limit)), owed: limited(charged, most(terms.loss_limit)) };
}

function riskCorridors(terms, { benchmark, expenditure }) {
  const savings = benchmark - expenditure;
  return {
    earned: withinCorridors(Math.max(savings, 0), benchmark, terms.savings) * terms.savings_sequestration_factor,
    owed: withinCorridors(Math.max(-savings, 0), benchmark, terms.losses) * terms.loss_sequestration_factor,
  };
}

function withinCorridors(amount, benchmark, { lower, upper, share }) {
  let kept = 0;
  for (let band = 0; band < share.length; band++) {
    const inside = upper[band] === null ? amount : Math.min(amount, upper[band] * benchmark);
    kept += share[band] * Math.max(inside - lower[band] * benchmark, 0);
  }
  return kept;
}

const MECHANISMS = { shared_savings: sharedSavings, capped_share: cappedShare, risk_corridors: riskCorridors };
