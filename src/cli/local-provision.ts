import type { LocalProvision } from '../provision/local-types.ts';

/** Loads what works on this node's own files: certificates are slow to load and rarely needed. */
export function localProvision(): Promise<LocalProvision> {
  return import('../provision/local.ts');
}
