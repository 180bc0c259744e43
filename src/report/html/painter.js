// Draws the lanes that are visible, from the ground up.
import { alarm, COLOURS, hatch, palette, prepare, ring, shade, sign, wedge } from "./glyphs.js";
import { belowMiddle, GAP, LINE, lineOf, LINES, NAMES, ROW, RULER } from "./rows.js";
import { ticks } from "./time.js";

export class Painter {
  constructor(lanes) {
    Object.assign(this, { lanes, widths: new Map() });
  }

  draw(shown) {
    const { lanes } = this;
    this.colours = palette();
    const context = (this.context = prepare(lanes.canvas, lanes.width, lanes.height));
    Object.assign(context, { font: "12px system-ui, sans-serif", textBaseline: "middle" });
    const marks = ticks(Math.max(lanes.axis.from, 0), lanes.axis.to, lanes.plotWidth / 90);
    shown.forEach((lane) => this.ground(lane));
    this.grid(marks);
    context.save();
    context.beginPath();
    context.rect(NAMES, RULER, lanes.width - NAMES, lanes.height - RULER);
    context.clip();
    shown.forEach((lane) => this.spans(lane));
    shown.forEach((lane) => this.items(lane));
    for (const item of [lanes.selected, lanes.hovered]) if (item) this.focus(item);
    context.restore();
    this.ruler(marks);
  }

  ground(lane) {
    const y = this.lanes.tops[lane.index] - this.lanes.scrollTop;
    const height = lane.rows * ROW + GAP;
    if (lane.index % 2 === 0) {
      this.context.fillStyle = this.colours.soft;
      this.context.fillRect(0, y, this.lanes.width, height);
    }
  }

  grid(marks) {
    this.context.fillStyle = this.colours.line;
    for (const { at } of marks) this.context.fillRect(Math.round(this.lanes.x(at)), RULER, 1, this.lanes.height);
  }

  ruler(marks) {
    const { context, colours } = this;
    const { width } = this.lanes;
    context.fillStyle = colours.back;
    context.fillRect(0, 0, width, RULER);
    context.fillStyle = colours.line;
    context.fillRect(0, RULER - 1, width, 1);
    context.fillRect(NAMES - 1, 0, 1, this.lanes.height);
    context.font = "12px system-ui, sans-serif";
    let free = NAMES;
    for (const { at, label } of marks) {
      const x = Math.round(this.lanes.x(at));
      const wide = this.textWidth(label);
      context.fillStyle = colours.line;
      context.fillRect(x, RULER - 6, 1, 6);
      if (x - wide / 2 < free || x + wide / 2 > width) continue;
      context.fillStyle = colours.faint;
      context.fillText(label, x - wide / 2, RULER / 2 - 1);
      free = x + wide / 2 + 12;
    }
  }

  /** What lies behind the items: when a task runs, and incidents. */
  spans(lane) {
    const { context, colours } = this;
    const top = this.lanes.tops[lane.index] - this.lanes.scrollTop;
    const height = lane.rows * ROW + GAP;
    for (const { from, to } of lane.running) {
      const [left, right] = [this.lanes.x(from), this.lanes.x(to)];
      if (right >= NAMES) shade(context, left, top + 3, Math.max(right - left, 2), height - 6, colours.accent, 0.1);
    }
    for (const { word, from, to } of lane.incidents) {
      const [left, right] = [this.lanes.x(from) - 8, this.lanes.x(to) + 8];
      if (right < NAMES || left > this.lanes.width) continue;
      const x = Math.max(left, NAMES - 8);
      hatch(context, x, top + 2, Math.min(right, this.lanes.width + 8) - x, height - 3, colours.incident);
      const [begin, wide] = [Math.max(left, NAMES) + 4, this.textWidth(word, 10)];
      if (Math.min(right, this.lanes.width) - begin < wide + 6) continue;
      const hides = lane.items.some((item) => {
        const away = this.lanes.x(item.start) - begin;
        const isHigh = item.fault || item.failures.length || belowMiddle(item) < 0;
        return item.row === 0 && isHigh && away > -10 && away < wide + 10;
      });
      if (hides) continue;
      Object.assign(context, { fillStyle: colours.incident, font: "10px system-ui, sans-serif" });
      context.fillText(word, begin, top + 8);
    }
  }

  items(lane) {
    const { from, to } = this.lanes.axis;
    const margin = ((to - from) / this.lanes.plotWidth) * 12;
    const near = lane.items.filter((item) => item.end >= from - margin && item.start <= to + margin);
    const shown = this.thin(near);
    const hidden = this.hidden(near);
    const labels = new Map(
      shown.map((item, index) => [item, this.label(item, nextBeside(shown, index), hidden.get(item))]),
    );
    for (const item of shown) this.lines(item, labels.get(item));
    // What failed comes last, on top of what is befallen by a fault, and that on top of the rest.
    const weight = (item) => (item.failures.length ? 2 : item.fault ? 1 : 0);
    for (const level of [0, 1, 2]) {
      for (const item of shown) if (weight(item) === level) item.marks.forEach((mark) => this.mark(item, mark));
    }
    labels.forEach((label, item) => label && this.name(item, label));
  }

  /**
   * Without those that nobody could tell from the next one in their line: all went well, and they are less than three
   * points away.
   */
  thin(items) {
    const [thinned, last] = [[], []];
    for (const item of items) {
      const [x, { look }] = [this.lanes.x(item.start), item.marks[0]];
      const line = lineOf(item);
      const before = last[line];
      const isPlain = item.marks.length === 1 && !item.failures.length && !item.fault && this.lanes.x(item.end) - x < 3;
      if (isPlain && before?.look === look && x - before.x < 3) thinned[before.place] = item;
      else last[line] = { x, look: isPlain ? look : "", place: thinned.push(item) - 1 };
    }
    return thinned;
  }

  /** How many of a stack lie under others, by the last one of that stack. */
  hidden(items) {
    const [counts, lasts, before] = [new Map(), new Map(), []];
    for (const item of items) {
      const under = before[lineOf(item)];
      if (under && this.lanes.x(item.start) - this.lanes.x(under.start) < 3)
        counts.set(item.stack, (counts.get(item.stack) ?? 0) + 1);
      before[lineOf(item)] = item;
      lasts.set(item.stack, item);
    }
    return new Map([...counts].map(([stack, count]) => [lasts.get(stack), count]));
  }

  /** From due to sent a thin line, from sent to done a thick one, between attempts a dashed one. */
  lines(item, label) {
    const { context, colours } = this;
    const y = this.lanes.y(item);
    item.marks.forEach((mark, index) => {
      const colour = colours[COLOURS[mark.look]];
      const [due, sent, done] = [mark.due, mark.sent, mark.done].map((time) => this.lanes.x(time));
      if (sent - due > 1) shade(context, due, y - 0.5, sent - due, 1, colours.faint, 1);
      if (done - sent > 0.5) shade(context, sent, y - 4, done - sent, 8, colour, 0.35);
      if (index === 0) return;
      // The name may stand there.
      const before = Math.max(
        this.lanes.x(item.marks[index - 1].done),
        index === 1 && label?.isFirst ? label.right + 4 : 0,
      );
      if (sent - before < 3) return;
      Object.assign(context, { strokeStyle: colours.faint, lineWidth: 1 });
      context.setLineDash(mark.twice ? [1, 3] : [4, 3]);
      context.beginPath();
      context.moveTo(before, y + 0.5);
      context.lineTo(sent, y + 0.5);
      context.stroke();
      context.setLineDash([]);
    });
  }

  mark(item, mark) {
    const [x, y] = [this.lanes.x(mark.sent), this.lanes.y(item)];
    sign(this.context, mark.look, x, y, this.colours, item.stack?.length === LINES.length ? 3.6 : undefined);
    if (mark.twice) ring(this.context, x, y, this.colours[COLOURS[mark.look]]);
    if (mark === item.marks[0]) {
      // Above an item that is not the first of its stack there is another.
      const [left, top] = item.line ? [x - 10, y + 10] : [x, y];
      if (item.fault) wedge(this.context, item.failures.length ? left - 6 : left, top, this.colours);
      if (item.failures.length) alarm(this.context, left, top, this.colours);
    }
  }

  /**
   * The callback's name, as much of it as there is room for before the next sign, and where. With it stands how many
   * others are hidden.
   */
  label(item, next, hidden) {
    const [first, second] = item.marks;
    if (this.lanes.x(first.sent) < NAMES - 5 && !second) return undefined;
    const begin = Math.max(this.lanes.x(first.sent) + 9, this.lanes.x(first.done) + 4);
    const last = item.marks.at(-1);
    const after = Math.max(this.lanes.x(last.sent) + 9, this.lanes.x(last.done) + 4);
    const free = next?.line && (next.fault || next.failures.length) ? 22 : 9;
    const end = Math.min(next ? this.lanes.x(next.start) - free : Infinity, this.lanes.width - 4);
    const places = second
      ? [
          [begin, this.lanes.x(second.sent) - 9],
          [after, end],
        ]
      : [[begin, end]];
    const more = hidden ? `+${hidden.toLocaleString("en")}` : "";
    for (const text of [`${item.says} ${more}`.trim(), `${item.short} ${more}`.trim(), more].filter(Boolean)) {
      const place = places.find(([left, right]) => right - left >= this.textWidth(text));
      if (place) return { text, left: place[0], right: place[0] + this.textWidth(text), isFirst: place[0] === begin };
    }
    return undefined;
  }

  name(item, { text, left }) {
    const y = this.lanes.y(item) + 0.5;
    if (left < NAMES - 4) return;
    Object.assign(this.context, {
      font: "12px system-ui, sans-serif",
      strokeStyle: this.colours.back,
      lineWidth: 3,
      lineJoin: "round",
    });
    this.context.globalAlpha = 0.7;
    this.context.strokeText(text, left, y);
    this.context.globalAlpha = 1;
    this.context.fillStyle = item.failures.length ? this.colours.bad : this.colours.ink;
    this.context.fillText(text, left, y);
  }

  focus(item) {
    const { context, colours } = this;
    const [left, right, y] = [
      this.lanes.x(item.start) - 10,
      Math.max(this.lanes.x(item.end), this.lanes.x(item.start)) + 10,
      this.lanes.y(item),
    ];
    Object.assign(context, { strokeStyle: colours.accent, lineWidth: item === this.lanes.selected ? 2 : 1 });
    context.beginPath();
    const half = item.stack?.length > 1 ? 6.5 : 11;
    context.roundRect(left, y - half, right - left, 2 * half, 6);
    context.stroke();
  }

  textWidth(text, size = 12) {
    const key = `${size}${text}`;
    if (!this.widths.has(key)) {
      this.context.font = `${size}px system-ui, sans-serif`;
      this.widths.set(key, this.context.measureText(text).width);
    }
    return this.widths.get(key);
  }
}

/** The next item before which the name of one must end: it is in the same row, at about the same height. */
function nextBeside(items, index) {
  const item = items[index];
  const isBeside = (other) => other.row === item.row && Math.abs(belowMiddle(other) - belowMiddle(item)) < LINE;
  for (let next = index + 1; next < items.length; next++) if (isBeside(items[next])) return items[next];
  return undefined;
}
