/** What a piece of text means; how it looks is decided in one place. */
export type Mood = 'good' | 'bad' | 'warn' | 'dim' | 'strong';

/** Gives text its colour, or leaves it as it is where colours are not wanted. */
export type Paint = (mood: Mood, text: string) => string;

const codes: Readonly<Record<Mood, readonly [on: number, off: number]>> = {
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  dim: [2, 22],
  strong: [1, 22],
};

export const plainPaint: Paint = (_mood, text) => text;

export const colourPaint: Paint = (mood, text) => {
  const [on, off] = codes[mood];
  return `\u{1b}[${on}m${text}\u{1b}[${off}m`;
};

/** Colours only on a terminal that can show them, and never against NO_COLOR. */
export function paintFor(isTerminal: boolean, environment: NodeJS.ProcessEnv): Paint {
  if (environment.NO_COLOR || environment.TERM === 'dumb') return plainPaint;
  return isTerminal ? colourPaint : plainPaint;
}
