// Directus and Strapi themselves: the back ends of which ../backends.mjs has fakes, with the same data.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../tools/run.mjs';
import { BACKENDS, start } from '../backends.mjs';

const here = path.join(root, 'tests/backends/cms');
const { dependencies } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'));

/** The servers that run, by what started them. A start takes half a minute, so tests that need the same server share it. */
const running = new Map();

const inNode = (file, more) => async (env) => {
  const name = JSON.stringify([file, more]);
  if (!running.has(name))
    running.set(name, start(process.env.CMS_NODE || process.execPath, [path.join(here, file)], { ...env, ...more }));
  return { ...(await running.get(name)), stop: async () => {} };
};

export async function stopAll() {
  const ends = await Promise.allSettled(running.values());
  await Promise.all(ends.map(({ value }) => value?.stop()));
}

/** Who signs in in a page beside the client, where the session is in a cookie: the next refresh is another user's. */
const GRACE = { email: 'grace@example.com', identifier: 'grace@example.com', password: 'nanoseconds' };

const real = (product, name, ...server) => ({
  ...BACKENDS.find((backend) => backend.name === name),
  ...(/cookie|session/.test(name) && { other: GRACE }),
  version: dependencies[product],
  start: inNode(...server),
});

export const CMS = [
  ...['cookie', 'json', 'session'].map((mode) => real('directus', `Directus, ${mode}`, 'directus.mjs')),
  ...['cookie', 'body', 'legacy'].map((mode) =>
    real('@strapi/strapi', `Strapi, ${mode}`, 'strapi.mjs', { SESSIONS: mode }),
  ),
];
