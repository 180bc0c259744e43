/**
 * The page of `pullpush sink`: takes events from it and shows them. It talks to nobody else. It draws what comes on
 * `/_pullpush/events`, each as JSON. A field in brackets may be missing.
 *
 * @typedef {object} hello the first
 * @property {number} schema_version of receptions @property {string} run which sink this is: it may be started again
 * @property {string} version of pullpush @property {boolean} key whether it checks signatures
 * @property {number} kept how many callbacks it keeps
 *
 * @typedef {object} counts of all callbacks up to now
 * @property {number} received @property {number} acknowledged @property {number} refused
 * @property {number} failed_on_purpose @property {number} noted with a note
 *
 * @typedef {object} callback
 * @property {number} number from 1, without gaps @property {string} [task] all callbacks of a task have it in common
 * @property {string} head the request's first line and header fields @property {string} [body]
 * @property {string} [body_base64] instead of `body`, if that is no UTF-8; neither: it was too large
 * @property {Reception} reception
 *
 * @typedef {object} Reception
 * @property {number} schema_version @property {"received"} event @property {number} at_ms since 1970
 * @property {string} [callback_event] @property {number} [event_type] @property {string} [task_id] as the body has it
 * @property {number} [index] @property {number} [code] @property {string} [alarm] the field that its event tells
 * @property {number} [status] what was answered; none: the connection was closed
 * @property {number} delay_ms of the answer, on purpose
 * @property {"ok" | "refused" | "failed-on-purpose" | "dropped-on-purpose"} result
 * @property {Remark[]} complaints about its content @property {Remark[]} notes about its place in the order
 *
 * @typedef {object} Remark
 * @property {string} kind @property {string} text
 */
import { element } from "../../page/element.js";
import { onKeys } from "../../page/keys.js";
import { count, decoded } from "./bytes.js";
import { show, showNothing } from "./detail.js";
import { isRemarkable, List } from "./list.js";

const at = (id) => document.getElementById(id);
const address = `${location.origin}/`;
const WORDS = {
  received: "received",
  acknowledged: "acknowledged",
  refused: "refused",
  failed_on_purpose: "failed on purpose",
  noted: "with a note",
};

let source; // of events, while the page can be seen
let [run, key, kept] = [undefined, false, 2000]; // as in `hello`
let last = 0; // the number of the last callback
let shown = 0; // how many there have been on this page
let selected;
let waiting = []; // callbacks that are not shown yet
const callbacks = new Map();

const list = new List(at("tasks"), (number) => {
  at("follow").checked = false;
  select(number);
});

listen();
showNothing(at("detail"), "Nothing has come yet", address);

/** A browser has six connections to a sink: pages that nobody sees leave them to others. */
function listen() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource(run === undefined ? "/_pullpush/events" : `/_pullpush/events?${run}-${last}`);
  source.addEventListener("open", () => state("live"));
  source.addEventListener("error", ({ target }) => {
    state("waiting for the sink");
    // The browser tries again by itself, unless it was told to go.
    if (target.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  });
  const on = (name, take) => source.addEventListener(name, ({ data }) => take(JSON.parse(data)));
  on("hello", greet);
  on("callback", take);
  on("counts", tell);
}

function greet(hello) {
  if (run !== undefined && run !== hello.run) {
    clear();
    last = shown = 0;
    at("missed").hidden = true;
  }
  ({ run, key, kept } = hello);
}

function state(word) {
  at("state").textContent = word;
  at("state").className = word === "live" ? "state live" : "state";
}

function tell(counts) {
  const words = Object.entries(WORDS).filter(([name]) => counts[name] > 0 || name === "received");
  const items = words.map(([name, word]) => element("li", name, element("b", "", count(counts[name])), ` ${word}`));
  at("counts").replaceChildren(...items);
  document.title = counts.received > 0 ? `(${counts.received}) pullpush sink` : "pullpush sink";
}

function take(callback) {
  // After a reconnection some may come again.
  if (callback.number <= last) return;
  last = callback.number;
  if (waiting.length === 0) setTimeout(showWaiting, 16);
  waiting.push(callback);
  // In the background a browser holds timers back.
  if (waiting.length > 2 * kept) waiting.splice(0, waiting.length - kept);
}

/** Many come at once, and the page is laid out once. */
function showWaiting() {
  const fresh = waiting.slice(-kept).map(readable);
  waiting = [];
  for (const callback of fresh) {
    callbacks.set(callback.number, callback);
  }
  list.add(fresh);
  const old = [...callbacks.values()].slice(0, Math.max(callbacks.size - kept, 0));
  list.remove(old);
  for (const { number } of old) callbacks.delete(number);
  shown += fresh.length;
  at("missed").textContent = `${count(last - shown)} came too fast, or too long ago, to be shown here`;
  at("missed").hidden = last === shown;
  const newest = fresh.findLast(passes);
  if (newest && at("follow").checked) select(newest.number);
}

/** With its body as text and as bytes, made when they are asked for; neither if it was too large. */
function readable(callback) {
  const { body, body_base64 } = callback;
  const unpacked = () => Uint8Array.from(atob(body_base64), (letter) => letter.charCodeAt(0));
  if (body !== undefined)
    return { ...callback, isText: true, text: () => body, bytes: () => new TextEncoder().encode(body) };
  if (body_base64 !== undefined)
    return { ...callback, isText: false, text: () => decoded(unpacked()), bytes: unpacked };
  return { ...callback, isText: false, text: () => "", bytes: () => undefined };
}

function select(number) {
  const callback = callbacks.get(number);
  if (callback === undefined) return;
  selected = number;
  list.select(number);
  show(at("detail"), callback, key);
}

function clear() {
  list.remove([...callbacks.values()]);
  callbacks.clear();
  shown += waiting.length;
  waiting = [];
  selected = undefined;
  showNothing(at("detail"), "Nothing has come since", address);
}

function passes(callback) {
  if (at("remarkable").checked && !isRemarkable(callback)) return false;
  const wanted = at("filter").value.trim().toLowerCase();
  if (wanted === "") return true;
  const { reception, head } = callback;
  const remarks = [...reception.complaints, ...reception.notes].map(({ text }) => text);
  return [head, callback.text(), ...remarks].some((text) => text.toLowerCase().includes(wanted));
}

document.addEventListener("visibilitychange", listen);
at("filter").addEventListener("input", () => list.filter(passes));
at("remarkable").addEventListener("change", () => list.filter(passes));
at("follow").addEventListener("change", () => {
  const newest = [...callbacks.values()].findLast(passes);
  if (newest && at("follow").checked) select(newest.number);
});
at("clear").addEventListener("click", clear);
const step = (by) => (event) => {
  // There they write, and here they scroll.
  if (event.target === at("filter") || at("detail").contains(event.target)) return false;
  const number = list.neighbour(selected, by);
  if (number === undefined) return false;
  at("follow").checked = false;
  select(number);
  list.focus(number);
};
onKeys(document, { ArrowDown: step(1), j: step(1), ArrowUp: step(-1), k: step(-1) });
