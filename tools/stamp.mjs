// Skips a build whose inputs and outputs are those of the last build: compares a hash of both with a stamp in target/stamps.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { output, root } from './run.mjs';

const SKIPPED = new Set(['node_modules', 'target', 'dist', '.git']);

/**
 * Runs `build` if `inputs` or `outputs` have changed since the last build. Both are files and folders in the repository; one that
 * does not exist counts as empty. Resolves to whether `build` ran.
 */
export async function buildOnce({ name, inputs, outputs }, build) {
  const stamp = path.join(root, 'target/stamps', name);
  const made = hash(inputs, [process.version, output('rustc', ['--version']) ?? '']);
  const current = () => `${made} ${hash(outputs)}`;
  const built = outputs.every((place) => existsSync(path.join(root, place)));
  if (built && existsSync(stamp) && readFileSync(stamp, 'utf8') === current()) return false;
  rmSync(stamp, { force: true });
  await build();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, current());
  return true;
}

function hash(places, words = []) {
  const digest = createHash('sha256').update(JSON.stringify(words));
  for (const place of places) {
    for (const file of filesOf(place)) {
      const content = readFileSync(path.join(root, file));
      digest.update(`\0${file}\0${content.length}\0`).update(content);
    }
  }
  return digest.digest('hex');
}

/** The files in a folder of the repository, in a fixed order; the place itself where it is a file. */
function filesOf(place) {
  const whole = path.join(root, place);
  if (!existsSync(whole)) return [];
  if (statSync(whole).isFile()) return [place];
  return readdirSync(whole)
    .sort()
    .filter((name) => !SKIPPED.has(name))
    .flatMap((name) => filesOf(path.posix.join(place, name)));
}
