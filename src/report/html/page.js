/**
 * The page of a report: failures first, then each scenario with its numbers and its lanes. It draws the JSON in the element
 * `model`. A field in brackets may be missing. A `word` is a place in `words`; times in µs count from the beginning of the
 * run, times in ms from scenario time 0.
 *
 * @typedef {object} Model
 * @property {number} schema_version @property {string} version of pullpush
 * @property {"run" | "plan"} kind @property {ScenarioData[]} scenarios
 *
 * @typedef {object} ScenarioData
 * @property {string} name the file as typed @property {number} seed @property {number} epoch_ms scenario time 0, since 1970
 * @property {number | null} speed times as fast as the clock; null: nothing waited
 * @property {string} to where callbacks go @property {string} [again] the command that does it again
 * @property {object} [summary] of a run, counts: `planned`, `acknowledged`, `given_up`, `dropped`, `spoilt`, `interrupted`,
 *   `not_started`, `attempts`, `resent`, `probes`, `complaints`; `not_started_at_least` (boolean); `outcomes` (a count for
 *   each status and failure); `faults` (`drawn` and `done` for each fault); `stopped_us`, how long outputs stood still
 * @property {object} [lengths] of attempts, a Lengths each: `latency` is done − due, `service_time` done − sent,
 *   `start_delay` sent − due
 * @property {TaskData[]} tasks @property {FailureData[]} failures @property {DeliveryData[]} deliveries
 * @property {ProbeData[]} probes @property {string[]} words
 * @property {object} left_out how many had no room, where there are any: `deliveries` (`at_least` so many), `attempts`,
 *   `bodies`, `failures`, `probes`
 *
 * @typedef {object} Lengths
 * @property {number} count @property {number} p50_us @property {number} p90_us @property {number} p99_us
 * @property {number} max_us @property {[number, number][]} bars from which length in µs, and how many
 *
 * @typedef {object} TaskData a lane
 * @property {number} number from 1 @property {string} task_id @property {number} [again] a word: the command for this task
 *
 * @typedef {object} FailureData what the receiver owed
 * @property {string} about @property {string} text @property {number} [task] a place in `tasks`, and so on:
 * @property {number} [delivery] @property {number} [probe]
 *
 * @typedef {object} DeliveryData
 * @property {number} task a place in `tasks` @property {number} number in its task, from 1
 * @property {number} [event] a place in the table of events @property {number | null} says a word: `TaskExit -22`
 * @property {number} at_ms when it was first due, in scenario time @property {number} due_us the same in the run
 * @property {string} [incident] its cause @property {number} [fault] a word @property {string} [end] acknowledged, dropped …
 * @property {number} [url] a word @property {object} [body] of the first attempt: `pieces` (words), `is_escaped` (bytes stand
 *   as \xNN), `bytes` (how many, if it is cut)
 * @property {AttemptData[]} [attempts] @property {number} [attempts_left_out] before the last one
 * @property {boolean} [duplicate] of a plan: the second of two
 *
 * @typedef {object} AttemptData
 * @property {number} number from 1 @property {boolean} [duplicate] @property {boolean} [spoilt] on purpose
 * @property {number} at_ms @property {number} due_us @property {number} sent_us @property {number} [done_us] none: cut off
 * @property {number} [status] @property {string} [failure] the kind, if there was no answer
 * @property {number} [detail] a word: of the failure, or the answer's body @property {number} [retry_in_ms]
 *
 * @typedef {object} ProbeData
 * @property {string} title @property {number} [task] a place in `tasks` @property {number} at_us when it ended
 * @property {number} took_us @property {number} tries @property {boolean} as_expected @property {number} [status]
 * @property {string} [failure] @property {number} [detail] a word
 */
import { element } from "../../page/element.js";
import { instant, plural } from "../../page/text.js";
import { STILL } from "./axis.js";
import { Chart } from "./chart.js";
import { failureList } from "./failures.js";
import { Scenario } from "./model.js";
import { counts, distributions } from "./numbers.js";

/** @type {Model} */
const data = JSON.parse(document.getElementById("model").textContent);
const scenarios = data.scenarios.map((scenario, index) => new Scenario(scenario, index, data.kind));
const charts = new Map();

/** The chart of a scenario: made when it is first needed. */
function chartOf(scenario) {
  if (!charts.has(scenario)) {
    const chart = new Chart(scenario);
    charts.set(scenario, chart);
    document.getElementById(scenario.id).querySelector(".place").replaceWith(chart.box);
  }
  return charts.get(scenario);
}

/** Goes to an item. */
function jump(item) {
  const chart = chartOf(item.scenario);
  chart.lanes.select(item, { reveal: true });
  chart.box.scrollIntoView({ block: "nearest", behavior: STILL.matches ? "auto" : "smooth" });
  chart.lanes.box.focus({ preventScroll: true });
}

/** What the page had no room for, in words. */
function leftOut({ left_out: left }) {
  const words = [
    [left.deliveries, "callback", left.at_least ? "more than " : ""],
    [left.attempts, "attempt"],
    [left.bodies, "body", "", "bodies"],
    [left.probes, "probe"],
  ].filter(([count]) => count);
  if (!words.length) return undefined;
  const parts = words.map(
    ([count, noun, before = "", many]) =>
      before + (many && count !== 1 ? `${count.toLocaleString("en")} ${many}` : plural(count, noun)),
  );
  return element(
    "p",
    { class: "left-out", role: "note" },
    `Not on this page, which has only so much room: ${parts.join(", ")}.`,
  );
}

function section(scenario) {
  const { data } = scenario;
  const speed =
    scenario.kind === "plan" || data.speed === 1
      ? undefined
      : data.speed === null
        ? "speed max"
        : `speed ${data.speed}x`;
  const head = [`seed ${data.seed}`, `epoch ${instant(data.epoch_ms)}`, speed, data.to].filter(Boolean).join("  ·  ");
  return element(
    "section",
    { id: scenario.id, class: "scenario" },
    element("h2", "", scenario.name),
    element("p", "faint", head),
    element("div", "numbers", element("div", "", counts(scenario)), distributions(scenario)),
    leftOut(data),
    element("div", "place"),
    probeList(scenario),
  );
}

/** All probes, for those who do not want to look for them in the lanes. */
function probeList({ probes }) {
  if (!probes.length) return undefined;
  const item = (probe) => {
    const open = (event) => {
      event.preventDefault();
      jump(probe);
    };
    const words = probe.failures.map((failure) => failure.text).join("; ") || "as expected";
    return element(
      "li",
      { class: probe.data.as_expected ? "" : "bad" },
      element("a", { href: `#${probe.id}`, onclick: open }, probe.says),
      `: ${words}`,
    );
  };
  return element(
    "details",
    "probes",
    element("summary", "", plural(probes.length, "probe")),
    element("ul", "", probes.slice(0, 1000).map(item)),
  );
}

function verdict() {
  if (data.kind === "plan") return element("span", "verdict", "plan, nothing is sent");
  const sum = (count) => scenarios.reduce((all, { data: { summary } }) => all + summary[count], 0);
  const [failed, cut] = [sum("complaints"), sum("interrupted") + sum("not_started")];
  if (failed) return element("span", "verdict bad", `✕ ${plural(failed, "failure")}`);
  return element("span", "verdict good", cut ? "✓ no failure, cut short" : "✓ no failure");
}

function build() {
  const names = scenarios.map(({ name }) => name);
  document.title = `pullpush ${data.kind}: ${names.length > 3 ? plural(names.length, "scenario") : names.join(", ")}`;
  const links = scenarios.map(({ id, name, failures }) =>
    element("a", { href: `#${id}`, class: failures.length ? "bad" : "good" }, `${failures.length ? "✕" : "✓"} ${name}`),
  );
  document
    .querySelector("main")
    .append(
      element("header", "", element("h1", "", `pullpush ${data.kind}`), verdict()),
      ...[failureList(scenarios, jump)].filter(Boolean),
      ...(scenarios.length > 1 ? [element("nav", { "aria-label": "Scenarios" }, links)] : []),
      ...scenarios.map(section),
      element("footer", "faint", `written by pullpush ${data.version}`),
    );
  // Charts are made when they come near: there may be many.
  const near = new IntersectionObserver(
    (entries) =>
      entries
        .filter((entry) => entry.isIntersecting)
        .forEach(({ target }) => chartOf(scenarios[target.parentNode.id.slice(1)])),
    { rootMargin: "400px" },
  );
  document.querySelectorAll(".place").forEach((place) => near.observe(place));
}

/** `#s0-d12`: the address of an item. */
function goToAddress() {
  const item = scenarios.flatMap(({ items }) => items).find(({ id }) => `#${id}` === location.hash);
  if (item) jump(item);
}

build();
goToAddress();
addEventListener("hashchange", goToAddress);
for (const query of ["(prefers-color-scheme: dark)", `(resolution: ${devicePixelRatio}dppx)`]) {
  matchMedia(query).addEventListener("change", () => charts.forEach((chart) => chart.redraw()));
}
