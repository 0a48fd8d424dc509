import type { Test } from '../../core/scheduler/policy/input.ts';
import { childNamed, type Element } from './element.ts';

/** For whom and when a rule is read. */
export interface Circumstances {
  readonly nowS: number;
  readonly standard?: string | undefined;
  readonly provider?: string | undefined;
  readonly type?: string | undefined;
  readonly operation?: string | undefined;
  readonly intervalMs?: number | undefined;
}

/** A rule as a condition; what can be told now (dates, kinds of resources) is told now. */
export function readRuleTest(
  rule: Element,
  circumstances: Circumstances,
  index: ReadonlyMap<string, Element>,
): Test {
  const reference = rule.attributes['id-ref'];
  const actual = (reference === undefined ? undefined : index.get(reference)) ?? rule;
  const tests = actual.children.flatMap((child): readonly Test[] => {
    switch (child.name) {
      case 'rule':
        return [readRuleTest(child, circumstances, index)];
      case 'expression':
        return [readExpression(child)];
      case 'date_expression':
        return [{ kind: 'constant', value: dateHolds(child, circumstances.nowS) }];
      case 'rsc_expression':
        return [{ kind: 'constant', value: kindHolds(child, circumstances) }];
      case 'op_expression':
        return [{ kind: 'constant', value: operationHolds(child, circumstances) }];
      default:
        return [];
    }
  });
  return { kind: actual.attributes['boolean-op'] === 'or' ? 'any' : 'all', tests };
}

function readExpression(element: Element): Test {
  const { attribute = '', operation = '', type, value } = element.attributes;
  const source = element.attributes['value-source'];
  return {
    kind: 'attribute',
    attribute: renameAttribute(attribute),
    operation,
    type,
    value,
    source: source === 'param' || source === 'meta' ? source : 'literal',
  };
}

/** Promotion scores go by another prefix there. */
export function renameAttribute(name: string): string {
  return name.replace(/^master-/, 'promotion-');
}

/** True if a condition without node attributes holds. */
export function holdsAnywhere(test: Test, attributes: ReadonlyMap<string, string>): boolean {
  switch (test.kind) {
    case 'constant':
      return test.value;
    case 'all':
      return test.tests.every((item) => holdsAnywhere(item, attributes));
    case 'any':
      return test.tests.some((item) => holdsAnywhere(item, attributes));
    case 'attribute': {
      const actual = attributes.get(test.attribute);
      if (test.operation === 'defined') return actual !== undefined;
      if (test.operation === 'not_defined') return actual === undefined;
      const isSame = actual?.toLowerCase() === test.value?.toLowerCase();
      return test.operation === 'ne' ? !isSame : test.operation === 'eq' && isSame;
    }
  }
}

function kindHolds(element: Element, given: Circumstances): boolean {
  const { class: standard, provider, type } = element.attributes;
  return (
    (standard === undefined || standard === given.standard) &&
    (provider === undefined || provider === given.provider) &&
    (type === undefined || type === given.type)
  );
}

function operationHolds(element: Element, given: Circumstances): boolean {
  const { name, interval } = element.attributes;
  if (name !== given.operation) return false;
  return interval === undefined || parseIntervalMs(interval) === (given.intervalMs ?? 0);
}

/** Milliseconds of `10s`, `5min`, ISO 8601 durations; a bare number is seconds. */
export function parseIntervalMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const iso = /^P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(text);
  if (iso !== null) {
    const [, d = '0', h = '0', m = '0', s = '0'] = iso;
    return (((Number(d) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s)) * 1000;
  }
  const match = /^\s*(\d+)\s*([a-z]*)/i.exec(text);
  if (match === null) return 0;
  const factors: Readonly<Record<string, number>> = {
    ms: 1,
    msec: 1,
    us: 0.001,
    usec: 0.001,
    m: 60_000,
    min: 60_000,
    h: 3_600_000,
    hr: 3_600_000,
  };
  return Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? 1000);
}

function dateHolds(element: Element, nowS: number): boolean {
  const { operation = 'in_range', start, end } = element.attributes;
  const from = start === undefined ? undefined : parseTimeS(start);
  let to = end === undefined ? undefined : parseTimeS(end);
  const duration = childNamed(element, 'duration');
  if (to === undefined && from !== undefined && duration !== undefined) {
    to = addDuration(from, duration);
  }
  switch (operation) {
    case 'gt':
      return from !== undefined && nowS > from;
    case 'lt':
      return to !== undefined && nowS < to;
    case 'eq':
      return from !== undefined && nowS === from;
    case 'date_spec': {
      const spec = childNamed(element, 'date_spec');
      return spec !== undefined && matchesSpec(spec, nowS);
    }
    default:
      if (from === undefined && to === undefined) return false;
      return (from === undefined || nowS >= from) && (to === undefined || nowS <= to);
  }
}

/** Seconds since 1970 of ISO 8601 texts: calendar dates, week dates and ordinal dates. */
function parseTimeS(text: string): number | undefined {
  const trimmed = text.trim();
  const ordinal = /^(\d{4})-(\d{3})(.*)$/.exec(trimmed);
  if (ordinal !== null && !/^\d{4}-\d{2}-/.test(trimmed)) {
    const day = Date.UTC(Number(ordinal[1]), 0, Number(ordinal[2]));
    return day / 1000 + timeOfDayS(ordinal[3] ?? '');
  }
  const week = /^(\d{4})-W(\d{2})-(\d)(.*)$/.exec(trimmed);
  if (week !== null) {
    const jan4 = new Date(Date.UTC(Number(week[1]), 0, 4));
    const monday = jan4.getTime() - ((jan4.getUTCDay() + 6) % 7) * 86_400_000;
    const days = (Number(week[2]) - 1) * 7 + Number(week[3]) - 1;
    return monday / 1000 + days * 86_400 + timeOfDayS(week[4] ?? '');
  }
  const date = /^(\d{4})-?(\d{2})-?(\d{2})(.*)$/.exec(trimmed);
  if (date === null) return undefined;
  const day = Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
  return day / 1000 + timeOfDayS(date[4] ?? '');
}

function timeOfDayS(text: string): number {
  const match = /^[T\s]*(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?\s*(Z|[+-]\d{2}:?(?:\d{2})?)?\s*$/.exec(
    text,
  );
  if (match === null) return 0;
  const [, h = '0', m = '0', s = '0', zone] = match;
  const offset = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? '');
  const offsetS =
    offset === null
      ? 0
      : (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 3600 + Number(offset[3] ?? 0) * 60);
  return Number(h) * 3600 + Number(m) * 60 + Number(s) - offsetS;
}

function addDuration(fromS: number, duration: Element): number {
  const at = new Date(fromS * 1000);
  const of = (name: string): number => Number(duration.attributes[name] ?? 0);
  at.setUTCFullYear(at.getUTCFullYear() + of('years'));
  at.setUTCMonth(at.getUTCMonth() + of('months'));
  const days = of('weeks') * 7 + of('days');
  const seconds = of('hours') * 3600 + of('minutes') * 60 + of('seconds');
  return at.getTime() / 1000 + days * 86_400 + seconds;
}

function matchesSpec(spec: Element, nowS: number): boolean {
  const at = new Date(nowS * 1000);
  const start = Date.UTC(at.getUTCFullYear(), 0, 1);
  const weekday = ((at.getUTCDay() + 6) % 7) + 1;
  const thursday = at.getTime() + (4 - weekday) * 86_400_000;
  const weekYear = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(weekYear, 0, 1)) / (7 * 86_400_000)) + 1;
  const values: Readonly<Record<string, number>> = {
    seconds: at.getUTCSeconds(),
    minutes: at.getUTCMinutes(),
    hours: at.getUTCHours(),
    monthdays: at.getUTCDate(),
    weekdays: weekday,
    yeardays: Math.floor((at.getTime() - start) / 86_400_000) + 1,
    months: at.getUTCMonth() + 1,
    weeks: week,
    years: at.getUTCFullYear(),
    weekyears: weekYear,
  };
  return Object.entries(spec.attributes).every(([name, range]) => {
    const value = values[name];
    if (value === undefined) return true;
    const [low = '', high] = range.split(/-(?=\d*$)/);
    if (high === undefined) return value === Number(low);
    return value >= Number(low || 0) && (high === '' || value <= Number(high));
  });
}
