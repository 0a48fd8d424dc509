/** How urgent a line is, as syslog numbers it (sd-daemon(3)). */
const priorities = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;

export type Urgency = keyof typeof priorities;

/**
 * One line for the journal: standard error with a priority prefix, which systemd reads. Control characters never reach
 * it: a name must not be able to forge a line.
 */
export function journal(urgency: Urgency, text: string): void {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  // Not for a person who started the program by hand.
  const prefix = process.stderr.isTTY ? '' : `<${priorities[urgency]}>`;
  process.stderr.write(`${prefix}${line}\n`);
}
