// Texts: those that others wrote are shown, and never obeyed.
import { element } from "./element.js";

/**
 * What moves, turns or hides text: control characters but tab and line feed, marks of direction, odd line ends and blanks;
 * and what is no letter, or half of one.
 */
const OBEYED =
  /(?![\n\t])\p{Cc}|[\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u00ad\u180e\u200b-\u200d\u2060-\u206f\ufeff\ufff9-\ufffb\ufffd]/gu;

const written = (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`;

/** The text's first `most` characters, or one less: no letter is cut in half. */
export function beginning(text, most) {
  return text.length > most ? text.slice(0, most).replace(/[\ud800-\udbff]$/, "") : text;
}

/** The text on one line, with all of that written out, and no longer than `most`. */
export function oneLine(text, most = 80) {
  const short = text.length > most ? `${beginning(text, most)}…` : text;
  return short.replace(OBEYED, written).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** The text as nodes; what is written out is marked. */
export function visible(text) {
  const nodes = document.createDocumentFragment();
  let known = 0;
  // Neighbours are marked as one.
  for (const found of text.matchAll(new RegExp(`(?:${OBEYED.source})+`, "gu"))) {
    nodes.append(text.slice(known, found.index), element("span", "escape", found[0].replace(OBEYED, written)));
    known = found.index + found[0].length;
  }
  nodes.append(text.slice(known));
  return nodes;
}

/** `1 callback`, `1,000 callbacks` */
export const plural = (number, noun, shown = number.toLocaleString("en")) =>
  `${shown} ${noun}${number === 1 ? "" : "s"}`;

/** Day and time, in UTC, of milliseconds since 1970: `2026-01-01 12:00:00.000Z` */
export const instant = (ms) => new Date(ms).toISOString().replace("T", " ");

/** The time of day as the log in the terminal has it, in UTC. */
export const timeOfDay = (ms) => instant(ms).slice(11, 23);
