// Strapi with the users-permissions plugin, in a temporary folder: a copy of the app in strapi/, and its database. SESSIONS names
// the mode of the sessions.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-strapi-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit());
cpSync(path.join(import.meta.dirname, 'strapi'), folder, { recursive: true });
mkdirSync(path.join(folder, 'public/uploads'), { recursive: true });
process.env.DATABASE_FILENAME = path.join(folder, 'strapi.db');
process.env.STRAPI_TELEMETRY_DISABLED = 'true';
process.env.STRAPI_DISABLE_UPDATE_NOTIFICATION = 'true';

const { createStrapi } = createRequire(import.meta.url)('@strapi/strapi');
await createStrapi({ appDir: folder, distDir: folder, serveAdminPanel: false, autoReload: false }).start();
console.log(`listening on http://127.0.0.1:${process.env.PORT}`);
