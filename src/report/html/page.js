// The page: failures first, then each scenario with its numbers and its lanes.

const told = JSON.parse(document.getElementById("model").textContent);
const scenarios = told.scenarios.map((scenario, index) => new Scenario(scenario, index, told.kind));
const charts = new Map();

/// The chart of a scenario: made when it is first needed.
function chartOf(scenario) {
  if (!charts.has(scenario)) {
    const chart = new Chart(scenario);
    charts.set(scenario, chart);
    document.getElementById(scenario.id).querySelector(".place").replaceWith(chart.box);
  }
  return charts.get(scenario);
}

/// Goes to an item.
function jump(item) {
  const chart = chartOf(item.scenario);
  chart.lanes.select(item, { reveal: true });
  chart.box.scrollIntoView({ block: "nearest", behavior: STILL.matches ? "auto" : "smooth" });
  chart.lanes.box.focus({ preventScroll: true });
}

/// What the page had no room for, in words.
function leftOut({ left_out: left }) {
  const words = [
    [left.deliveries, "callback", left.at_least ? "more than " : ""],
    [left.attempts, "attempt"],
    [left.bodies, "body", "", "bodies"],
    [left.probes, "probe"],
  ].filter(([count]) => count);
  if (!words.length) return undefined;
  const parts = words.map(
    ([count, noun, before = "", many]) =>
      before + (many && count !== 1 ? `${count.toLocaleString("en")} ${many}` : plural(count, noun)),
  );
  return element(
    "p",
    { class: "left-out", role: "note" },
    `Not on this page, which has only so much room: ${parts.join(", ")}.`,
  );
}

function section(scenario) {
  const { told } = scenario;
  const speed =
    scenario.kind === "plan" || told.speed === 1
      ? undefined
      : told.speed === null
        ? "speed max"
        : `speed ${told.speed}x`;
  const head = [`seed ${told.seed}`, `epoch ${timeOfDay(told.epoch_ms, 0)}`, speed, told.to]
    .filter(Boolean)
    .join("  ·  ");
  return element(
    "section",
    { id: scenario.id, class: "scenario" },
    element("h2", {}, scenario.name),
    element("p", { class: "faint" }, head),
    element("div", { class: "numbers" }, element("div", {}, counts(scenario)), distributions(scenario)),
    leftOut(told),
    element("div", { class: "place" }),
    probeList(scenario),
  );
}

/// All probes, for those who do not want to look for them in the lanes.
function probeList({ probes }) {
  if (!probes.length) return undefined;
  const item = (probe) => {
    const open = (event) => {
      event.preventDefault();
      jump(probe);
    };
    const words = probe.failures.map((failure) => failure.text).join("; ") || "as expected";
    return element(
      "li",
      { class: probe.told.as_expected ? "" : "bad" },
      element("a", { href: `#${probe.id}`, onclick: open }, probe.says),
      `: ${words}`,
    );
  };
  return element(
    "details",
    { class: "probes" },
    element("summary", {}, plural(probes.length, "probe")),
    element("ul", {}, probes.slice(0, 1000).map(item)),
  );
}

function verdict() {
  if (told.kind === "plan") return element("span", { class: "verdict" }, "plan, nothing is sent");
  const sum = (count) => scenarios.reduce((all, { told: { summary } }) => all + summary[count], 0);
  const [failed, cut] = [sum("complaints"), sum("interrupted") + sum("not_started")];
  if (failed) return element("span", { class: "verdict bad" }, `✕ ${plural(failed, "failure")}`);
  return element("span", { class: "verdict good" }, cut ? "✓ no failure, cut short" : "✓ no failure");
}

function build() {
  const names = scenarios.map(({ name }) => name);
  document.title = `pullpush ${told.kind}: ${names.length > 3 ? plural(names.length, "scenario") : names.join(", ")}`;
  const links = scenarios.map(({ id, name, failures }) =>
    element("a", { href: `#${id}`, class: failures.length ? "bad" : "good" }, `${failures.length ? "✕" : "✓"} ${name}`),
  );
  document
    .querySelector("main")
    .append(
      element("header", {}, element("h1", {}, `pullpush ${told.kind}`), verdict()),
      ...[failureList(scenarios, jump)].filter(Boolean),
      ...(scenarios.length > 1 ? [element("nav", { "aria-label": "Scenarios" }, links)] : []),
      ...scenarios.map(section),
      element("footer", { class: "faint" }, `written by pullpush ${told.version}`),
    );
  // Charts are made when they come near: there may be many.
  const near = new IntersectionObserver(
    (entries) =>
      entries
        .filter((entry) => entry.isIntersecting)
        .forEach(({ target }) => chartOf(scenarios[target.parentNode.id.slice(1)])),
    { rootMargin: "400px" },
  );
  document.querySelectorAll(".place").forEach((place) => near.observe(place));
}

/// `#s0-d12`: the address of an item.
function goToAddress() {
  const item = scenarios.flatMap(({ items }) => items).find(({ id }) => `#${id}` === location.hash);
  if (item) jump(item);
}

build();
goToAddress();
addEventListener("hashchange", goToAddress);
for (const query of ["(prefers-color-scheme: dark)", `(resolution: ${devicePixelRatio}dppx)`]) {
  matchMedia(query).addEventListener("change", () => charts.forEach((chart) => chart.redraw()));
}
