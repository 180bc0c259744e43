/**
 * What a page knows about events: the table that the program gives with it, in the element `events`, a row for each.
 *
 * @typedef {object} EventRow
 * @property {string} name `callback_event`
 * @property {string} short what stands for it where there is little room, with `{}` for the value: `exit {}`
 * @property {string} [look] the class of its sign: start, file, exit, alarm
 * @property {"runs" | "stops"} [task] what it says of its task
 * @property {string} [field] the field of `msg` that is told with the name
 * @property {string} [shown] how its value is told: `[{}]`
 * @property {string} [legend] what `short` with a value of 0 means
 */

/** @type {EventRow[]} */
export const EVENTS = JSON.parse(document.getElementById("events").textContent);

/** The row of a name; of a name that is not in the table, and of none, one that says nothing. */
export const eventNamed = (name) => EVENTS.find((row) => row.name === name) ?? {};
