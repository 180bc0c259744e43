// What the receiver owed and did not do: first of all, task by task, each with the command that does it again.
import { copyButton, element } from "../../page/element.js";
import { plural } from "../../page/text.js";

/** How many are listed before one has to ask for the rest. */
const LISTED = 25;

export function failureList(scenarios, jump) {
  const all = scenarios.flatMap((scenario) => scenario.failures);
  if (!all.length) return undefined;
  const untold = scenarios.reduce((sum, { data }) => sum + (data.left_out.failures ?? 0), 0);
  const list = element("div", "list");
  const groups = [...Map.groupBy(all, (failure) => failure.lane ?? failure.scenario).values()];
  let shown = 0;
  const more = element("button", { onclick: () => grow(Infinity) });
  const grow = (most) => {
    for (const group of groups.splice(0, most)) {
      list.append(failureGroup(group, scenarios.length > 1, jump));
      shown += group.length;
    }
    more.textContent = `show the other ${all.length - shown}`;
    more.hidden = groups.length === 0;
  };
  grow(LISTED);
  const rest = untold ? element("p", "faint", `and ${untold} more that had no room on this page`) : undefined;
  return element(
    "section",
    { class: "failures", "aria-label": "Failures" },
    element("h2", "", plural(all.length + untold, "failure")),
    list,
    more,
    rest,
  );
}

/** The failures of one task. */
function failureGroup(group, named, jump) {
  const [{ scenario, lane }] = group;
  const again = lane?.again ?? scenario.data.again;
  const items = group.map(({ about, text, item }) => {
    const open = (event) => {
      event.preventDefault();
      jump(item);
    };
    const what = item ? element("a", { href: `#${item.id}`, onclick: open }, about) : element("b", "", about);
    return element("li", "", what, ": ", text);
  });
  const command = element("p", "command", element("code", "", again), copyButton(again));
  return element(
    "div",
    "failure",
    named ? element("p", "faint", scenario.name) : undefined,
    element("ul", "", items),
    command,
  );
}
