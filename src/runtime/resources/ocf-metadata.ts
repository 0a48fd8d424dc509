/** What an OCF agent says about itself (OCF resource agent API 1.1, `meta-data`). */
export interface AgentMetadata {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly parameters: readonly AgentParameter[];
  readonly actions: readonly AgentActionAdvice[];
}

export interface AgentParameter {
  readonly name: string;
  readonly required: boolean;
  /** A change of it needs no restart. */
  readonly reloadable: boolean;
  /** Parameters of one group must differ between resources of this agent. */
  readonly uniqueGroup: string | undefined;
  readonly type: string;
  readonly values: readonly string[];
  readonly default: string | undefined;
  readonly summary: string;
}

/** How the agent's author wants an operation to be run. */
export interface AgentActionAdvice {
  readonly name: string;
  readonly timeoutMs: number | undefined;
  readonly intervalMs: number | undefined;
  /** OCF_CHECK_LEVEL. */
  readonly depth: number | undefined;
  readonly role: string | undefined;
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Reads what an agent printed; undefined where it is not the XML of an agent. */
export function parseAgentMetadata(xml: string): AgentMetadata | undefined {
  const agent = parseXml(xml)?.children.find((element) => element.name === 'resource-agent');
  if (agent === undefined) return undefined;
  return {
    name: agent.attributes.name ?? '',
    version: agent.attributes.version ?? child(agent, 'version')?.text ?? '',
    summary: summaryOf(agent),
    parameters: children(agent, 'parameters', 'parameter').map(readParameter),
    actions: children(agent, 'actions', 'action').map(readAction),
  };
}

function readParameter(element: Element): AgentParameter {
  const content = child(element, 'content');
  const { name, required, reloadable, unique } = element.attributes;
  const group = element.attributes['unique-group'];
  return {
    name: name ?? '',
    required: required === '1' || required === 'true',
    reloadable: reloadable === '1' || reloadable === 'true',
    uniqueGroup: group ?? (unique === '1' || unique === 'true' ? name : undefined),
    type: content?.attributes.type ?? 'string',
    values: (content?.children ?? [])
      .filter((option) => option.name === 'option')
      .map((option) => option.attributes.value ?? ''),
    default: content?.attributes.default,
    summary: summaryOf(element),
  };
}

function readAction({ attributes }: Element): AgentActionAdvice {
  return {
    name: attributes.name ?? '',
    timeoutMs: parseOcfTimeMs(attributes.timeout),
    intervalMs: parseOcfTimeMs(attributes.interval),
    depth: attributes.depth === undefined ? undefined : Number.parseInt(attributes.depth, 10) || 0,
    role: attributes.role,
  };
}

/** A time as agents write it: `20`, `20s`, `500ms`, `2min`, `1h`. */
export function parseOcfTimeMs(text: string | undefined): number | undefined {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text ?? '') ?? [];
  if (digits === undefined) return undefined;
  const factor = unitMs[(unit ?? '').toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(digits) * factor);
}

const unitMs: Readonly<Record<string, number>> = {
  '': 1000,
  s: 1000,
  sec: 1000,
  ms: 1,
  msec: 1,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
};

function summaryOf(element: Element): string {
  return (child(element, 'shortdesc')?.text ?? '').replace(/\s+/g, ' ').trim();
}

function child(element: Element, name: string): Element | undefined {
  return element.children.find((candidate) => candidate.name === name);
}

function children(element: Element, list: string, name: string): Element[] {
  return (child(element, list)?.children ?? []).filter((candidate) => candidate.name === name);
}

/**
 * As much of XML as agents print: elements, attributes, text, CDATA. Declarations, comments and
 * document types are passed over, and entities beyond the five of XML and character numbers stay as
 * they are: nothing is ever fetched.
 * @returns an element without a name around the document's own, or undefined where tags do not
 * match
 */
function parseXml(xml: string): Element | undefined {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open: Element[] = [root];
  for (const token of xml.matchAll(tokenPattern)) {
    const [, verbatim, closing, opening, attributes, empty, text] = token;
    const top = open.at(-1);
    if (top === undefined) return undefined;
    if (verbatim !== undefined) top.text += verbatim;
    else if (text !== undefined) top.text += decode(text);
    else if (closing !== undefined) {
      if (top.name !== closing) return undefined;
      open.pop();
    } else if (opening !== undefined) {
      const element = {
        name: opening,
        attributes: readAttributes(attributes),
        children: [],
        text: '',
      };
      top.children.push(element);
      if (empty === '') open.push(element);
    }
  }
  return open.length === 1 ? root : undefined;
}

const tokenPattern: RegExp = new RegExp(
  [
    /<!--[\s\S]*?-->/,
    /<!\[CDATA\[([\s\S]*?)\]\]>/,
    /<[?!][^>]*>/,
    /<\/\s*([\w:.-]+)\s*>/,
    /<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/,
    /([^<]+)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

function readAttributes(text: string | undefined): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, a, b] of (text ?? '').matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (name !== undefined) attributes[name] = decode(a ?? b ?? '');
  }
  return attributes;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function decode(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const hexadecimal = name[1] === 'x' || name[1] === 'X';
    const code = Number.parseInt(name.slice(hexadecimal ? 2 : 1), hexadecimal ? 16 : 10);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
