import type {
  ConstraintInput,
  LocationInput,
  OrderKind,
  ResourceSet,
  RuleInput,
  Test,
} from '../../core/scheduler/policy/input.ts';
import { isFalse, isTrue, scoreOf } from '../../core/scheduler/policy/state.ts';
import { readRuleTest, renameAttribute } from './conditions.ts';
import { childNamed, childrenNamed, type Element } from './element.ts';
import { dereference } from './nvpairs.ts';

export interface ConstraintSource {
  readonly index: ReadonlyMap<string, Element>;
  readonly nowS: number;
  /** Names that stand for several resources: tags and templates. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** The resources that patterns are tried on. */
  readonly names: readonly string[];
}

export function readConstraints(
  element: Element | undefined,
  source: ConstraintSource,
): readonly ConstraintInput[] {
  return (element?.children ?? []).flatMap((child): readonly ConstraintInput[] => {
    if (!isInForce(child, source)) return [];
    switch (child.name) {
      case 'rsc_location':
        return readLocations(child, source);
      case 'rsc_colocation':
        return readColocation(child, source);
      case 'rsc_order':
        return [readOrder(child, source)];
      case 'rsc_ticket':
        return [readTicket(child, source)];
      default:
        return [];
    }
  });
}

/** A lifetime ends a constraint by date. */
function isInForce(element: Element, { index, nowS }: ConstraintSource): boolean {
  const lifetime = childNamed(element, 'lifetime');
  const rules = childrenNamed(lifetime, 'rule');
  if (rules.length === 0) return true;
  return rules.some((rule) => isConstantlyTrue(readRuleTest(rule, { nowS }, index)));
}

function isConstantlyTrue(test: Test): boolean {
  switch (test.kind) {
    case 'constant':
      return test.value;
    case 'all':
      return test.tests.every((item) => isConstantlyTrue(item));
    case 'any':
      return test.tests.some((item) => isConstantlyTrue(item));
    default:
      return false;
  }
}

function role(text: string | undefined): string | undefined {
  if (text === 'Master') return 'Promoted';
  return text === 'Slave' ? 'Unpromoted' : text;
}

function expand(id: string, source: ConstraintSource): readonly string[] {
  return source.groups.get(id) ?? [id];
}

function readLocations(element: Element, source: ConstraintSource): readonly LocationInput[] {
  const { id = '', node, score } = element.attributes;
  const pattern = element.attributes['rsc-pattern'];
  const name = element.attributes.rsc;
  const base = {
    kind: 'location' as const,
    id,
    discovery: readDiscovery(element.attributes['resource-discovery']),
    node: node === undefined ? undefined : { name: node, score: scoreOf(score) },
  };
  const rules = childrenNamed(element, 'rule');
  const read = (
    resources: readonly string[],
    own: string | undefined,
    match?: RegExpExecArray,
  ) => ({
    ...base,
    resources,
    role: role(own ?? element.attributes.role),
    rules: rules.map((rule) => readRule(rule, source, match)),
  });
  if (pattern !== undefined) {
    return matchPattern(pattern, source.names).map(({ resource, match }) =>
      read([resource], undefined, match),
    );
  }
  if (name !== undefined) return [read(expand(name, source), undefined)];
  return childrenNamed(element, 'resource_set').map((set) => {
    const actual = dereference(set, source.index);
    return read(membersOf(actual, source), actual.attributes.role);
  });
}

function matchPattern(
  pattern: string,
  names: readonly string[],
): readonly { readonly resource: string; readonly match?: RegExpExecArray }[] {
  const isInverse = pattern.startsWith('!');
  const expression = new RegExp(isInverse ? pattern.slice(1) : pattern);
  return names.flatMap((resource) => {
    const match = expression.exec(resource);
    if (isInverse) return match === null ? [{ resource }] : [];
    return match === null ? [] : [{ resource, match }];
  });
}

function readDiscovery(text: string | undefined): LocationInput['discovery'] {
  return text === 'never' || text === 'exclusive' ? text : 'always';
}

function readRule(
  element: Element,
  source: ConstraintSource,
  match: RegExpExecArray | undefined,
): RuleInput {
  const rule = dereference(element, source.index);
  const attribute = rule.attributes['score-attribute'];
  const test = readRuleTest(rule, { nowS: source.nowS }, source.index);
  return {
    score:
      attribute === undefined
        ? scoreOf(rule.attributes.score)
        : { attribute: renameAttribute(substitute(attribute, match)) },
    role: role(rule.attributes.role),
    test: match === undefined ? test : substituteTest(test, match),
  };
}

function substitute(text: string, match: RegExpExecArray | undefined): string {
  if (match === undefined) return text;
  return text.replaceAll(/%(\d)/g, (_whole, digit: string) => match[Number(digit)] ?? '');
}

function substituteTest(test: Test, match: RegExpExecArray): Test {
  switch (test.kind) {
    case 'all':
    case 'any':
      return { ...test, tests: test.tests.map((item) => substituteTest(item, match)) };
    case 'attribute':
      return { ...test, attribute: substitute(test.attribute, match) };
    default:
      return test;
  }
}

function membersOf(set: Element, source: ConstraintSource): readonly string[] {
  return childrenNamed(set, 'resource_ref').flatMap((reference) =>
    expand(reference.attributes.id ?? '', source),
  );
}

function readSet(element: Element, source: ConstraintSource): ResourceSet {
  const set = dereference(element, source.index);
  const { id = '', sequential, score, action, ordering, symmetrical } = set.attributes;
  return {
    id,
    resources: membersOf(set, source),
    isSequential: !isFalse(sequential),
    saysSequential: isTrue(sequential),
    requiresAll: !isFalse(set.attributes['require-all']),
    action,
    role: role(set.attributes.role),
    score: score === undefined ? undefined : scoreOf(score),
    kind: readKind(set),
    symmetrical: symmetrical === undefined ? undefined : isTrue(symmetrical),
    withPrevious: ordering === undefined || ordering === 'group',
  };
}

/** A set made of a name that stands for several (or one that stands beside such a one). */
function setOf(
  id: string,
  source: ConstraintSource,
  more: { readonly action?: string | undefined; readonly role?: string | undefined },
): ResourceSet {
  return {
    id,
    resources: expand(id, source),
    isSequential: !source.groups.has(id),
    saysSequential: false,
    requiresAll: true,
    action: more.action,
    role: role(more.role),
    score: undefined,
    kind: undefined,
    symmetrical: undefined,
    withPrevious: true,
  };
}

function readKind(element: Element): OrderKind | undefined {
  const { kind, score } = element.attributes;
  switch (kind?.toLowerCase()) {
    case 'optional':
      return 'optional';
    case 'serialize':
      return 'serialize';
    case undefined:
      break;
    default:
      return 'mandatory';
  }
  if (score === undefined) return undefined;
  return scoreOf(score) === 0 ? 'optional' : 'mandatory';
}

function readColocation(element: Element, source: ConstraintSource): readonly ConstraintInput[] {
  const { id = '', rsc, score, influence } = element.attributes;
  const withRsc = element.attributes['with-rsc'];
  const dependentRole = element.attributes['rsc-role'];
  const primaryRole = element.attributes['with-rsc-role'];
  let sets = childrenNamed(element, 'resource_set').map((set) => readSet(set, source));
  if (rsc !== undefined && withRsc !== undefined && hasGroup([rsc, withRsc], source)) {
    // Each of several with each of several others makes no sense.
    if (source.groups.has(rsc) && source.groups.has(withRsc)) return [];
    sets = [
      setOf(rsc, source, { role: dependentRole }),
      setOf(withRsc, source, { role: primaryRole }),
    ];
  }
  const attribute = element.attributes['node-attribute'];
  const colocation: ConstraintInput = {
    kind: 'colocation',
    id,
    score: scoreOf(score),
    attribute: attribute === undefined ? undefined : renameAttribute(attribute),
    influence: isTrue(influence) ? true : isFalse(influence) ? false : undefined,
    dependent: rsc === undefined ? undefined : { resource: rsc, role: role(dependentRole) },
    primary: withRsc === undefined ? undefined : { resource: withRsc, role: role(primaryRole) },
    sets,
  };
  return [colocation];
}

function hasGroup(names: readonly string[], source: ConstraintSource): boolean {
  return names.some((name) => source.groups.has(name));
}

function readOrder(element: Element, source: ConstraintSource): ConstraintInput {
  const { id = '', first, then, symmetrical } = element.attributes;
  const firstAction = element.attributes['first-action'];
  const thenAction = element.attributes['then-action'];
  let sets = childrenNamed(element, 'resource_set').map((set) => readSet(set, source));
  if (first !== undefined && then !== undefined && hasGroup([first, then], source)) {
    sets = [
      setOf(first, source, { action: firstAction }),
      setOf(then, source, { action: thenAction }),
    ];
  }
  const requiresAll = element.attributes['require-all'];
  return {
    kind: 'order',
    id,
    strength: readKind(element) ?? 'mandatory',
    symmetrical: symmetrical === undefined ? undefined : isTrue(symmetrical),
    requiresAll: requiresAll === undefined ? undefined : isTrue(requiresAll),
    first: first === undefined ? undefined : { resource: first, action: firstAction },
    then: then === undefined ? undefined : { resource: then, action: thenAction },
    sets,
  };
}

function readTicket(element: Element, source: ConstraintSource): ConstraintInput {
  const { id = '', ticket = '', rsc } = element.attributes;
  const onLoss = element.attributes['loss-policy'];
  const own = role(element.attributes['rsc-role']);
  const single =
    rsc === undefined ? [] : expand(rsc, source).map((resource) => ({ resource, role: own }));
  const sets = childrenNamed(element, 'resource_set').flatMap((set) => {
    const actual = readSet(set, source);
    return actual.resources.map((resource) => ({ resource, role: actual.role }));
  });
  return {
    kind: 'ticket',
    id,
    ticket,
    onLoss:
      onLoss === 'stop' || onLoss === 'demote' || onLoss === 'fence' || onLoss === 'freeze'
        ? onLoss
        : undefined,
    resources: [...single, ...sets],
  };
}
