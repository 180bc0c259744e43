// The callbacks by task: the newest task on top, and each task's callbacks in the order in which they came.
import { element } from "../../page/element.js";
import { eventNamed } from "../../page/events.js";
import { oneLine, plural, timeOfDay } from "../../page/text.js";
import { count } from "./bytes.js";

/** What the log in the terminal calls it: `VodSourceFileStart [0]`. */
export function label(reception) {
  const { callback_event: name } = reception;
  const shown = name === undefined ? "not readable" : oneLine(name, 40);
  const { field, shown: form } = eventNamed(name);
  const value = reception[field];
  return value === undefined ? shown : `${shown} ${form.replace("{}", () => oneLine(String(value), 40))}`;
}

export const isRemarkable = ({ reception }) =>
  reception.result !== "ok" || reception.complaints.length > 0 || reception.notes.length > 0;

/** `choose` is called with the number of a callback that was clicked. */
export class List {
  #home;
  #tasks = new Map();
  #names = new Map(); // of tasks, by the key that the sink gives them
  #rows = new Map();
  #shows = () => true;

  constructor(home, choose) {
    this.#home = home;
    home.addEventListener("click", (event) => {
      const row = event.target.closest("[data-number]");
      if (row) choose(Number(row.dataset.number));
    });
  }

  add(callbacks) {
    const changed = new Set();
    const fresh = [];
    for (const callback of callbacks) {
      callback.owner = this.#name(callback);
      const task = this.#task(callback.owner);
      const made = row(callback);
      fresh.push(made);
      made.hidden = !this.#shows(callback);
      task.rows.append(made);
      task.take(callback);
      this.#rows.set(callback.number, { row: made, task, callback });
      changed.add(task);
    }
    for (const task of changed) task.show();
    // Only what has just come stands out, not what a filter brings back.
    setTimeout(() => fresh.forEach((made) => made.classList.remove("fresh")), 500);
  }

  remove(callbacks) {
    const changed = new Set();
    for (const callback of callbacks) {
      const { row, task } = this.#rows.get(callback.number);
      row.remove();
      this.#rows.delete(callback.number);
      task.forget(callback);
      changed.add(task);
      if (task.rows.childElementCount === 0) {
        task.box.remove();
        this.#tasks.delete(task.id);
        for (const [key, name] of this.#names) if (name === task.id) this.#names.delete(key);
      }
    }
    for (const task of changed) task.show();
  }

  /** Hides what does not pass. */
  filter(shows) {
    this.#shows = shows;
    for (const { row, callback } of this.#rows.values()) row.hidden = !shows(callback);
    for (const task of this.#tasks.values()) task.show();
  }

  select(number) {
    this.#home.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const found = this.#rows.get(number);
    if (!found) return;
    found.row.setAttribute("aria-current", "true");
    found.row.scrollIntoView({ block: "nearest" });
  }

  /** What the keyboard speaks to next. */
  focus(number) {
    this.#rows.get(number)?.row.focus({ preventScroll: true });
  }

  /** The number of the row that stands so many visible rows after this one. */
  neighbour(number, step) {
    const rows = [...this.#home.querySelectorAll("details[open] [data-number]:not([hidden])")];
    const at = rows.findIndex((row) => Number(row.dataset.number) === number);
    const next = rows[at < 0 ? 0 : at + step];
    return next && Number(next.dataset.number);
  }

  /** A TaskExit may name no task, and the sink may know whose it is. */
  #name({ task: key, reception: { task_id } }) {
    if (key === undefined) return task_id;
    if (task_id !== undefined) this.#names.set(key, task_id);
    return this.#names.get(key);
  }

  #task(id) {
    let task = this.#tasks.get(id);
    if (task === undefined) {
      task = new Task(id);
      this.#tasks.set(id, task);
      this.#home.prepend(task.box);
    }
    return task;
  }
}

/** One task: its heading and its rows. */
class Task {
  #remarkable = 0;
  #last = { word: "", look: "" };

  constructor(id) {
    this.id = id;
    this.rows = element("div", "rows");
    this.name = element("span", "name", id === undefined ? "no task named" : `task ${oneLine(id, 40)}`);
    this.state = element("span", "chip");
    this.marks = element("span", "remarks");
    this.total = element("span", "total");
    const look = id === undefined ? "task unnamed" : "task";
    this.box = element(
      "details",
      look,
      element("summary", "", this.name, this.state, this.marks, this.total),
      this.rows,
    );
    this.box.open = true;
  }

  take(callback) {
    this.#remarkable += Number(isRemarkable(callback));
    const { callback_event, result } = callback.reception;
    const { task, field } = eventNamed(callback_event);
    // What is not acknowledged comes again. A TaskExit is not the end, so this says no more than it did.
    if (result !== "ok" || this.id === undefined) return;
    const value = callback.reception[field];
    if (task === "stops") this.#last = { word: `exited ${value ?? ""}`, look: value === 0 ? "exit" : "bad" };
    else if (task === "runs") this.#last = { word: "running", look: "start" };
  }

  forget(callback) {
    this.#remarkable -= Number(isRemarkable(callback));
  }

  show() {
    const [all, shown] = [this.rows.childElementCount, this.rows.querySelectorAll(":scope > :not([hidden])").length];
    this.state.textContent = this.#last.word;
    this.state.className = `chip ${this.#last.look}`;
    this.marks.textContent = this.#remarkable > 0 ? `${this.#remarkable} with trouble` : "";
    this.total.textContent = (shown < all ? `${count(shown)} of ` : "") + plural(all, "callback", count(all));
    this.box.hidden = shown === 0;
  }
}

function row({ number, task, reception }) {
  const { at_ms, callback_event, task_id, status, result, complaints, notes } = reception;
  const made = element(
    "button",
    `row fresh ${eventNamed(callback_event).look ?? ""} ${result}`,
    element("span", "time", timeOfDay(at_ms)),
    element("span", "event", label(reception)),
    element("span", `answer ${result}`, status === undefined ? "closed" : String(status)),
  );
  if (task !== undefined && task_id === undefined) made.append(element("span", "remark", "without a task id"));
  for (const { text } of complaints) made.append(element("span", "remark complaint", oneLine(text, 200)));
  for (const { text } of notes) made.append(element("span", "remark note", oneLine(text, 200)));
  made.type = "button";
  made.dataset.number = number;
  return made;
}
