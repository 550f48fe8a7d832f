// The presets of js/servers: each is valid, and no two have the same name.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { load, root } from './load.mjs';

const { validateOptions } = await load('client/validate-options');
const names = readdirSync(path.join(root, 'js/servers')).map((file) => path.basename(file, '.ts'));

test('there is a preset for each back end of the design', () => {
  for (const name of [
    ...[
      'simplejwt',
      'dj-rest-auth',
      'flask-jwt-extended',
      'fastapi-users',
      'django-oauth-toolkit',
      'better-auth',
      'nestjs',
    ],
    ...[
      'directus',
      'strapi',
      'aspnet-identity',
      'laravel-sanctum',
      'laravel-passport',
      'supabase',
      'firebase',
      'auth0',
    ],
    ...['keycloak', 'cognito'],
  ])
    assert.ok(names.includes(name), name);
});

for (const name of names) {
  const presets = await load(`servers/${name}`);
  for (const [preset, server] of Object.entries(presets))
    test(`servers/${name}: ${preset} is valid`, () => {
      const valid = validateOptions({ server, clientId: 'id', remember: 'browser' });
      assert.deepEqual(JSON.parse(JSON.stringify(valid.server)), server);
    });
}
