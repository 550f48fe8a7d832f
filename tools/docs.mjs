// npm run docs: the API reference in docs/api, from the types of the package as it is now.
import path from 'node:path';
import { buildPackage } from './build.mjs';
import { installFixtures } from './pack.mjs';
import { main, root, run } from './run.mjs';
import { setUpBuild } from './setup.mjs';

/** Writes the reference to a folder. (TypeDoc reads TypeScript 5, which the fixtures have.) */
export function writeReference(folder) {
  const fixtures = path.join(root, 'tests/packaging');
  const typedoc = path.join(fixtures, 'node_modules/typedoc/bin/typedoc');
  const options = path.join(fixtures, 'typedoc.json');
  return run(process.execPath, [
    typedoc,
    '--options',
    options,
    '--out',
    folder,
    '--skipErrorChecking',
    '--logLevel',
    'Warn',
  ]);
}

if (process.argv[1] === path.join(root, 'tools/docs.mjs'))
  await main(async () => {
    await buildPackage(await setUpBuild());
    await installFixtures();
    await writeReference(path.join(root, 'docs/api'));
  });
