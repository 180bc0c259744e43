// The lanes: one for each task. Where everything is, and what is chosen.
import { element } from "../../page/element.js";
import { plural } from "../../page/text.js";
import { Input } from "./input.js";
import { Painter } from "./painter.js";
import { belowMiddle, GAP, NAMES, ROW, RULER, stack } from "./rows.js";

export class Lanes extends EventTarget {
  constructor(scenario, axis) {
    super();
    Object.assign(this, { scenario, axis, hovered: undefined, selected: undefined });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.names = element("div", "names");
    this.view = element("div", "view", this.canvas, this.names);
    this.inner = element("div", "inner", this.view);
    const words = `${plural(scenario.lanes.length, "lane")}, ${plural(scenario.items.length, "item")}. Arrow keys move, Enter pins, plus and minus zoom, 0 shows all.`;
    this.box = element("div", { class: "lanes", tabindex: "0", role: "group", "aria-label": words }, this.inner);
    axis.addEventListener("change", () => this.invalidate());
    this.box.addEventListener("scroll", () => this.invalidate());
    new ResizeObserver(() => this.invalidate()).observe(this.box);
    this.painter = new Painter(this);
    new Input(this);
    this.layOut();
  }

  /** How large everything is: asked once for each drawing, for the answer may take the browser long. */
  measure() {
    const { clientWidth: width, clientHeight: height, scrollTop } = this.box;
    Object.assign(this, { width, height, scrollTop, plotWidth: Math.max(width - NAMES, 50) });
  }

  /** Where each lane begins, below the ruler. */
  layOut() {
    let top = RULER;
    this.tops = this.scenario.lanes.map((lane) => {
      const here = top;
      top += lane.rows * ROW + GAP;
      return here;
    });
    this.inner.style.height = `${top + 2}px`;
    this.box.style.height = `min(${top + 4}px, 70vh)`;
    this.invalidate();
  }

  /** Draws at the next opportunity, however often it is asked for. */
  invalidate() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  x(time) {
    return NAMES + this.axis.at(time) * this.plotWidth;
  }

  /** The middle of an item, on the canvas. */
  y(item) {
    return this.tops[item.lane.index] + GAP / 2 + item.row * ROW + ROW / 2 + 3 + belowMiddle(item) - this.scrollTop;
  }

  /** The first and last lane of which something is visible. */
  get visible() {
    const top = this.scrollTop + RULER;
    const bottom = this.scrollTop + this.height;
    const last = this.tops.findLastIndex((at) => at < bottom);
    return [
      Math.max(
        0,
        this.tops.findLastIndex((at) => at <= top),
      ),
      last,
    ];
  }

  draw() {
    this.measure();
    if (!this.width) return;
    this.view.style.height = `${this.height}px`;
    const [first, last] = this.visible;
    const lanes = this.scenario.lanes.slice(first, last + 1);
    for (const lane of lanes) stack(lane, this.plotWidth / (this.axis.to - this.axis.from));
    this.painter.draw(lanes);
    this.writeNames(lanes);
  }

  writeNames(lanes) {
    const key = lanes.map((lane) => lane.index).join();
    if (this.written !== key) {
      this.written = key;
      this.names.replaceChildren(
        ...lanes.map((lane) =>
          element("span", { title: lane.number ? `task ${lane.number}: ${lane.task_id}` : lane.task_id }, lane.task_id),
        ),
      );
    }
    lanes.forEach((lane, index) => {
      const style = this.names.children[index].style;
      style.top = `${this.tops[lane.index] - this.scrollTop + (lane.rows * ROW + GAP) / 2 - 9}px`;
    });
  }

  /** What is under a point of the screen, and all that cannot be told from it. */
  itemsAt(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    if (x < NAMES || y < RULER) return [];
    const lane = this.scenario.lanes[this.tops.findLastIndex((top) => top <= y + this.scrollTop)];
    const found = [];
    for (const item of lane?.items ?? []) {
      const below = Math.abs(this.y(item) - y);
      if (below > ROW / 2) continue;
      const aside = Math.min(
        ...item.marks.map((mark) => {
          const [left, right] = [this.x(mark.sent), this.x(mark.done)];
          return x < left ? left - x : Math.max(0, x - Math.max(left, right));
        }),
      );
      if (aside < 9) found.push({ item, distance: Math.hypot(aside, below) });
    }
    const nearest = Math.min(...found.map(({ distance }) => distance));
    const under = found.filter(({ distance }) => distance < nearest + 1).map(({ item }) => item);
    // First what failed, then what is on top.
    return under.reverse().sort((a, b) => b.failures.length - a.failures.length);
  }

  /** Zooms about what is selected, if that is to be seen, or else about the middle. */
  zoom(factor) {
    const place = this.selected ? this.axis.at(this.selected.start) : 0.5;
    this.axis.zoom(factor, place >= 0 && place <= 1 ? place : 0.5);
  }

  hover(item) {
    if (item === this.hovered) return;
    this.hovered = item;
    this.box.style.cursor = item ? "pointer" : "";
    this.invalidate();
    this.dispatchEvent(new Event("hover"));
  }

  select(item, { reveal = false } = {}) {
    this.selected = item;
    if (item && reveal) this.reveal(item);
    this.invalidate();
    this.dispatchEvent(new Event("select"));
  }

  reveal(item) {
    this.axis.reveal(item.start, item.end);
    const [top, { scrollTop, clientHeight }] = [this.tops[item.lane.index], this.box];
    const height = item.lane.rows * ROW + GAP;
    if (top < scrollTop + RULER || top + height > scrollTop + clientHeight) this.box.scrollTop = top - clientHeight / 2;
  }
}
