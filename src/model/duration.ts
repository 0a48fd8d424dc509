const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a duration looks like, for schemas: a whole or decimal number and its unit. */
export const durationPattern: RegExp = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|min|h|d)$/;

/** Whole milliseconds of `500ms`, `5s`, `2min`, `1h`, `1d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text.trim());
  if (!match) return undefined;
  const factor = units[match[2] ?? ''];
  if (factor === undefined) return undefined;
  return Math.round(Number(match[1]) * factor);
}

/** The shortest exact text of a duration, as the configuration file has it. */
export function durationText(ms: number): string {
  for (const unit of ['d', 'h', 'min', 's']) {
    const factor = units[unit] ?? 1;
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

/** How long ago or for how long, for people: `350 ms`, `7 s`, `2 min`, `3 h 20 min`, `5 d 2 h`. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return withRest(`${hours} h`, minutes % 60, 'min');
  return withRest(`${Math.floor(hours / 24)} d`, hours % 24, 'h');
}

function withRest(head: string, rest: number, unit: string): string {
  return rest === 0 ? head : `${head} ${rest} ${unit}`;
}
