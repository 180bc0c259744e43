// Bytes, and how many there are of something.
import { plural } from "../../page/text.js";

/** Bytes as text, with each that belongs to no letter written as \xNN. */
export function decoded(bytes) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const pieces = [];
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while (bytes[end] < 0x80) end += 1;
    if (end === at) end += letter(decoder, bytes, at);
    if (end === at) pieces.push(`\\x${bytes[end++].toString(16)}`);
    else pieces.push(decoder.decode(bytes.subarray(at, end)));
    at = end;
  }
  return pieces.join("");
}

/** How many bytes the letter has that begins here, which is not one of ASCII; 0 if none does. */
function letter(decoder, bytes, at) {
  const length = bytes[at] >= 0xf0 ? 4 : bytes[at] >= 0xe0 ? 3 : 2;
  try {
    return decoder.decode(bytes.subarray(at, at + length)).length > 0 ? length : 0;
  } catch {
    return 0;
  }
}

/** `1 000`, with a narrow blank that no line breaks at. */
export const count = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");

/** How many bytes. */
export function size(bytes) {
  if (bytes < 1024) return plural(bytes, "byte", count(bytes));
  const [unit, by] = bytes < 1024 * 1024 ? ["KiB", 1024] : ["MiB", 1024 * 1024];
  return `${(bytes / by).toFixed(1)} ${unit} (${plural(bytes, "byte", count(bytes))})`;
}
