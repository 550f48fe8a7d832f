// The set-up: when a tool from crates.io is installed without its lockfile.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { root, windows } from '../../tools/run.mjs';
import { lacksLockedVersion } from '../../tools/setup.mjs';

const LACKS_VERSION = `error: failed to compile \`wasm-pack v0.15.1\`, intermediate artifacts can be found at \`/tmp/x\`

Caused by:
  failed to select a version for the requirement \`anyhow = "=1.0.99"\`
  candidate versions found which didn't match: 1.0.98
  location searched: crates.io index
`;

const NO_NETWORK = `    Updating crates.io index
warning: spurious network error (3 tries remaining): [6] Could not resolve hostname
error: failed to query replaced source registry \`crates-io\`
`;

const COMPILE_ERROR = `   Compiling walrus v0.23.3
error[E0425]: cannot find value \`version\` in this scope
error: could not compile \`walrus\` (lib) due to 1 previous error
`;

test('the registry lacks a version if cargo says that it failed to select one', () => {
  assert.equal(lacksLockedVersion(LACKS_VERSION), true);
  assert.equal(lacksLockedVersion('error: failed to select a version for `syn`.\n'), true);
  for (const text of ['', NO_NETWORK, COMPILE_ERROR, 'note: cargo failed to select a version\n'])
    assert.equal(lacksLockedVersion(text), false, text);
});

const folder = mkdtempSync(path.join(os.tmpdir(), 'setup-'));
after(() => rmSync(folder, { recursive: true }));

/** Installs wasm-pack with a cargo that prints this text and fails. Returns the commands of cargo, and what the set-up prints. */
function installWith(name, text) {
  const place = path.join(folder, name);
  mkdirSync(place);
  const calls = path.join(place, 'calls');
  writeFileSync(path.join(place, 'error'), text);
  const script = `#!/bin/sh
echo "$CARGO_TERM_COLOR $CARGO_TERM_QUIET $*" >> '${calls}'
while IFS= read -r line; do echo "$line" >&2; done < '${place}/error'
exit 101
`;
  writeFileSync(path.join(place, 'cargo'), script);
  chmodSync(path.join(place, 'cargo'), 0o755);
  const code =
    "import { SETUP } from './tools/setup.mjs'; import { main } from './tools/run.mjs'; main(SETUP['wasm-pack']);";
  const env = { PATH: place, TOKENWARD_CACHE: place, CARGO_TERM_COLOR: 'always', CARGO_TERM_QUIET: 'true' };
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, env, encoding: 'utf8' });
  return { calls: readFileSync(calls, 'utf8').trim().split('\n'), printed: done.stdout + done.stderr };
}

test('an error that says nothing of versions is final', { skip: windows }, () => {
  for (const [name, text] of Object.entries({ compiling: COMPILE_ERROR, network: NO_NETWORK })) {
    const { calls, printed } = installWith(name, text);
    assert.equal(calls.length, 1);
    assert.match(calls[0], /^never false install wasm-pack .* --locked$/);
    assert.ok(printed.includes(text), printed);
    assert.match(printed, /✗ cargo install wasm-pack .* ended with exit code 101/);
    assert.doesNotMatch(printed, /the registry lacks/);
  }
});

test('a tool whose locked versions the registry lacks is installed with compatible ones', { skip: windows }, () => {
  const { calls, printed } = installWith('versions', LACKS_VERSION);
  assert.equal(calls.length, 2);
  assert.match(calls[1], /^never false install wasm-pack /);
  assert.doesNotMatch(calls[1], /--locked/);
  assert.match(printed, /the registry lacks a version that wasm-pack is locked to/);
});
