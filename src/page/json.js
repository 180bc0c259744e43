// JSON as people read it.
import { element } from "./element.js";
import { visible } from "./text.js";

/** Deeper levels stand where this one stands. */
const DEEPEST = 24;

/**
 * JSON laid out, with every number and string as it was written; null if it is no JSON.
 * `opens`: objects and arrays that stand as JSON in a string, as in `msg`, are laid out in its place.
 */
export function laidOut(json, opens = false) {
  if (!isJson(json)) return null;
  const out = document.createDocumentFragment();
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  const write = (text) => {
    const tokens = text.match(/"(?:[^"\\]+|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
    tokens.forEach((token, index) => {
      const [before, after] = [tokens[index - 1], tokens[index + 1]];
      const inner = opens && after !== ":" && token.startsWith('"') ? JSON.parse(token) : "";
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
      } else if (/^[[{]/.test(inner) && isJson(inner)) {
        write(inner);
      } else {
        out.append(element("span", kind(token, after), visible(token)));
      }
    });
  };
  write(json);
  return out;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function kind(token, after) {
  if (after === ":") return "key";
  return token.startsWith('"') ? "string" : "number";
}
