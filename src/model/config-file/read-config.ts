import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { type ClusterConfig, defaultNode, type NodeConfig } from '../config.ts';
import { isName } from '../ids.ts';
import type { ConfigProblem } from './config-problem.ts';
import { describe, readFields, readMap, reportUnknownKey } from './fields.ts';
import { Findings } from './findings.ts';
import { readOptions } from './read-options.ts';
import { readResources } from './read-resources.ts';
import { readRules } from './read-rules.ts';
import { anything, nodeShape, topKeys } from './schema.ts';
import { shown } from './shown.ts';
import { checkName, nameWords, readTexts } from './texts.ts';

/** Longest text that is read, in UTF-16 units: the log and every member hold a copy of it. */
export const CONFIG_TEXT_MAX = 1_000_000;

export type ReadConfig =
  | { readonly kind: 'valid'; readonly config: ClusterConfig }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

/** Reads a configuration text and finds everything that is wrong with it in one run. */
export function readConfig(text: string, file?: string): ReadConfig {
  if (text.length > CONFIG_TEXT_MAX) {
    const message = `is longer than ${CONFIG_TEXT_MAX} characters`;
    const place = { file, line: 1, column: 1, path: '', hint: undefined };
    return { kind: 'invalid', problems: [{ ...place, message }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  });
  const findings = new Findings(document, lines, file);
  for (const { pos, code, message } of [...document.errors, ...document.warnings]) {
    findings.addAt(pos[0], [], yamlWords[code] ?? shownLine(message));
  }
  const lostAliases = reportLostAliases(document, findings);
  const fatal = lostAliases || document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
  const config = fatal ? undefined : readWhole(plainValue(document, findings), findings);
  if (config === undefined || !findings.empty)
    return { kind: 'invalid', problems: findings.list() };
  return { kind: 'valid', config };
}

function reportLostAliases(document: Document, findings: Findings): boolean {
  let lost = false;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      findings.addAt(
        alias.range?.[0] ?? 0,
        [],
        `nothing above is marked '&${shown(alias.source)}'`,
      );
      lost = true;
    },
  });
  return lost;
}

const yamlWords: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is there twice in one map',
  TAB_AS_INDENT: 'tabs cannot indent YAML: use spaces',
  MULTIPLE_DOCS: 'a second document (`---`) begins here; one file describes one cluster',
  TAG_RESOLVE_FAILED: 'YAML tags (`!…`) have no meaning here',
};

function shownLine(message: string): string {
  return shown(message.split('\n')[0] ?? message, 200);
}

function plainValue(document: ReturnType<typeof parseDocument>, findings: Findings): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    findings.add([], cause instanceof Error ? shownLine(cause.message) : 'cannot be read');
    return undefined;
  }
}

function readWhole(value: unknown, findings: Findings): ClusterConfig | undefined {
  if (value === undefined && !findings.empty) return undefined;
  const top = readMap(value, [], findings);
  if (top === undefined) return undefined;
  for (const key of Object.keys(top)) {
    if (!(topKeys as readonly string[]).includes(key)) reportUnknownKey([key], topKeys, findings);
  }
  const name = readClusterName(top.cluster, findings);
  const options = readOptions(top.options, findings);
  const nodes = readNodes(top.nodes, findings);
  const { resources, names } = readResources(top, findings);
  const rules = readRules(top.rules, names, resources, findings);
  return { name, options, nodes, resources, rules };
}

function readClusterName(value: unknown, findings: Findings): string {
  if (typeof value === 'string' && isName(value)) return value;
  if (value === undefined || value === null) {
    findings.addKey(value === null ? ['cluster'] : [], "needs the key 'cluster': its name");
  } else {
    findings.add(['cluster'], `${describe(value)} is not a name`, nameWords);
  }
  return '';
}

function readNodes(value: unknown, findings: Findings): Readonly<Record<string, NodeConfig>> {
  const nodes: [string, NodeConfig][] = [];
  for (const [name, item] of Object.entries(readMap(value, ['nodes'], findings) ?? {})) {
    const path = ['nodes', name];
    checkName(name, path, 'node', findings);
    const fields = readFields(item, path, { ...nodeShape, attributes: anything }, findings) ?? {};
    const attributes = readTexts(fields.attributes, [...path, 'attributes'], findings);
    nodes.push([
      name,
      {
        standby: fields.standby ?? defaultNode.standby,
        maintenance: fields.maintenance ?? defaultNode.maintenance,
        role: fields.role ?? defaultNode.role,
        attributes,
      },
    ]);
  }
  return Object.fromEntries(nodes);
}
