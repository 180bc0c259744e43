// Times and lengths in words. All are microseconds, and times count from the beginning.

export const [MS, SECOND, MINUTE, HOUR, DAY] = [1e3, 1e6, 60e6, 3600e6, 86400e6];

/** `420 µs`, `1.49 ms`, `16 ms`, `1.486 s`, `5 min 3 s` */
export function length(us) {
  if (us === 0) return "0";
  const short = (value) => String(Number(value.toPrecision(3)));
  if (us < MS) return `${Math.round(us)} µs`;
  if (us < SECOND) return `${short(us / MS)} ms`;
  if (us < 10 * SECOND) return `${Number((us / SECOND).toFixed(3))} s`;
  if (us < MINUTE) return `${Number((us / SECOND).toFixed(1))} s`;
  const [big, small, words] =
    us < HOUR ? [MINUTE, SECOND, ["min", "s"]] : us < DAY ? [HOUR, MINUTE, ["h", "min"]] : [DAY, HOUR, ["d", "h"]];
  const rest = Math.floor((us % big) / small);
  return `${Math.floor(us / big)} ${words[0]}${rest ? ` ${rest} ${words[1]}` : ""}`;
}

/** The distances that ticks may have: they are round in the unit they are read in. */
const STEPS = [
  ...[1, 10, 100, MS, 10 * MS, 100 * MS].flatMap((power) => [power, 2 * power, 5 * power]),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map((days) => days * DAY),
];

/** Times between `from` and `to`, at most `most` of them, each with its label. */
export function ticks(from, to, most) {
  const step = STEPS.find((step) => (to - from) / step <= most) ?? STEPS.at(-1);
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push({ at, label: tick(at, step, to) });
  return found;
}

function tick(at, step, to) {
  if (at === 0) return "0";
  if (to < MS) return `${at} µs`;
  const digits = (unit) => Math.max(0, -Math.floor(Math.log10(step / unit)));
  if (to < SECOND) return `${(at / MS).toFixed(digits(MS))} ms`;
  if (to < MINUTE) return `${(at / SECOND).toFixed(digits(SECOND))} s`;
  return clock(at, digits(SECOND));
}

/** `1:05`, `1:05:00.250`, `2d 01:00:00` */
export function clock(us, digits = 3) {
  const total = Math.round((us * 10 ** digits) / SECOND) / 10 ** digits;
  const two = (value) => String(value).padStart(2, "0");
  const [days, hours, minutes] = [
    Math.floor(total / 86400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
  ];
  const seconds = (total % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  const rest = days || hours ? `${days ? two(hours) : hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
  return days ? `${days}d ${rest}` : rest;
}
