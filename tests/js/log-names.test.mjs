// The build shortens the names of internal members (tools/build.mjs). Log entries go to the app, so their members keep their names.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { INTERNAL } from '../../tools/build.mjs';
import { root } from './load.mjs';

/** The members of the details of each log entry in a source. */
const membersOf = (text) =>
  [...text.matchAll(/\blog\([^;]*?, '[a-z-]+', \{([^;]*)\}\);/g)].flatMap(([, members]) =>
    [...members.matchAll(/(?:^|,)\s*(\w+)\s*(?=[,:]|$)/g)].map(([, name]) => name),
  );

test('no member of a log entry has a name that the build shortens', () => {
  const files = readdirSync(path.join(root, 'js'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  const members = files.flatMap((name) => membersOf(readFileSync(path.join(root, 'js', name), 'utf8')));
  for (const known of ['endpoint', 'retryAfterMs', 'jwtLifetime', 'token', 'reason'])
    assert.ok(members.includes(known));
  assert.deepEqual(
    members.filter((name) => INTERNAL.includes(name)),
    [],
  );
});
