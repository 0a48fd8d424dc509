import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VERSION } from '../src/model/version.ts';
import { bannedNames, type Floor, floors } from './tidy/floors.ts';
import { fileSizes, functionSizes } from './tidy/sizes.ts';
import { SourceCutter } from './tidy/source-text.ts';
import {
  type Import,
  projectFiles,
  read,
  root,
  type SourceFile,
  sourceFiles,
} from './tidy/source-tree.ts';
import { forbiddenWords, quotes, splitIdentifiers } from './tidy/words.ts';

const files: readonly string[] = projectFiles();
const sources: readonly SourceFile[] = sourceFiles(files);
const product = sources.filter(({ path }) => path.startsWith('src/'));
/** What people read or write: neither the lock file nor texts of others. */
const texts = files.filter(
  (path) =>
    /\.(?:tsx?|md|ya?ml|json|sh|pml|service|conf|txt)$|^bin\/|^\.ci\//.test(path) &&
    path !== 'package-lock.json',
);

/** `file:line: text` of each line of these files that a check complains about. */
function complaints(
  paths: readonly string[],
  check: (line: string, path: string) => string | undefined,
): readonly string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => {
        const words = check(line, path);
        return words === undefined ? [] : [`${path}:${index + 1}: ${words}: ${line.trim()}`];
      }),
  );
}

/** The programs that package.json and the launcher run. */
function scripts(): readonly string[] {
  const { scripts: commands } = JSON.parse(read('package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const launcher = [read('bin/holdfast'), ...Object.values(commands)].join('\n');
  return [...launcher.matchAll(/(?:\$root\/|\s)([\w./-]+\.ts)\b/g)].map(([, path = '']) => path);
}

describe('floors', () => {
  function floorOf(path: string): Floor | undefined {
    return floors.find(({ folder }) => path.startsWith(`src/${folder}/`));
  }

  function isBelow(target: string, folders: readonly string[] | undefined): boolean {
    return (
      folders?.some(
        (folder) => target === `src/${folder}` || target.startsWith(`src/${folder}/`),
      ) ?? false
    );
  }

  function mayImport(floor: Floor, { target, isType, isDynamic }: Import): boolean {
    if (target.startsWith('node:')) return !floor.isPure;
    if (!target.startsWith('src/')) {
      return (
        floor.packages?.some((name) => target === name || target.startsWith(`${name}/`)) ?? false
      );
    }
    return (
      isBelow(target, [floor.folder, ...floor.imports]) ||
      (isType && isBelow(target, floor.types)) ||
      ((isType || isDynamic) && isBelow(target, floor.loads))
    );
  }

  test('every file of the product stands on a floor', () => {
    expect(product.filter(({ path }) => floorOf(path) === undefined)).toEqual([]);
  });

  test('a folder imports only what its floor may know', () => {
    const found = product.flatMap(({ path, imports }) => {
      const floor = floorOf(path);
      if (floor === undefined) return [];
      return imports
        .filter((item) => !mayImport(floor, item))
        .map(({ target, isType }) => `${path} imports ${isType ? 'types of ' : ''}${target}`);
    });
    expect(found).toEqual([]);
  });

  test('the product imports nothing of its tests', () => {
    const found = product.filter(({ imports }) =>
      imports.some(({ target }) => /^(?:test|build)\//.test(target)),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('pure floors name nothing of the outside world', () => {
    const pure = product.filter(({ path }) => floorOf(path)?.isPure);
    const found = pure.flatMap(({ path, code }) =>
      code
        .split('\n')
        .flatMap((line, index) =>
          bannedNames
            .filter(({ pattern }) => pattern.test(line))
            .map(({ instead }) => `${path}:${index + 1}: take ${instead}: ${line.trim()}`),
        ),
    );
    expect(pure.length).toBeGreaterThan(50);
    expect(found).toEqual([]);
  });
});

describe('dead files', () => {
  const byPath = new Map(sources.map((file) => [file.path, file]));

  /** Files that are run by their names: those in the scripts of package.json, and those in strings of others. */
  function namedBy({ path, statements, code }: SourceFile): readonly string[] {
    const names = [...statements.matchAll(/['"`/]([\w./-]+\.tsx?)['"`]/g)]
      .filter(({ index }) => !/\w/.test(code.slice(index + 1, index + 4)))
      .map(([, name = '']) => name);
    return names.flatMap((name) => [name, join(dirname(path), name)]);
  }

  function reachable(entries: readonly string[]): ReadonlySet<string> {
    const seen = new Set<string>();
    const queue = [...entries];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const file = byPath.get(path);
      if (file === undefined || seen.has(path)) continue;
      seen.add(path);
      queue.push(...file.imports.map(({ target }) => target), ...namedBy(file));
    }
    return seen;
  }

  test('every file of the product is reached from a program, not from tests alone', () => {
    const alive = reachable(scripts().filter((path) => !path.startsWith('test/')));
    expect(product.map(({ path }) => path).filter((path) => !alive.has(path))).toEqual([]);
  });

  test('every other file is reached from a program or a test', () => {
    const tests = sources.map(({ path }) => path).filter((path) => path.endsWith('.test.ts'));
    const alive = reachable([...scripts(), ...tests, 'vitest.config.ts']);
    expect(sources.map(({ path }) => path).filter((path) => !alive.has(path))).toEqual([]);
  });
});

describe('words', () => {
  test('one word per thing: no synonym of the dictionary is used', () => {
    const found = complaints(texts, (line, path) => {
      if (quotes.some(({ file, text }) => file.test(path) && text.test(line))) return undefined;
      const words = splitIdentifiers(line);
      return forbiddenWords.find(({ pattern }) => pattern.test(words))?.instead;
    });
    expect(found).toEqual([]);
  });

  test('nothing is left to do in words, and no rule is switched off', () => {
    const marks = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|');
    const loose = ['as an' + 'y', '@ts-ig' + 'nore', '@ts-noch' + 'eck', 'biome-ig' + 'nore'];
    const pattern = new RegExp(`\\b(?:${marks})\\b|(?:${loose.join('|')})\\b`);
    expect(complaints(texts, (line) => pattern.exec(line)?.[0])).toEqual([]);
  });

  test('no type is loosened to any', () => {
    const found = sources.flatMap(({ path, code }) =>
      code
        .split('\n')
        .filter((line) => /(?::|<|\bas) any\b/.test(line))
        .map((line) => path + line),
    );
    expect(found).toEqual([]);
  });

  test('no test is skipped, focused or expected to fail', () => {
    const tests = sources.filter(({ path }) => path.startsWith('test/'));
    const pattern = /\b(?:it|test|describe)\.(?:skip|only|todo|fails|skipIf|runIf)\b|\bxit\(/;
    expect(tests.filter(({ code }) => pattern.test(code)).map(({ path }) => path)).toEqual([]);
  });

  test('no path of one machine and no address of a registry stands anywhere', () => {
    const places = ['work', 'farm', 'root'].map((name) => `(?<![\\w.])/${name}/`);
    const registries = ['registry\\.npm' + 'js', 'verdac' + 'cio', 'artifac' + 'tory'];
    const pattern = new RegExp([...places, ...registries].join('|'));
    expect(complaints(texts, (line) => pattern.exec(line)?.[0])).toEqual([]);
    expect(read('package-lock.json')).not.toMatch(/"resolved": *"http/);
  });
});

describe('documents', () => {
  const documents = files.filter((path) => path.endsWith('.md'));

  test('links between documents lead to files that exist', () => {
    const found = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => join(dirname(path), target))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(found).toEqual([]);
  });

  test('commands of npm that documents name exist', () => {
    const { scripts: commands } = JSON.parse(read('package.json')) as { readonly scripts: object };
    const found = documents.flatMap((path) =>
      [...read(path).matchAll(/\bnpm run ([a-z:]+)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !(name in commands))
        .map((name) => `${path}: npm run ${name}`),
    );
    expect(found).toEqual([]);
  });

  test('commands of package.json run files that exist', () => {
    expect(scripts().filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('the architecture page names every folder of the product', () => {
    const page = read('docs/architecture.md');
    expect(floors.map(({ folder }) => folder).filter((name) => !page.includes(name))).toEqual([]);
  });

  test('the version of the product is the version of the package', () => {
    expect(VERSION).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  });
});

describe('sizes', () => {
  test('the largest files and functions are reported', () => {
    const largest = [...fileSizes(product).slice(0, 8), ...functionSizes(product).slice(0, 8)];
    console.log(largest.map(({ name, lines }) => `${lines}\t${name}`).join('\n'));
    expect(largest).toHaveLength(16);
  });
});

describe('the cutter of sources', () => {
  function codeOf(source: string): string {
    return new SourceCutter(source).cut().code.replaceAll(/ +/g, ' ').trim();
  }

  test('blanks comments and texts, and keeps code in templates', () => {
    expect(codeOf('a(); // Date\nb(); /* Date */')).toBe('a(); \nb();');
    expect(codeOf("call('Date', \"it's\")")).toBe('call(\' \', " ")');
    const hole = (inner: string): string => ['`Date $', `{${inner}}`, ' Date`'].join('');
    expect(codeOf(`f(${hole(`g({ a: ${hole('h')} })`)})`)).toContain('g({ a: `');
    expect(codeOf(`f(${hole('h')})`)).not.toContain('Date');
  });

  test('tells a regular expression from a division', () => {
    expect(codeOf("x = a / b; y = /[/']+/.test('Date')")).toBe("x = a / b; y = / /.test(' ')");
  });
});
