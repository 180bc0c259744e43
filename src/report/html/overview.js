// The whole run in one strip, with a brush that says which part of it the lanes show.
import { element } from "../../page/element.js";
import { palette, prepare, shade } from "./glyphs.js";
import { NAMES } from "./rows.js";

const OVERVIEW = 46;
const BAR = 3;

export class Overview {
  constructor(scenario, axis, lanes) {
    Object.assign(this, { scenario, axis, lanes });
    this.canvas = element("canvas", {
      class: "overview",
      role: "img",
      "aria-label": "How much happened when; drag to choose a part",
    });
    axis.addEventListener("change", () => this.invalidate());
    new ResizeObserver(() => this.invalidate()).observe(lanes.box);
    this.listen();
  }

  invalidate() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  x(time) {
    return NAMES + ((time - this.axis.least) / (this.axis.most - this.axis.least)) * this.width;
  }

  time(clientX) {
    const place = (clientX - this.canvas.getBoundingClientRect().left - NAMES) / this.width;
    return this.axis.least + Math.min(Math.max(place, 0), 1) * (this.axis.most - this.axis.least);
  }

  /** How many items begin in each bar, and how many of them failed. */
  count() {
    const bars = Array.from({ length: Math.ceil(this.width / BAR) + 1 }, () => [0, 0]);
    for (const item of this.scenario.items) {
      for (const mark of item.marks) {
        const bar = bars[Math.floor((this.x(mark.sent) - NAMES) / BAR)];
        const failed = item.failures.length > 0 || ["bad", "lost", "wrong"].includes(mark.look);
        if (bar) bar[failed ? 1 : 0] += 1;
      }
    }
    return bars;
  }

  draw() {
    this.lanes.measure();
    const { width } = this.lanes;
    if (!width) return;
    this.width = this.lanes.plotWidth;
    const key = `${this.width} ${this.axis.least} ${this.axis.most}`;
    if (this.counted !== key) [this.counted, this.bars] = [key, this.count()];
    const colours = palette();
    const context = prepare(this.canvas, width, OVERVIEW);
    context.fillStyle = colours.soft;
    context.fillRect(NAMES, 0, this.width, OVERVIEW);
    const most = Math.max(...this.bars.map(([well, failed]) => well + failed), 1);
    // The root shows the single one beside the many.
    const height = (count) => Math.sqrt(count / most) * (OVERVIEW - 8);
    this.bars.forEach(([well, failed], index) => {
      const x = NAMES + index * BAR;
      const [whole, bad] = [height(well + failed), failed ? Math.max(height(failed), 3) : 0];
      shade(context, x, OVERVIEW - 2 - whole, BAR - 0.5, whole, colours.accent, 0.55);
      if (bad) shade(context, x, OVERVIEW - 2 - bad, BAR - 0.5, bad, colours.bad, 1);
    });
    this.drawBrush(context, colours, width);
    Object.assign(context, { fillStyle: colours.faint, font: "12px system-ui, sans-serif", textBaseline: "middle" });
    context.fillText("all", 8, OVERVIEW / 2);
  }

  drawBrush(context, colours, width) {
    const [left, right] = [this.x(this.axis.from), this.x(this.axis.to)];
    shade(context, NAMES, 0, left - NAMES, OVERVIEW, colours.back, 0.7);
    shade(context, right, 0, width - right, OVERVIEW, colours.back, 0.7);
    Object.assign(context, { strokeStyle: colours.accent, lineWidth: 1.5 });
    context.strokeRect(left + 0.75, 0.75, Math.max(right - left - 1.5, 1), OVERVIEW - 1.5);
  }

  /** A drag chooses a part; a drag of the part that is shown moves it; a click goes there. */
  listen() {
    this.canvas.addEventListener("pointerdown", (event) => {
      const begin = this.time(event.clientX);
      const { from, to, isWhole } = this.axis;
      const moves = !isWhole && begin > from && begin < to;
      this.canvas.setPointerCapture(event.pointerId);
      const move = (event) => {
        const now = this.time(event.clientX);
        if (moves) this.axis.show(from + now - begin, to + now - begin, { smooth: false });
        else if (Math.abs(this.x(now) - this.x(begin)) > 3)
          this.axis.show(Math.min(begin, now), Math.max(begin, now), { smooth: false });
      };
      const end = () => {
        this.canvas.removeEventListener("pointermove", move);
        const half = (to - from) / 2;
        if (!moves && this.axis.from === from && this.axis.to === to) this.axis.show(begin - half, begin + half);
      };
      this.canvas.addEventListener("pointermove", move);
      this.canvas.addEventListener("pointerup", end, { once: true });
    });
    this.canvas.addEventListener("dblclick", () => this.axis.fit());
  }
}
