import { expect, test } from 'vitest';
import { gapAfter, Observation, type ObserverReport } from './observation.ts';

const about = { address: '10.77.0.100', port: 80, startedAt: 0 };

/** Answers, each `[host, startedMs, receivedMs]`. */
function observed(answers: readonly (readonly [string, number, number])[]): Observation {
  const observation = new Observation();
  for (const [host, startedMs, receivedMs] of answers) {
    observation.answer({ host, startedMs, receivedMs });
  }
  return observation;
}

function report(
  answers: readonly (readonly [string, number, number])[],
  endMs = 1000,
): ObserverReport {
  return observed(answers).report(about, endMs);
}

test('a gap lasts from the last answer before to the first one after, and names both hosts', () => {
  const seen = report([
    ['alpha', 0, 1],
    ['alpha', 5, 6],
    ['beta', 480, 506],
    ['beta', 990, 996],
  ]);
  expect(seen.gaps[0]).toEqual({ startMs: 6, durationMs: 500, before: 'alpha', after: 'beta' });
  expect(seen.longestGapMs).toBe(500);
  expect(seen.answers).toEqual({ alpha: 2, beta: 2 });
});

test('a gap below the floor is measured but not listed', () => {
  const seen = report(
    [
      ['alpha', 0, 1],
      ['alpha', 20, 21],
    ],
    22,
  );
  expect(seen.gaps).toEqual([]);
  expect(seen.longestGapMs).toBe(20);
});

test('a gap that is open at the end has nobody after it', () => {
  const [gap] = report([['alpha', 0, 1]], 900).gaps;
  expect(gap).toEqual({ startMs: 1, durationMs: 899, before: 'alpha', after: undefined });
});

test('the time before the first answer is no gap', () => {
  const seen = report([['alpha', 400, 401]], 402);
  expect(seen.firstAnswerMs).toBe(401);
  expect(seen.longestGapMs).toBe(1);
});

test('a hand-over from one host to another is no overlap', () => {
  expect(
    report([
      ['alpha', 0, 1],
      ['alpha', 5, 6],
      ['beta', 10, 11],
      ['beta', 15, 16],
    ]).overlaps,
  ).toEqual([]);
});

test('a late answer to a request from before the hand-over is no overlap', () => {
  expect(
    report([
      ['alpha', 0, 1],
      ['beta', 10, 11],
      ['alpha', 5, 12],
    ]).overlaps,
  ).toEqual([]);
});

test('hosts that answer in turn overlap, and the proofs in a row are one overlap', () => {
  const [overlap, ...more] = report([
    ['alpha', 0, 1],
    ['beta', 5, 6],
    ['alpha', 10, 11],
    ['beta', 15, 16],
  ]).overlaps;
  expect(overlap).toEqual({
    evidence: 'answers',
    hosts: ['alpha', 'beta'],
    startMs: 1,
    endMs: 16,
    proofs: 2,
  });
  expect(more).toEqual([]);
});

test('a move there and a move back, slower than the window, are no overlap', () => {
  expect(
    report([
      ['alpha', 0, 1],
      ['beta', 150, 151],
      ['alpha', 300, 301],
    ]).overlaps,
  ).toEqual([]);
});

test('two hosts that answer one ARP request overlap; two that answer different ones do not', () => {
  const same = new Observation();
  same.arpReply({ host: 'alpha', request: 7, sentMs: 10, receivedMs: 10.2 });
  same.arpReply({ host: 'beta', request: 7, sentMs: 10, receivedMs: 10.3 });
  expect(same.report(about, 20).overlaps).toMatchObject([{ evidence: 'arp', startMs: 10 }]);
  const different = new Observation();
  different.arpReply({ host: 'alpha', request: 7, sentMs: 10, receivedMs: 10.2 });
  different.arpReply({ host: 'beta', request: 8, sentMs: 15, receivedMs: 15.2 });
  expect(different.report(about, 20).overlaps).toEqual([]);
});

test('an announcement by one host and a later ARP answer by another overlap', () => {
  const observation = new Observation();
  observation.announcement({ host: 'beta', atMs: 100 });
  observation.arpReply({ host: 'alpha', request: 1, sentMs: 99, receivedMs: 101 });
  expect(observation.report(about, 200).overlaps).toEqual([]);
  observation.arpReply({ host: 'alpha', request: 2, sentMs: 105, receivedMs: 106 });
  expect(observation.report(about, 200).overlaps).toMatchObject([{ evidence: 'announcement' }]);
});

test('a host that announces the address anew may answer for it again', () => {
  const observation = new Observation();
  observation.announcement({ host: 'beta', atMs: 100 });
  observation.announcement({ host: 'alpha', atMs: 200 });
  observation.arpReply({ host: 'alpha', request: 2, sentMs: 205, receivedMs: 206 });
  expect(observation.report(about, 300).overlaps).toEqual([]);
});

test('an announcement repeated just before a move does not accuse the next holder', () => {
  const observation = new Observation();
  observation.arpReply({ host: 'beta', request: 1, sentMs: 70, receivedMs: 71 });
  observation.announcement({ host: 'beta', atMs: 73 });
  observation.arpReply({ host: 'alpha', request: 41, sentMs: 274, receivedMs: 274.2 });
  observation.announcement({ host: 'alpha', atMs: 278 });
  expect(observation.report(about, 300).overlaps).toEqual([]);
});

test('the gap after a mark is the longest that had not ended before it', () => {
  const observation = observed([
    ['alpha', 0, 1],
    ['alpha', 100, 101],
  ]);
  observation.mark('fault', 110);
  observation.answer({ host: 'beta', startedMs: 300, receivedMs: 301 });
  observation.answer({ host: 'beta', startedMs: 340, receivedMs: 341 });
  const seen = observation.report(about, 342);
  expect(gapAfter(seen, 'fault')?.durationMs).toBe(200);
  expect(gapAfter(seen, 'other')).toBeUndefined();
});
