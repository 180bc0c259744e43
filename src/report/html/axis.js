// The time axis: which part of the whole is shown, and where on the screen a time is.

export const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Axis extends EventTarget {
  constructor(from, to) {
    super();
    this.setWhole(from, to);
  }

  /** Sets what there is to be shown, and shows all of it. */
  setWhole(from, to) {
    const margin = Math.max((to - from) * 0.02, 500);
    // More on the right, for the name of what comes last.
    [this.least, this.most] = [from - margin, to + 4 * margin];
    this.show(this.least, this.most, { smooth: false });
  }

  /** Where a time is, from 0 to 1. */
  at(time) {
    return (time - this.from) / (this.to - this.from);
  }

  /** The time at a place from 0 to 1. */
  time(place) {
    return this.from + place * (this.to - this.from);
  }

  get isWhole() {
    return this.to - this.from > (this.most - this.least) * 0.999;
  }

  /** Shows a range, but nothing outside the whole, and never less than 20 µs. */
  show(from, to, { smooth = true } = {}) {
    const length = Math.min(Math.max(to - from, 20), this.most - this.least);
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(middle - length / 2, this.least), this.most - length);
    cancelAnimationFrame(this.frame);
    const goal = [start, start + length];
    if (!smooth || STILL.matches || this.from === undefined) return this.set(...goal);
    const began = performance.now();
    const [oldFrom, oldTo] = [this.from, this.to];
    const step = (now) => {
      const done = Math.min(Math.max((now - began) / 180, 0), 1);
      const eased = 1 - (1 - done) ** 3;
      this.set(oldFrom + (goal[0] - oldFrom) * eased, oldTo + (goal[1] - oldTo) * eased);
      if (done < 1) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  set(from, to) {
    [this.from, this.to] = [from, to];
    this.dispatchEvent(new Event("change"));
  }

  /** Shows `factor` times as much, with the time at `place` where it is. */
  zoom(factor, place = 0.5, options) {
    const time = this.time(place);
    const length = (this.to - this.from) * factor;
    this.show(time - place * length, time + (1 - place) * length, options);
  }

  /** Moves by a part of what is shown. */
  pan(part, options) {
    const by = (this.to - this.from) * part;
    this.show(this.from + by, this.to + by, options);
  }

  /** Shows everything. */
  fit() {
    this.show(this.least, this.most);
  }

  /** Sees to it that a span is visible, with something around it. */
  reveal(from, to) {
    const length = this.to - this.from;
    if (from >= this.from + length * 0.03 && to <= this.to - length * 0.03) return;
    const wanted = Math.max(length, (to - from) * 1.5);
    this.show((from + to - wanted) / 2, (from + to + wanted) / 2);
  }
}
