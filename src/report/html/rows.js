// Where things stand in a lane. Signs that would lie on each other at the present zoom stand one below the other.

/** How wide the names before the lanes are, and how high the ruler, a row of a lane, and what lies between two lanes. */
export const [NAMES, RULER, ROW, GAP] = [150, 28, 26, 8];

/** How near each other two signs may come in one line. */
const NEAR = 11;
/** Where the lines of a stack are, by how many there are: from the middle of the row. */
export const LINES = [[0], [-6, 7], [-7, 1, 9]];
/** How far apart lines must be for what is written in one not to touch what is in the other. */
export const LINE = 12;

/** Puts each item of a lane into a line of its row. It is the same wherever one scrolls: only the zoom counts. */
export function stack(lane, pointsPerTime) {
  if (lane.stackedFor === pointsPerTime) return;
  lane.stackedFor = pointsPerTime;
  const apart = NEAR / pointsPerTime;
  const rows = [];
  for (const item of lane.items) {
    let ends = rows[item.row];
    // Where there is a gap the next stack begins.
    if (!ends || item.start - Math.max(...ends) >= apart) ends = rows[item.row] = [];
    const free = ends.findIndex((end) => item.start - end >= apart);
    const next = ends.length < LINES.length ? ends.length : ends.lastIndexOf(Math.min(...ends));
    item.line = free >= 0 ? free : next;
    ends[item.line] = Math.max(ends[item.line] ?? -Infinity, item.end);
    item.stack = ends;
  }
}

/** A number for the line of an item, among all lines of its lane. */
export const lineOf = ({ row, line }) => row * LINES.length + line;

/** How far below the middle of its row an item is. */
export function belowMiddle({ stack, line }) {
  return stack ? LINES[stack.length - 1][line] : 0;
}
