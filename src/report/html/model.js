// What the page draws, put together from its data: scenarios, lanes, items in them, the marks of an item.
import { EVENTS } from "../../page/events.js";
import { MS, SECOND } from "./time.js";

/** How something looks, by what came of it: the word is also its class. */
export const LOOKS = {
  good: "answered with 200",
  bad: "answered with something else",
  lost: "no answer",
  refused: "spoilt on purpose, and refused",
  cut: "cut off by the end of the run",
  dropped: "dropped on purpose, never sent",
  planned: "planned",
  asked: "probe, as expected",
  wrong: "probe, not as expected",
};

/** One scenario of the page. */
export class Scenario {
  constructor(data, index, kind) {
    Object.assign(this, { data, index, kind, id: `s${index}`, name: data.name });
    this.lanes = data.tasks.map((task, lane) => ({
      ...task,
      again: task.again === undefined ? data.again : data.words[task.again],
      index: lane,
      items: [],
    }));
    this.deliveries = data.deliveries.map((delivery, place) => new Delivery(this, delivery, place));
    this.probes = data.probes.map((probe, place) => new Probe(this, probe, place));
    this.items = [...this.deliveries, ...this.probes];
    this.failures = data.failures.map((failure) => ({
      ...failure,
      scenario: this,
      lane: this.lanes[failure.task],
      item: this.deliveries[failure.delivery] ?? this.probes[failure.probe],
    }));
    for (const failure of this.failures) failure.item?.failures.push(failure);
    const orphans = this.probes.filter((probe) => !probe.lane);
    if (orphans.length) this.lanes.unshift({ task_id: "the whole run", items: [] });
    this.lanes.forEach((lane, index) => (lane.index = index));
    for (const item of this.items) {
      item.lane ??= this.lanes[0];
      item.lane.items.push(item);
    }
    this.setAxis(kind === "plan" || this.data.speed === 1 ? "scenario" : "run");
  }

  /** A text by its number. */
  word(number) {
    return this.data.words[number];
  }

  /** Whether scenario time and the time of the run differ. */
  get hasTwoAxes() {
    return this.kind === "run" && this.data.speed !== 1;
  }

  /** Puts everything where it is in `run` time or in `scenario` time. */
  setAxis(axis) {
    this.axis = axis;
    for (const item of this.items) item.place(axis);
    for (const lane of this.lanes) layOut(lane);
    const ends = this.items.map((item) => item.end);
    const starts = this.items.map((item) => item.start);
    const least = (values, first) => values.reduce((a, b) => Math.min(a, b), first);
    this.from = least(starts, Infinity);
    this.to = -least(
      ends.map((end) => -end),
      Infinity,
    );
    if (!this.items.length) [this.from, this.to] = [0, SECOND];
  }
}

/** A callback in its lane, with a mark for each attempt. */
class Delivery {
  constructor(scenario, data, place) {
    const lane = scenario.lanes[data.task];
    Object.assign(this, { scenario, data, lane, failures: [], id: `${scenario.id}-d${place}` });
    this.says = scenario.word(data.says) ?? "?";
    this.event = EVENTS[data.event] ?? {};
    this.fault = scenario.word(data.fault);
    const attempts = data.attempts ?? [];
    this.marks = attempts.map((attempt) => ({ item: this, attempt, look: lookOf(attempt), twice: attempt.duplicate }));
    if (!attempts.length) {
      const look = data.end === "dropped" ? "dropped" : scenario.kind === "plan" ? "planned" : "cut";
      this.marks.push({ item: this, attempt: data, look, twice: data.duplicate });
    }
  }

  get title() {
    return `${this.says}  task=${this.lane.task_id}  #${this.data.number}`;
  }

  /** The same in fewer letters, for where there is little room. */
  get short() {
    const { name, short } = this.event;
    const value = this.says.slice(name?.length + 1).replace(/[[\]]/g, "");
    return short?.replace("{}", value) ?? this.says;
  }

  place(axis) {
    const speed = this.scenario.data.speed;
    for (const mark of this.marks) {
      const { at_ms, due_us, sent_us = due_us, done_us = sent_us } = mark.attempt;
      const real = [due_us, sent_us, done_us];
      const times =
        axis === "run" ? real : speed ? real.map((us) => us * speed) : [at_ms, at_ms, at_ms].map((ms) => ms * MS);
      [mark.due, mark.sent, mark.done] = times;
    }
    this.start = this.marks[0].sent;
    this.end = this.marks.reduce((end, mark) => Math.max(end, mark.done), this.start);
  }
}

/** A question to the receiver, in the lane of its task. */
export class Probe {
  constructor(scenario, data, place) {
    Object.assign(this, {
      scenario,
      data,
      lane: scenario.lanes[data.task],
      failures: [],
      id: `${scenario.id}-p${place}`,
    });
    this.says = data.title;
    this.event = {};
    this.marks = [{ item: this, attempt: data, look: data.as_expected ? "asked" : "wrong" }];
  }

  get title() {
    return `probe ${this.says}`;
  }

  get short() {
    return "probe";
  }

  place(axis) {
    const { at_us, took_us } = this.data;
    const factor = axis === "run" ? 1 : this.scenario.data.speed;
    // Where nothing waits, a probe has no scenario time: it comes after what was sent before it.
    const before = () =>
      this.lane?.items.findLast((item) => item !== this && item.data.due_us <= at_us)?.end ?? this.scenario.to ?? 0;
    const end = factor ? at_us * factor : before();
    const start = factor ? (at_us - took_us) * factor : end;
    Object.assign(this.marks[0], { due: start, sent: start, done: end });
    [this.start, this.end] = [start, end];
  }
}

export function lookOf({ status, failure, spoilt, done_us }) {
  if (done_us === undefined) return "cut";
  if (status === 200) return "good";
  if (spoilt && (failure === "cut on purpose" || status < 500)) return "refused";
  return failure ? "lost" : "bad";
}

/** The most rows of a lane. */
const MAX_ROWS = 6;

/** Gives each item of a lane a row in which nothing else is going on at its time. */
function layOut(lane) {
  lane.items.sort((a, b) => a.start - b.start || (a.data.number ?? Infinity) - (b.data.number ?? Infinity));
  const ends = [];
  for (const item of lane.items) {
    const free = ends.findIndex((end) => end <= item.start);
    item.row = free >= 0 ? free : Math.min(ends.length, MAX_ROWS - 1);
    ends[item.row] = Math.max(ends[item.row] ?? 0, item.end);
  }
  lane.rows = Math.max(1, ends.length);
  lane.stackedFor = undefined;
  lane.incidents = spans(lane.items, (item) => item.data.incident);
  lane.running = running(lane.items);
}

/** Where items that follow each other share a word. */
function spans(items, wordOf) {
  const found = [];
  let before;
  for (const item of items) {
    const word = wordOf(item);
    if (word && word === before) found.at(-1).to = item.end;
    else if (word) found.push({ word, from: item.start, to: item.end });
    before = word;
  }
  return found;
}

/** When a task runs by what it says. */
function running(items) {
  const found = [];
  for (const item of items) {
    const open = found.at(-1)?.to === undefined ? found.at(-1) : undefined;
    if (item.event.task === "runs" && !open) found.push({ from: item.start });
    if (item.event.task === "stops" && open) open.to = item.start;
  }
  const last = items.at(-1);
  return found.map(({ from, to }) => ({ from, to: to ?? last.end }));
}
