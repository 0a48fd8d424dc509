/** Monotonic clocks of real machines stay within this share of true time (R16): 0.1 %, far beyond any quartz. */
const CLOCK_RATE_BOUND = 0.001;
/** Grain of the clocks and timers involved. */
const GRAIN_MS = 1;

/**
 * m of R16: with clock rates within 1 ± r of true time a holder's D + S may last 2r(D + S)/(1 - r²) longer than the
 * voters' D and the leader's S.
 */
export function marginMs(detectMaxMs: number, selfStopMs: number): number {
  const r = CLOCK_RATE_BOUND;
  return Math.ceil((2 * r * (detectMaxMs + selfStopMs)) / (1 - r * r) + GRAIN_MS);
}
