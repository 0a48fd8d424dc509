import { type Document, isMap, isScalar, parseDocument, type ToStringOptions } from 'yaml';
import { canonicalJson } from '../../base/canonical-json.ts';
import { mergeLines } from '../line-merge.ts';

/**
 * Changes a YAML text through its document and leaves every other line as it was written, with its
 * comments, spaces and order. The text must have no YAML errors.
 */
export function editText(text: string, edit: (document: Document) => void): string {
  const document = parseDocument(text, { logLevel: 'error' });
  const options = styleOf(text);
  const before = document.toString(options);
  edit(document);
  const after = document.toString(options);
  if (after === before) return text;
  const merged = mergeLines(before, text, after);
  const candidates = /\[ /.test(text) ? [merged] : [tightLists(merged), merged];
  const wanted = canonicalJson(document.toJS());
  const isRight = (candidate: string) => canonicalJson(parseDocument(candidate).toJS()) === wanted;
  return candidates.find(isRight) ?? after;
}

/** The library pads `{ }` and `[ ]` alike; people write `{ a: [b, c] }`. */
export function tightLists(text: string): string {
  return text.replaceAll(/\[ ([^[\]"']*) \]/g, '[$1]');
}

/** Habits of the text that would otherwise change with the first edit. */
function styleOf(text: string): ToStringOptions {
  const nested = /^[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( {1,8})[^\s-]/m.exec(
    text,
  );
  return {
    lineWidth: 0,
    indent: nested?.[1]?.length ?? 2,
    flowCollectionPadding: !/\{[^\s}]/.test(text),
    indentSeq: !/:[ \t]*\n(?:[ \t]*#.*\n)*- /.test(text),
  };
}

/** Sets a value; maps on the way are made, the innermost one in `{ }`. */
export function setAt(document: Document, path: readonly string[], value: unknown): void {
  for (let depth = 1; depth < path.length; depth += 1) {
    const at = path.slice(0, depth);
    if (isMap(document.getIn(at, true))) continue;
    const node = document.createNode({});
    node.flow = depth === path.length - 1 && depth > 1;
    document.setIn(at, node);
  }
  const old = document.getIn(path, true);
  if (isScalar(old) && isPlain(value)) old.value = value;
  else document.setIn(path, document.createNode(value));
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object';
}

/** Takes a key away, and the maps that held nothing else. Says whether it was there. */
export function removeAt(document: Document, path: readonly string[]): boolean {
  if (!document.hasIn(path)) return false;
  document.deleteIn(path);
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const at = path.slice(0, depth);
    const holder = document.getIn(at, true);
    if (!isMap(holder) || holder.items.length > 0) break;
    document.deleteIn(at);
  }
  return true;
}

/**
 * Sets a switch. Its default is written by leaving the key out, unless a comment hangs on it, so
 * that there and back gives the text of before.
 */
export function setSwitch(
  document: Document,
  path: readonly string[],
  value: unknown,
  otherwise: unknown,
): void {
  if (value !== otherwise) {
    if (document.getIn(path) !== value) setAt(document, path, value);
    return;
  }
  if (!document.hasIn(path) || document.getIn(path) === value) return;
  const old = document.getIn(path, true);
  if (isScalar(old) && (old.comment ?? old.commentBefore)) old.value = value;
  else removeAt(document, path);
}
