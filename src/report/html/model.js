// What the page was told, put together: scenarios, lanes, items in them, the marks of an item.

/// How something looks, by what came of it: the word is also its class.
const LOOKS = {
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

/// One scenario of the page.
class Scenario {
  constructor(told, index, kind) {
    Object.assign(this, { told, index, kind, id: `s${index}`, name: told.name });
    this.lanes = told.tasks.map((task, lane) => ({
      ...task,
      again: task.again === undefined ? told.again : told.words[task.again],
      index: lane,
      items: [],
    }));
    this.deliveries = told.deliveries.map((delivery, place) => new Delivery(this, delivery, place));
    this.probes = told.probes.map((probe, place) => new Probe(this, probe, place));
    this.items = [...this.deliveries, ...this.probes];
    this.failures = told.failures.map((failure) => ({
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
    this.setAxis(kind === "plan" || this.told.speed === 1 ? "scenario" : "run");
  }

  /// A text by its number.
  word(number) {
    return this.told.words[number];
  }

  /// Whether scenario time and the time of the run differ.
  get hasTwoAxes() {
    return this.kind === "run" && this.told.speed !== 1;
  }

  /// Puts everything where it is in `run` time or in `scenario` time.
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

/// A callback in its lane, with a mark for each attempt.
class Delivery {
  constructor(scenario, told, place) {
    const lane = scenario.lanes[told.task];
    Object.assign(this, { scenario, told, lane, failures: [], id: `${scenario.id}-d${place}` });
    this.says = scenario.word(told.says) ?? "?";
    this.fault = scenario.word(told.fault);
    const attempts = told.attempts ?? [];
    this.marks = attempts.map((attempt) => ({ item: this, attempt, look: lookOf(attempt), twice: attempt.duplicate }));
    if (!attempts.length) {
      const look = told.end === "dropped" ? "dropped" : scenario.kind === "plan" ? "planned" : "cut";
      this.marks.push({ item: this, attempt: told, look, twice: told.duplicate });
    }
  }

  get title() {
    return `${this.says}  task=${this.lane.task_id}  #${this.told.number}`;
  }

  /// The same in fewer letters, for where there is little room.
  get short() {
    const [name, rest = ""] = this.says.split(/ (.*)/);
    const words = { TaskStart: "start", TaskExit: "exit", TaskAlarm: "alarm", ResetTaskConfig: "reset" };
    const files = { VodSourceFileStart: "▸", VodSourceFileFinish: "▪" };
    if (files[name]) return files[name] + rest.replace(/[[\]]/g, "");
    return words[name] ? `${words[name]} ${rest}`.trim() : this.says;
  }

  place(axis) {
    const speed = this.scenario.told.speed;
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

/// A question to the receiver, in the lane of its task.
class Probe {
  constructor(scenario, told, place) {
    Object.assign(this, {
      scenario,
      told,
      lane: scenario.lanes[told.task],
      failures: [],
      id: `${scenario.id}-p${place}`,
    });
    this.says = told.title;
    this.marks = [{ item: this, attempt: told, look: told.as_expected ? "asked" : "wrong" }];
  }

  get title() {
    return `probe ${this.says}`;
  }

  get short() {
    return "probe";
  }

  place(axis) {
    const { at_us, took_us } = this.told;
    const factor = axis === "run" ? 1 : this.scenario.told.speed;
    // Where nothing waits, a probe has no scenario time: it comes after what was sent before it.
    const before = () =>
      this.lane?.items.findLast((item) => item !== this && item.told.due_us <= at_us)?.end ?? this.scenario.to ?? 0;
    const end = factor ? at_us * factor : before();
    const start = factor ? (at_us - took_us) * factor : end;
    Object.assign(this.marks[0], { due: start, sent: start, done: end });
    [this.start, this.end] = [start, end];
  }
}

function lookOf({ status, failure, spoilt, done_us }) {
  if (done_us === undefined) return "cut";
  if (status === 200) return "good";
  if (spoilt && (failure === "cut on purpose" || status < 500)) return "refused";
  return failure ? "lost" : "bad";
}

/// The most rows of a lane.
const MAX_ROWS = 6;

/// Gives each item of a lane a row in which nothing else is going on at its time.
function layOut(lane) {
  lane.items.sort((a, b) => a.start - b.start || (a.told.number ?? Infinity) - (b.told.number ?? Infinity));
  const ends = [];
  for (const item of lane.items) {
    const free = ends.findIndex((end) => end <= item.start);
    item.row = free >= 0 ? free : Math.min(ends.length, MAX_ROWS - 1);
    ends[item.row] = Math.max(ends[item.row] ?? 0, item.end);
  }
  lane.rows = Math.max(1, ends.length);
  lane.stackedFor = undefined;
  lane.incidents = spans(lane.items, (item) => item.told.incident);
  lane.running = running(lane.items);
}

/// Where items that follow each other share a word.
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

/// When a task runs by what it says: from a TaskStart to the TaskExit that follows.
function running(items) {
  const found = [];
  for (const item of items) {
    const open = found.at(-1)?.to === undefined ? found.at(-1) : undefined;
    if (item.says === "TaskStart" && !open) found.push({ from: item.start });
    if (item.says.startsWith("TaskExit") && open) open.to = item.start;
  }
  const last = items.at(-1);
  return found.map(({ from, to }) => ({ from, to: to ?? last.end }));
}
