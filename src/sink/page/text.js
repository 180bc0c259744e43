// Text that was written by others: it is shown, and never obeyed.

// What moves, turns or hides text: control characters but tab and line feed, marks of direction, odd line ends and blanks; and
// what is no letter, or half of one.
const OBEYED =
  /(?![\n\t])\p{Cc}|[\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u00ad\u180e\u200b-\u200d\u2060-\u206f\ufeff\ufff9-\ufffb\ufffd]/gu;

const written = (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`;

// The text's first `most` characters, or one less: no letter is cut in half.
export function beginning(text, most) {
  return text.length > most ? text.slice(0, most).replace(/[\ud800-\udbff]$/, "") : text;
}

// The text on one line, with all of that written out, and no longer than `most`.
export function oneLine(text, most = 80) {
  const short = text.length > most ? `${beginning(text, most)}…` : text;
  return short.replace(OBEYED, written).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

// The text as nodes; what is written out is marked.
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

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// Bytes as text, with each that belongs to no letter written as \xNN.
export function decoded(bytes) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const pieces = [];
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (bytes[end] < 0x80) end += 1;
    if (end === at) end += letter(decoder, bytes, at);
    if (end === at) pieces.push(`\\x${bytes[end++].toString(16)}`);
    else pieces.push(decoder.decode(bytes.subarray(at, end)));
    at = end;
  }
  return pieces.join("");
}

// How many bytes the letter has that begins here, which is not one of ASCII; 0 if none does.
function letter(decoder, bytes, at) {
  const length = bytes[at] >= 0xf0 ? 4 : bytes[at] >= 0xe0 ? 3 : 2;
  try {
    return decoder.decode(bytes.subarray(at, at + length)).length > 0 ? length : 0;
  } catch {
    return 0;
  }
}

// Longer texts are not laid out.
export const LONGEST = 128 * 1024;
// Deeper levels stand where this one stands.
const DEEPEST = 24;

// JSON laid out, with every number and string as it was written; null if it is no JSON.
export function laidOut(json) {
  try {
    JSON.parse(json);
  } catch {
    return null;
  }
  const out = document.createDocumentFragment();
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  const tokens = json.match(/"(?:[^"\\]+|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  tokens.forEach((token, index) => {
    const [before, after] = [tokens[index - 1], tokens[index + 1]];
    if (token === "{" || token === "[") {
      depth += 1;
      const closes = after === "}" || after === "]";
      out.append(closes ? token : token + line());
    } else if (token === "}" || token === "]") {
      depth -= 1;
      out.append(before === "{" || before === "[" ? token : line() + token);
      // The next token brings what it needs.
    } else if (token === ",") {
      out.append(token + line());
    } else if (token === ":") {
      out.append(": ");
    } else {
      out.append(element("span", kind(token, after), visible(token)));
    }
  });
  return out;
}

function kind(token, after) {
  if (after === ":") return "key";
  return token.startsWith('"') ? "string" : "number";
}

// The time of day as the log in the terminal has it, in UTC.
export function clock(ms) {
  return new Date(ms).toISOString().slice(11, 23);
}

export function count(number) {
  return number.toLocaleString("en").replaceAll(",", "\u202f");
}

export function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

// How many bytes.
export function size(bytes) {
  if (bytes < 1024) return plural(bytes, "byte");
  const [unit, by] = bytes < 1024 * 1024 ? ["KiB", 1024] : ["MiB", 1024 * 1024];
  return `${(bytes / by).toFixed(1)} ${unit} (${plural(bytes, "byte")})`;
}
