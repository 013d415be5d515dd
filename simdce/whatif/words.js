// Numbers and sentences as a practice manager reads them.

const MINUS = "−";
const SCALES = [[1e9, "B"], [1e6, "M"], [1e3, "k"]];

// Dollars to three digits, minus sign first: −$1.24M, $480k, $0.
function money(dollars) {
  const size = Math.abs(dollars);
  if (size < 0.5) return "$0";
  const sign = dollars < 0 ? MINUS : "";
  for (const [scale, letter] of SCALES) {
    if (size >= 0.9995 * scale) {
      const digits = Math.max(0, Math.min(2, 2 - Math.floor(Math.log10(size / scale) + 1e-12)));
      return `${sign}$${(size / scale).toFixed(digits)}${letter}`;
    }
  }
  return `${sign}$${size.toFixed(0)}`;
}

// A share as a percentage: 26.1%, 2%.
function percent(share, digits = 1) {
  const text = (100 * Math.abs(share)).toFixed(digits).replace(/\.0+$/, "");
  return `${share < 0 && Number(text) !== 0 ? MINUS : ""}${text}%`;
}

// A mark of an axis: $1M, not $1.00M.
const tick = (dollars) => money(dollars).replace(/\.?0+(?=[kMB]$)/, (zeros) => (zeros.startsWith(".") ? "" : zeros));

// A chance in whole points, a small one never as none of it.
function chance(share) {
  if (share <= 1e-6) return "0%";
  if (share < 0.005) return "under 0.5%";
  return share > 0.995 && share < 1 - 1e-6 ? "over 99.5%" : percent(share, 0);
}

const people = (count) => count.toLocaleString("en-US");

const brings = (dollars, more = "") =>
  Math.abs(dollars) < 0.5 ? "no money moves" : dollars > 0 ? `you are paid ${money(dollars)}${more}` : `you owe ${money(-dollars)}${more}`;

function headline(name, found) {
  if (Math.abs(found.mean) < 0.5) return `On average ${name} neither pays you nor costs you anything.`;
  return found.mean > 0
    ? `On average ${name} pays you ${money(found.mean)} a year.`
    : `On average ${name} costs you ${money(-found.mean)} a year.`;
}

// `years`: a good year in 10, a typical one and the worst in 20, each with its standard normal score.
function inWords(found, years) {
  const { paid, owing, nothing } = found.chances;
  const chances = [`You are paid in ${chance(paid)} of years`];
  if (owing > 1e-6) chances.push(`you owe in ${chance(owing)}`);
  if (nothing > 1e-6) chances.push(`no money moves in ${chance(nothing)}`);
  const [good, typical, worst] = years.map((year) => found.at(year.score));
  const more = (dollars) => (Math.abs(dollars) < 0.5 ? "" : " or more");
  return `${listed(chances)}. In a typical year ${brings(typical)}. In a good year in 10 ${brings(good, more(good))}; ` +
    `in the worst year in 20 ${brings(worst, worst < 0 ? more(worst) : Math.abs(worst) < 0.5 ? "" : " or less")}.`;
}

const listed = (parts) =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
