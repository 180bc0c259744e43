// Pointer, wheel and keys on the lanes.
import { onKeys } from "../../page/keys.js";
import { NAMES } from "./rows.js";

export class Input {
  constructor(lanes) {
    this.lanes = lanes;
    const { box } = lanes;
    box.addEventListener("pointermove", (event) => this.move(event));
    box.addEventListener("pointerleave", () => lanes.hover(undefined));
    box.addEventListener("pointerdown", (event) => this.press(event));
    addEventListener("pointerup", () => this.release());
    box.addEventListener("click", (event) => this.dragged || this.choose(event));
    box.addEventListener("dblclick", (event) => lanes.axis.zoom(0.3, this.placeOf(event)));
    box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    onKeys(box, this.keys);
  }

  /** Where on the time axis, from 0 to 1. */
  placeOf({ clientX }) {
    const { canvas, plotWidth } = this.lanes;
    return (clientX - canvas.getBoundingClientRect().left - NAMES) / plotWidth;
  }

  press(event) {
    const place = this.placeOf(event);
    if (event.button !== 0 || event.pointerType === "touch" || place < 0 || place > 1) return;
    const { from, to } = this.lanes.axis;
    this.drag = { x: event.clientX, from, to, moved: false };
  }

  move(event) {
    const { drag, lanes } = this;
    if (drag) {
      const by = event.clientX - drag.x;
      drag.moved ||= Math.abs(by) > 3;
      const time = (by / lanes.plotWidth) * (drag.to - drag.from);
      if (drag.moved) lanes.axis.show(drag.from - time, drag.to - time, { smooth: false });
    }
    lanes.hover(drag?.moved ? undefined : lanes.itemsAt(event.clientX, event.clientY)[0]);
  }

  /** What lies under another is reached by the next click. */
  choose({ clientX, clientY }) {
    const under = this.lanes.itemsAt(clientX, clientY);
    this.lanes.select(under[(under.indexOf(this.lanes.selected) + 1) % under.length]);
  }

  /** What was dragged is not clicked. */
  release() {
    this.dragged = Boolean(this.drag?.moved);
    this.drag = undefined;
  }

  /** With Ctrl it zooms, sideways it pans, otherwise it scrolls, as everywhere. */
  wheel(event) {
    const { axis, plotWidth } = this.lanes;
    const [x, y] = event.shiftKey ? [event.deltaX || event.deltaY, 0] : [event.deltaX, event.deltaY];
    if (event.ctrlKey || event.metaKey) axis.zoom(Math.exp(event.deltaY / 300), this.placeOf(event), { smooth: false });
    else if (Math.abs(x) > Math.abs(y)) axis.pan(x / plotWidth, { smooth: false });
    else return;
    event.preventDefault();
  }

  get keys() {
    const { lanes } = this;
    const filled = () => lanes.scenario.lanes.filter((lane) => lane.items.length);
    const go = (item) => item && lanes.select(item, { reveal: true });
    return {
      "+": () => lanes.zoom(0.5),
      "=": () => lanes.zoom(0.5),
      "-": () => lanes.zoom(2),
      0: () => lanes.axis.fit(),
      ArrowLeft: () => go(this.inLane(filled(), -1)),
      ArrowRight: () => go(this.inLane(filled(), 1)),
      ArrowUp: () => go(this.across(filled(), -1)),
      ArrowDown: () => go(this.across(filled(), 1)),
      Home: () => go(filled()[0]?.items[0]),
      End: () => go(filled().at(-1)?.items.at(-1)),
      Enter: () => lanes.dispatchEvent(new Event("open")),
      Escape: () => lanes.select(undefined),
    };
  }

  /** The next item in the lane, or the one before. */
  inLane(filled, by) {
    const { selected } = this.lanes;
    if (!selected) return filled[0]?.items[0];
    const { items } = selected.lane;
    return items[items.indexOf(selected) + by];
  }

  /** The item at about the same time in the next lane, or the one before. */
  across(filled, by) {
    const { selected } = this.lanes;
    if (!selected) return filled[0]?.items[0];
    const away = (item) => Math.abs(item.start - selected.start);
    return filled[filled.indexOf(selected.lane) + by]?.items.reduce((a, b) => (away(b) < away(a) ? b : a));
  }
}
