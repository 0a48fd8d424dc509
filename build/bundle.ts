import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';

const root: string = join(import.meta.dirname, '..');

/**
 * What the package runs, as few files in `dist/`: `cli.js` (the command), `heart.js` (`holdfast agent`), `agent.js`
 * (the heart's child) and the worker of the log beside them.
 */
const entries: Readonly<Record<string, string>> = {
  cli: 'src/cli/main.ts',
  heart: 'src/heart/main.ts',
  agent: 'src/daemon/main.ts',
  'log-worker': 'src/runtime/disk/log-worker.ts',
};

/** Builds the programs and says what they are made of. */
export async function bundle(outdir: string = join(root, 'dist')): Promise<Metafile> {
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...entries },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // A CommonJS twin would come in as a default export.
    mainFields: ['module', 'main'],
    target: 'node24',
    // Beside the entries: programs find each other by their own place.
    chunkNames: '[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    // CommonJS packages ask for Node's own modules by `require`.
    banner: {
      js: "import{createRequire as __nodeRequire}from'node:module';const require=__nodeRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  // The log starts its worker by the name that it has in a checkout.
  writeFileSync(join(outdir, 'log-worker.ts'), "import './log-worker.js';\n");
  return metafile;
}

if (import.meta.main) {
  const { outputs } = await bundle();
  for (const [file, { bytes, entryPoint }] of Object.entries(outputs)) {
    if (Object.values(entries).includes(entryPoint ?? ''))
      console.log(`${file}  ${Math.round(bytes / 1024)} kB`);
  }
}
