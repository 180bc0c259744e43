// One callback: what the sink thinks of it, `msg` read a second time, the body, and its bytes to copy.
import { copyButton, element } from "../../page/element.js";
import { EVENTS } from "../../page/events.js";
import { laidOut } from "../../page/json.js";
import { beginning, oneLine, timeOfDay, visible } from "../../page/text.js";
import { size } from "./bytes.js";
import { label } from "./list.js";

/** Of a longer body only the beginning is shown. */
const SHOWN = 64 * 1024;
/** Longer texts are not laid out. */
const LONGEST = 128 * 1024;

/** Shows it in `home`; `key`: whether the sink checks signatures. */
export function show(home, callback, key) {
  const { number, reception, head, owner } = callback;
  const [text, bytes] = [callback.text(), callback.bytes()];
  const title = element("h2", "", label(reception));
  const named = owner === undefined ? "names no task" : `task ${oneLine(owner)}`;
  const whose = reception.task_id === owner ? named : `names no task, only ${named} can be meant`;
  const facts = element("dl", "facts");
  for (const [name, verdict] of Object.entries(verdicts(callback, bytes, key))) {
    const value = element("dd", verdict.look, visible(verdict.text));
    if (verdict.hint) value.append(" ", element("span", "hint", verdict.hint));
    facts.append(element("dt", "", name), value);
  }
  const parts = [element("div", "title", title, element("span", "whose", `${whose} · #${number}`)), facts];
  if (reception.complaints.length > 0) parts.push(remarks("What is wrong", reception.complaints));
  if (bytes) parts.push(...message(text), raw(callback, text, bytes));
  parts.push(part("Request", [], element("pre", "", visible(head))));
  home.replaceChildren(...parts);
  home.scrollTop = 0;
}

/** While there is nothing: what to do. */
export function showNothing(home, title, address) {
  const command = `pullpush run FILE --to ${address}`;
  const single = `pullpush send ${EVENTS[0].name} --to ${address}`;
  home.replaceChildren(
    element(
      "div",
      "empty",
      element("h2", "", title),
      element("p", "", "Callbacks appear here as they come, on any path of this address:"),
      part("", [copying(command)], element("pre", "", command)),
      part("", [copying(single)], element("pre", "", single)),
    ),
  );
}

function verdicts({ reception, task }, bytes, key) {
  const { at_ms, status, delay_ms, result } = reception;
  const arrived = { text: `${timeOfDay(at_ms)} UTC`, hint: new Date(at_ms).toLocaleString() };
  const answer = {
    text: `${status ?? "none, the connection was closed"} · ${result === "ok" ? "acknowledged" : result.replaceAll("-", " ")}`,
    hint: delay_ms > 0 ? `after ${delay_ms} ms, on purpose` : "",
    look: result === "ok" ? "good" : "bad",
  };
  return {
    arrived,
    answer,
    order: order(reception, task),
    signature: signature(reception, key),
    size: { text: bytes ? size(bytes.length) : "more than 1 MiB, so it was not looked at" },
  };
}

function order({ result, notes, complaints }, task) {
  if (notes.length > 0) return { text: notes.map(({ text }) => text).join("; "), look: "odd" };
  if (result !== "ok") return { text: "not judged", hint: "what is not acknowledged has not come yet" };
  if (complaints.length > 0) return { text: "not judged", hint: "the documents know no such callback" };
  if (task === undefined) return { text: "not judged", hint: "it names no task, and could be of several or of none" };
  return { text: "in order", look: "good" };
}

function signature({ complaints }, key) {
  const wrong = complaints.filter(({ kind }) => ["not-signed", "wrong-signature", "expired"].includes(kind));
  if (wrong.length > 0) return { text: wrong.map(({ text }) => text).join("; "), look: "bad" };
  if (!key) return { text: "not checked", hint: "the sink has no --key" };
  const unread = complaints.some(({ kind }) => ["too-large", "not-utf8", "not-json", "not-an-object"].includes(kind));
  return unread ? { text: "not checked", hint: "there is none to be read" } : { text: "right", look: "good" };
}

function remarks(title, all) {
  const items = all.map(({ text }) => element("li", "", visible(text)));
  return part(title, [], element("ul", "wrong", ...items));
}

/** What `msg` holds, and the whole body; as far as they are JSON. */
function message(text) {
  if (text.length > LONGEST)
    return [element("p", "hint", `Longer than ${size(LONGEST)}: msg and body are not laid out`)];
  const parts = [];
  const outer = laidOut(text);
  if (outer === null) return parts;
  const { msg } = JSON.parse(text) ?? {};
  if (typeof msg === "string") {
    const inner = laidOut(msg);
    parts.push(part("msg, decoded", [copying(msg)], element("pre", "json", inner ?? visible(msg))));
  }
  parts.push(part("Body", [], element("pre", "json", outer)));
  return parts;
}

function raw({ number, isText }, text, bytes) {
  const copy = copying(text);
  if (!isText) copy.title = "It is not UTF-8: bytes of no letter are copied as \\xNN. Save gives the bytes as they are";
  const onclick = () => {
    const href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    element("a", { href, download: `callback-${number}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  };
  const save = element("button", { type: "button", title: "The bytes as a file", onclick }, "Save");
  const shown = beginning(text, SHOWN);
  const rest = text.length - shown.length;
  const more = rest > 0 ? [element("p", "hint", `… and ${size(rest)} more: copy or save it`)] : [];
  const title = isText ? "Raw" : "Raw; it is not UTF-8: bytes of no letter as \\xNN";
  return part(title, [copy, save], element("pre", "raw", visible(shown)), ...more);
}

function part(title, buttons, ...children) {
  const heading = element("div", "heading", element("h3", "", title), element("span", "buttons", ...buttons));
  return element("section", "part", heading, ...children);
}

const copying = (text) => copyButton(text, ["Copy", "Copied", "Not allowed"]);
