import { userInfo } from 'node:os';

/** Who typed the command, also behind sudo: for events, no proof. */
export function invoker(): string {
  const { SUDO_USER, USER, LOGNAME } = process.env;
  const known = SUDO_USER || USER || LOGNAME;
  if (known) return known;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'local'); // A user without an entry in /etc/passwd.
  }
}

/** Columns of the terminal, or of a page where there is none. */
export function screenWidth(): number {
  const columns = process.stdout.columns ?? 0;
  return columns >= 40 ? columns : 80;
}

/** How long a command waits for one answer of the agent, in ms. */
export const ANSWER_TIMEOUT_MS = 35_000;
