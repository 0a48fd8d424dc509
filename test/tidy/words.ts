/** A word that the project does not use, and the one that it uses. */
export interface ForbiddenWord {
  readonly pattern: RegExp;
  readonly instead: string;
}

/**
 * One word per thing. Each pattern is tried on whole words, of prose and of the parts of identifiers
 * (`ringNumber` is `ring Number`).
 */
export const forbiddenWords: readonly ForbiddenWord[] = [
  { pattern: /\brings?\b/i, instead: 'link' },
  { pattern: /\bDC\b/, instead: 'leader' },
  { pattern: /\bstonith\b/i, instead: 'fence' },
  { pattern: /\bsuicide\b/i, instead: 'self-fence' },
  { pattern: /\bmasters?\b/i, instead: 'promoted' },
  { pattern: /\bslaves?\b/i, instead: 'unpromoted' },
  { pattern: /\bznodes?\b/i, instead: 'tree node' },
  { pattern: /\b(?:re|pre)?allocat(?:e[ds]?|ing|ions?)\b/i, instead: 'assign' },
  { pattern: /\bweight(?:s|ed)?\b/i, instead: 'score' },
];

/** Words of others, where they speak. */
export const quotes: readonly { readonly file: RegExp; readonly text: RegExp }[] = [
  // ip(8): how a port is put into a bridge.
  { file: /^test\/lab\//, text: /link set \S+ master / },
  // mount_namespaces(7): a kind of propagation.
  { file: /^test\/lab\/namespaces\.ts$/, text: /'--propagation', 'slave'/ },
  // fast-check: how often a branch is taken.
  { file: /^test\/core\//, text: /\bweight: \d/ },
  // What alarm clocks do.
  { file: /^test\/driver\//, text: /\bring\(\)|\brings\b/ },
  // Pacemaker: names in its configurations.
  {
    file: /^(?:src|test)\/import\/pacemaker\//,
    text: /stonith|suicide|masters?\b|'Slave'/i,
  },
  // The list itself.
  { file: /^test\/tidy\/words\.ts$/, text: /pattern: |`ringNumber`|text: \// },
];

/** Cuts identifiers into their words: `takeoverDelayMs` to `takeover Delay Ms`. */
export function splitIdentifiers(line: string): string {
  return line.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
}
