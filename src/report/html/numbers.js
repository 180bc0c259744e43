// What a run came to: counts, and how long things took.
import { element } from "../../page/element.js";
import { plural } from "../../page/text.js";
import { factList } from "./details.js";
import { length } from "./time.js";

/** The counts that the summary tells, with a word on how they are to be seen. */
export function counts({ data, kind, deliveries, lanes }) {
  const { summary, left_out: left } = data;
  if (kind === "plan") {
    const more = left.deliveries ?? 0;
    const faults = deliveries.filter((delivery) => delivery.fault).length;
    const about = more ? { note: left.at_least ? "at least" : "" } : {};
    return tiles([
      ["planned", deliveries.length + more, "", about.note],
      [more ? "tasks shown" : "tasks", lanes.length],
      ["with a fault", faults, "note"],
    ]);
  }
  const outcomes = Object.entries(summary.outcomes).map(([word, count]) => `${word} ×${count.toLocaleString("en")}`);
  const faults = Object.entries(summary.faults)
    .filter(([, { drawn }]) => drawn)
    .map(([fault, { drawn, done }]) => `${fault} ×${drawn}${drawn === done ? "" : ` (${done} done)`}`);
  return [
    tiles([
      ["planned", summary.planned, "", summary.not_started_at_least ? "at least" : ""],
      ["acknowledged", summary.acknowledged, "good"],
      ["given up", summary.given_up, "bad"],
      ["dropped", summary.dropped, "note"],
      ["spoilt", summary.spoilt, "note"],
      ["interrupted", summary.interrupted, "note"],
      ["not started", summary.not_started, "note"],
      ["failures", summary.complaints, "bad"],
    ]),
    factList([
      ["attempts", [summary.attempts.toLocaleString("en"), outcomes.join(", ")].filter(Boolean).join(": ")],
      ["faults", faults.join(", ") || undefined],
      ["probes", summary.probes || undefined],
    ]),
  ];
}

/** Counts in large figures; what is zero is left out, but for the first two. */
function tiles(counts) {
  const shown = counts.filter(([, count], index) => count > 0 || index < 2);
  const tile = ([name, count, look = "", before = ""]) =>
    element(
      "div",
      `tile ${look}`,
      element("b", "", `${before} ${count.toLocaleString("en")}`.trim()),
      element("span", "", name),
    );
  return element("div", "tiles", shown.map(tile));
}

const LENGTHS = {
  latency: ["latency", "done − due"],
  service_time: ["service time", "done − sent"],
  start_delay: ["start delay", "sent − due"],
};

export function distributions({ data: { lengths } }) {
  if (!lengths || !lengths.service_time.count) return undefined;
  const figures = Object.entries(LENGTHS).map(([name, words]) => distribution(words, lengths[name]));
  return element("div", "distributions", figures);
}

const [WIDE, HIGH] = [260, 64];

/** A histogram on a logarithmic axis: two bars double the length. */
function distribution([name, meaning], { bars, count, p50_us, p90_us, p99_us, max_us }) {
  const place = (us) => (us < 1 ? 0 : 1 + Math.floor(2 * Math.log2(us) + 1e-9));
  const places = bars.map(([from]) => place(from));
  const [least, most] = [Math.min(...places) - 1, Math.max(...places) + 2];
  const wide = Math.min(WIDE / (most - least), 22);
  const left = (WIDE - wide * (most - least)) / 2;
  const highest = Math.max(...bars.map(([, count]) => count));
  const rects = bars.map(([from, count], index) => {
    const height = Math.max((count / highest) * (HIGH - 16), 1.5);
    const x = left + (places[index] - least) * wide;
    const bar = element("rect", { x: x + 0.5, y: HIGH - height, width: Math.max(wide - 1, 1), height });
    bar.append(element("title", "", `from ${length(from)}: ${count}`));
    return bar;
  });
  const marks = [
    ["p50", p50_us],
    ["p99", p99_us],
  ].map(([word, us]) => {
    const exact = us < 1 ? 0.5 : 2 * Math.log2(us) + 1;
    const x = left + (exact - least) * wide;
    const text = element("text", { x, y: 9, "text-anchor": "middle" }, word);
    return [element("line", { x1: x, x2: x, y1: 12, y2: HIGH }), text];
  });
  const shown = place(p99_us) - place(p50_us) > 24 / wide ? marks : marks.slice(0, 1);
  const quantiles = [
    ["p50", p50_us],
    ["p90", p90_us],
    ["p99", p99_us],
    ["max", max_us],
  ];
  const label = `${name} of ${plural(count, "attempt")}: ${quantiles.map(([word, us]) => `${word} ${length(us)}`).join(", ")}`;
  const picture = element(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH + 1}`, role: "img", "aria-label": label },
    rects,
    ...shown.flat(),
  );
  return element(
    "figure",
    "",
    element("figcaption", "", element("b", "", name), element("span", "faint", ` ${meaning}`)),
    picture,
    element(
      "dl",
      "quantiles",
      quantiles.map(([word, us]) => element("div", "", element("dt", "", word), element("dd", "", length(us)))),
    ),
  );
}
