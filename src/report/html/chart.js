// The lanes of a scenario with all that belongs to them: overview, tools, legend, details.
import { element } from "../../page/element.js";
import { Axis } from "./axis.js";
import { Details } from "./details.js";
import { legend } from "./glyphs.js";
import { Lanes } from "./lanes.js";
import { LOOKS } from "./model.js";
import { Overview } from "./overview.js";
import { length } from "./time.js";

export class Chart {
  constructor(scenario) {
    this.scenario = scenario;
    this.axis = new Axis(scenario.from, scenario.to);
    this.lanes = new Lanes(scenario, this.axis);
    this.overview = new Overview(scenario, this.axis, this.lanes);
    this.details = new Details(scenario);
    this.legend = legend(scenario);
    this.spoken = element("p", { class: "hidden", "aria-live": "polite" });
    this.range = element("output", { class: "range", "aria-label": "Shown" });
    this.box = element(
      "div",
      "chart",
      this.spoken,
      this.toolbar(),
      element(
        "div",
        "side",
        element("div", "plot", this.overview.canvas, this.lanes.box, this.legend),
        this.details.box,
      ),
    );
    this.axis.addEventListener("change", () => this.tellRange());
    this.lanes.addEventListener("hover", () => this.showDetails());
    this.lanes.addEventListener("select", () => this.selected());
    this.lanes.addEventListener("open", () => this.details.box.focus());
    this.tellRange();
    this.redraw();
  }

  toolbar() {
    const button = (words, label, does) =>
      element("button", { "aria-label": label, title: label, onclick: does }, words);
    const axes = ["run", "scenario"].map((axis) =>
      element(
        "button",
        {
          class: "axis",
          "data-axis": axis,
          "aria-pressed": String(this.scenario.axis === axis),
          onclick: () => this.setAxis(axis),
        },
        `${axis} time`,
      ),
    );
    return element(
      "div",
      "toolbar",
      button("−", "Zoom out", () => this.lanes.zoom(2)),
      button("+", "Zoom in", () => this.lanes.zoom(0.5)),
      button("all", "Show all", () => this.axis.fit()),
      this.range,
      ...(this.scenario.hasTwoAxes
        ? [element("span", { class: "axes", role: "group", "aria-label": "Time axis" }, axes)]
        : []),
    );
  }

  setAxis(axis) {
    this.scenario.setAxis(axis);
    this.lanes.layOut();
    this.axis.setWhole(this.scenario.from, this.scenario.to);
    for (const button of this.box.querySelectorAll(".axis"))
      button.setAttribute("aria-pressed", String(button.dataset.axis === axis));
  }

  tellRange() {
    const [from, to] = [Math.max(this.axis.from, 0), this.axis.to];
    this.range.textContent = `${length(from)} – ${length(to)}`;
  }

  showDetails() {
    const { hovered, selected } = this.lanes;
    this.details.show(selected ?? hovered, Boolean(selected));
  }

  selected() {
    this.showDetails();
    const { selected } = this.lanes;
    this.spoken.textContent = selected ? `${selected.title} ${LOOKS[selected.marks.at(-1).look]}` : "";
    if (selected) history.replaceState(null, "", `#${selected.id}`);
  }

  redraw() {
    this.legend.querySelectorAll("canvas").forEach((canvas) => canvas.redraw());
    this.lanes.invalidate();
    this.overview.invalidate();
  }
}
