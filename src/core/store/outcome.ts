/** What became of one applied command. A refusal changes nothing but the index. */
export type Outcome =
  | { readonly kind: 'applied'; readonly changed: boolean }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string };

export type RefusalCode = 'not-found' | 'exists' | 'conflict' | 'unsafe' | 'bad-token' | 'stale';

export const applied: Outcome = { kind: 'applied', changed: true };
export const unchanged: Outcome = { kind: 'applied', changed: false };

export function refused(code: RefusalCode, message: string): Outcome {
  return { kind: 'refused', code, message };
}
