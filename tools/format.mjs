// npm run format: formats, and fixes what can be fixed automatically.
import path from 'node:path';
import { main, root, run } from './run.mjs';
import { setUpBuild } from './setup.mjs';

await main(async () => {
  await setUpBuild();
  await run('cargo', ['fmt', '--all']);
  await run(path.join(root, 'node_modules/.bin/biome'), ['check', '--write', '.']);
});
