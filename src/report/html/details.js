// Everything about one item, beside the lanes.
import { copyButton, element } from "../../page/element.js";
import { laidOut } from "../../page/json.js";
import { instant, plural } from "../../page/text.js";
import { lookOf, Probe } from "./model.js";
import { clock, length, MS } from "./time.js";

export class Details {
  constructor(scenario) {
    this.scenario = scenario;
    this.box = element("aside", { class: "details", "aria-label": "Details", tabindex: "-1" });
    this.show(undefined);
  }

  /** `pinned` says whether it stays when the pointer moves on. */
  show(item, pinned = false) {
    this.box.classList.toggle("pinned", pinned);
    if (!item) {
      const hint =
        "Point at a callback to see it, click to pin it, again for one that lies under it (+3: there are three). Drag moves, Ctrl and the wheel zoom, arrow keys go from one to the next.";
      return this.box.replaceChildren(element("p", "hint", hint));
    }
    const state = pinned ? element("span", "faint", "pinned, Esc lets go") : undefined;
    const parts = item instanceof Probe ? this.probe(item) : this.delivery(item);
    const complaints = item.failures.map((failure) => element("li", "", failure.text));
    this.box.replaceChildren(
      element("h3", "", item instanceof Probe ? item.title : item.says, " ", state),
      ...(complaints.length ? [element("ul", "complaints", complaints)] : []),
      ...parts,
    );
  }

  delivery(item) {
    const { data, scenario } = item;
    const facts = [
      ["task", item.lane.task_id],
      ["callback", `#${data.number} of the task`],
      ["scenario time", `${clock(data.at_ms * MS)}, ${instant(scenario.data.epoch_ms + data.at_ms)}`],
      ["end", data.end],
      ["incident", data.incident],
      ["fault", item.fault],
      ["duplicate", data.duplicate && "the second of two"],
      ["to", scenario.word(data.url)],
    ];
    const rest = data.attempts_left_out;
    return [
      factList(facts),
      data.attempts && attemptTable(scenario, data.attempts),
      rest && element("p", "faint", `${plural(rest, "attempt")} between these are not shown`),
      ...bodyOf(scenario, data),
    ].filter(Boolean);
  }

  probe(item) {
    const { data, scenario } = item;
    return [
      factList([
        ["task", data.task === undefined ? undefined : item.lane.task_id],
        ["asked", `${plural(data.tries, "time")}, until ${length(data.at_us)} after the beginning`],
        ["took", length(data.took_us)],
        ["answer", data.status ?? data.failure],
        ["as expected", data.as_expected ? "yes" : "no"],
      ]),
      data.detail === undefined ? undefined : element("pre", "", scenario.word(data.detail)),
    ].filter(Boolean);
  }
}

/** Names and values; those without a value are left out. */
export function factList(pairs) {
  const there = pairs.filter(([, value]) => value !== undefined && value !== false);
  return element(
    "dl",
    "",
    there.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", String(value))]),
  );
}

/** A row for each attempt: how late it was sent, how long it took, what it met. */
function attemptTable(scenario, attempts) {
  const head = ["", "due", "sent", "done", "start delay", "service", "met"].map((name) =>
    element("th", { scope: "col" }, name),
  );
  const rows = attempts.flatMap((attempt, index) => {
    const { number, due_us, sent_us, done_us, status, failure, detail, retry_in_ms } = attempt;
    const met = status ?? failure ?? "cut off";
    const cells = [
      attempt.duplicate ? "again" : number,
      length(due_us),
      length(sent_us),
      done_us === undefined ? "" : length(done_us),
      length(sent_us - due_us),
      done_us === undefined ? "" : length(done_us - sent_us),
      attempt.spoilt ? `${met}, spoilt` : met,
    ];
    const more = [
      detail === attempts[index - 1]?.detail ? undefined : scenario.word(detail),
      retry_in_ms === undefined ? undefined : `again in ${length(retry_in_ms * MS)}`,
    ].filter(Boolean);
    const row = element(
      "tr",
      { class: lookOf(attempt) },
      cells.map((cell) => element("td", "", String(cell))),
    );
    const words = more.map((text) => element("div", "", text));
    return more.length ? [row, element("tr", "more", element("td"), element("td", { colspan: "6" }, words))] : [row];
  });
  return element("table", "", element("thead", "", element("tr", "", head)), element("tbody", "", rows));
}

/** The body of the first attempt: read as far as it can be, and as it went out. */
function bodyOf(scenario, { body, attempts, end }) {
  if (!body) return end === "dropped" || !attempts ? [] : [element("p", "faint", "Its body had no room on this page.")];
  const text = body.pieces.map((piece) => scenario.word(piece)).join("");
  const cut = body.bytes && `the beginning of ${body.bytes.toLocaleString("en")} bytes`;
  const read = laidOut(text, true);
  const title = ["body", body.is_escaped && "with bytes that are no text, as \\xNN", cut].filter(Boolean).join(", ");
  const raw = element("details", "", element("summary", "", "as it was sent"), element("pre", "raw", text));
  return [
    element("h4", "", title, " ", copyButton(text)),
    element("pre", "", read ?? text),
    ...(read === null ? [] : [raw]),
  ];
}
