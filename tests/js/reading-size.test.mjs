// The manual of the demo server says which lines show the idea, and that there are some 300 of them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../tools/run.mjs';

const manual = readFileSync(path.join(root, 'docs/reference/demo-server.md'), 'utf8');
const paragraph = manual.split('**Where to start reading.**')[1].split('\n\n')[0].replaceAll('\n', ' ');
const source = (name) => path.join(root, 'www/server/src', name);
const read = (name) => readFileSync(source(name), 'utf8');

test('the files to read, and those to skip, exist', () => {
  const names = [...paragraph.matchAll(/`([\w/]+(?:\.(?:rs|lua)|\/))`/g)].map(([, name]) => name);
  assert.ok(names.length > 12, names.join(', '));
  assert.deepEqual(
    names.filter((name) => !existsSync(source(name))),
    [],
  );
});

test('some 300 lines show the idea', () => {
  assert.match(paragraph, /Some 300 lines show the idea/);
  const sessions = read('session/mod.rs');
  const refresh = sessions.slice(sessions.indexOf('pub async fn refresh'), sessions.indexOf('/// Ends all sessions'));
  const texts = [read('store/redis/rotate.lua'), read('token/refresh.rs').split('#[cfg(test)]')[0], refresh];
  const lines = [...texts, read('routes/refresh.rs')].map((text) => text.split('\n').length);
  const sum = lines.reduce((one, other) => one + other, 0);
  assert.ok(sum > 200 && sum <= 330, `${lines.join(' + ')} = ${sum}`);
});
