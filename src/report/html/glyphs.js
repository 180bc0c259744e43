// The signs on the lanes: each look has a shape of its own, so that colour is never the only sign.
import { element } from "../../page/element.js";
import { EVENTS } from "../../page/events.js";
import { LOOKS } from "./model.js";

/** The colours of the page as they are now, light or dark. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["back", "soft", "line", "ink", "faint", "good", "bad", "note", "accent", "incident"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export const COLOURS = {
  good: "good",
  bad: "bad",
  lost: "bad",
  refused: "note",
  cut: "faint",
  dropped: "note",
  planned: "accent",
  asked: "accent",
  wrong: "bad",
};

/** Draws the sign of a look with its middle at `x`, `y`. */
export function sign(context, look, x, y, colours, r = 4.5) {
  const colour = colours[COLOURS[look]];
  Object.assign(context, { fillStyle: colour, strokeStyle: colour, lineWidth: 2 });
  context.beginPath();
  SHAPES[look](context, x, y, r);
  if (HOLLOW.includes(look)) {
    context.fillStyle = colours.back;
    context.fill();
    context.stroke();
  } else if (look === "bad") {
    // A cross alone would be lost on a busy lane.
    Object.assign(context, { strokeStyle: colours.back, lineWidth: 5 });
    context.stroke();
    Object.assign(context, { strokeStyle: colour, lineWidth: 2.6 });
    context.stroke();
  } else {
    context.fill();
  }
}

const HOLLOW = ["lost", "refused", "cut", "dropped", "wrong"];

const polygon = (context, points) => {
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
};
const circle = (context, x, y, r) => context.arc(x, y, r, 0, 2 * Math.PI);
const diamond = (context, x, y, r) =>
  polygon(context, [
    [x, y - r - 1],
    [x + r + 1, y],
    [x, y + r + 1],
    [x - r - 1, y],
  ]);

const SHAPES = {
  good: circle,
  planned: circle,
  cut: circle,
  asked: diamond,
  wrong: diamond,
  refused: (context, x, y, r) => context.rect(x - r + 0.5, y - r + 0.5, 2 * r - 1, 2 * r - 1),
  lost: (context, x, y, r) =>
    polygon(context, [
      [x, y - r - 0.5],
      [x + r + 0.5, y + r - 0.5],
      [x - r - 0.5, y + r - 0.5],
    ]),
  bad(context, x, y, r) {
    context.moveTo(x - r, y - r);
    context.lineTo(x + r, y + r);
    context.moveTo(x + r, y - r);
    context.lineTo(x - r, y + r);
  },
  dropped(context, x, y, r) {
    circle(context, x, y, r);
    context.moveTo(x - r * 0.7, y + r * 0.7);
    context.lineTo(x + r * 0.7, y - r * 0.7);
  },
};

/** A ring: it comes a second time. */
export function ring(context, x, y, colour, r = 7.5) {
  Object.assign(context, { strokeStyle: colour, lineWidth: 1.3 });
  context.beginPath();
  circle(context, x, y, r);
  context.stroke();
}

/** A little wedge above: something was done to it on purpose. */
export function wedge(context, x, y, colours) {
  Object.assign(context, { fillStyle: colours.note });
  context.beginPath();
  polygon(context, [
    [x - 3.5, y - 12],
    [x + 3.5, y - 12],
    [x, y - 7],
  ]);
  context.fill();
}

/** An exclamation mark above: the receiver failed here. */
export function alarm(context, x, y, colours) {
  Object.assign(context, { fillStyle: colours.bad, font: "bold 12px system-ui, sans-serif", textAlign: "center" });
  context.fillText("!", x, y - 10);
  context.textAlign = "left";
}

/** Makes a canvas as large as its place, sharp on every screen, and empty. */
export function prepare(canvas, width, height) {
  const scale = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) {
    Object.assign(canvas, { width: wide, height: high });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** What the signs mean, for the looks that are there. */
export function legend(scenario) {
  const marks = scenario.items.flatMap((item) => item.marks);
  const seen = new Set(marks.map((mark) => mark.look));
  const entry = (draw, words) => {
    const canvas = element("canvas", "sign");
    canvas.redraw = () => draw(prepare(canvas, 20, 24), palette());
    return element("span", "entry", canvas, words);
  };
  const explained = EVENTS.filter(({ legend }) => legend);
  const entries = Object.entries(LOOKS)
    .filter(([look]) => seen.has(look))
    .map(([look, words]) => entry((context, colours) => sign(context, look, 10, 14, colours), words));
  const extra = [
    [
      marks.some((mark) => mark.twice),
      (context, colours) => ring(context, 10, 14, colours.faint),
      "sent a second time",
    ],
    [
      scenario.deliveries.some((item) => item.fault),
      (context, colours) => wedge(context, 10, 20, colours),
      "fault, on purpose",
    ],
    [scenario.failures.length > 0, (context, colours) => alarm(context, 10, 28, colours), "the receiver failed"],
    [
      scenario.lanes.some((lane) => lane.running.length),
      (context, colours) => shade(context, 2, 9, 16, 10, colours.accent, 0.16),
      "task runs",
    ],
    [
      scenario.lanes.some((lane) => lane.incidents.length),
      (context, colours) => hatch(context, 2, 9, 16, 10, colours.incident),
      "incident",
    ],
  ];
  return element(
    "div",
    "legend",
    entries,
    extra.filter(([there]) => there).map(([, draw, words]) => entry(draw, words)),
    scenario.deliveries.some((item) => item.event.legend) &&
      element("span", "entry", explained.map(({ short, legend }) => `${short.replace("{}", 0)} ${legend}`).join(", ")),
  );
}

export function shade(context, x, y, width, height, colour, alpha) {
  Object.assign(context, { fillStyle: colour, globalAlpha: alpha });
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
}

/** Oblique lines, and one at the bottom. */
export function hatch(context, x, y, width, height, colour) {
  shade(context, x, y, width, height, colour, 0.1);
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  Object.assign(context, { strokeStyle: colour, lineWidth: 1, globalAlpha: 0.35 });
  context.beginPath();
  const first = x - height - ((x - height) % 7);
  for (let at = first; at < x + width; at += 7) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
  shade(context, x, y + height - 2, width, 2, colour, 0.9);
}
