import type { LocalProvision } from '../provision/local-types.ts';

/** Loads what works on this node's own files: certificates are slow to load and rarely needed. */
export async function localProvision(): Promise<LocalProvision> {
  const path = '../provision/local.ts';
  return (await import(import.meta.resolve(path))) as LocalProvision;
}
