import type { Measurement, Target } from './measurement.ts';

const nameWidth = 42;
const numberWidth = 10;

/** The head of the table that people read. */
export function headLine(): string {
  return row(['', 'median', 'min', 'max', 'n'], 'to reach');
}

export function measurementLine(found: Measurement): string {
  const { metric, unit, median, min, max, n, target, reached } = found;
  const numbers = [figure(median), figure(min), figure(max), String(n)];
  const verdict =
    target === undefined ? '' : `${targetText(target)}${reached === true ? '' : '  MISSED'}`;
  return row([`${metric}, ${unit}`, ...numbers], verdict);
}

function row([first = '', ...numbers]: readonly string[], last: string): string {
  const cells = numbers.map((cell) => cell.padStart(numberWidth)).join('');
  return `${first.padEnd(nameWidth)}${cells}  ${last}`.trimEnd();
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Math.round(value * 100) / 100);
}

function targetText({ medianMost, maxMost, least }: Target): string {
  const parts = [
    medianMost === undefined ? [] : [`median ≤ ${medianMost}`],
    maxMost === undefined ? [] : [`max ≤ ${maxMost}`],
    least === undefined ? [] : [`≥ ${least}`],
  ];
  return parts.flat().join(', ');
}
