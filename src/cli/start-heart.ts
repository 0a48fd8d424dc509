/** Where the heart's program is; the bundle puts it elsewhere. */
const HEART = '../heart/main.ts';

/**
 * Hands the process over to the heart. The module starts itself when it is loaded; the command
 * line knows nothing of it (it stands on another floor).
 */
export async function startHeart(): Promise<void> {
  await import(import.meta.resolve(HEART));
}
