import { XMLParser } from 'fast-xml-parser';

/** One element of a document; text between elements does not matter here. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const attributesKey = ':@';

const parser: XMLParser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: true,
});

/** Reads a document; throws where it is none. */
export function parseXml(text: string): Element {
  const parsed: unknown = parser.parse(text);
  const roots = readList(parsed);
  const [root] = roots;
  if (root === undefined) throw new SyntaxError('no element in the document');
  return root;
}

function readList(list: unknown): readonly Element[] {
  return Array.isArray(list) ? list.flatMap((item) => readElement(item)) : [];
}

function readElement(item: unknown): readonly Element[] {
  if (typeof item !== 'object' || item === null) return [];
  const record = item as Record<string, unknown>;
  const name = Object.keys(record).find((key) => key !== attributesKey);
  if (name === undefined || name.startsWith('#')) return [];
  const attributes = (record[attributesKey] ?? {}) as Record<string, string>;
  return [{ name, attributes, children: readList(record[name]) }];
}

export function childrenNamed(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

export function childNamed(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Every element with an id below this one, by id. */
export function indexById(root: Element): ReadonlyMap<string, Element> {
  const index = new Map<string, Element>();
  const visit = (element: Element): void => {
    const id = element.attributes.id;
    if (id !== undefined && !index.has(id)) index.set(id, element);
    for (const child of element.children) visit(child);
  };
  visit(root);
  return index;
}
