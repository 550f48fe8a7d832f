// The peers as an app would ship them: installed as pinned, each bundled and minified.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Mend, root, say } from '../../tools/run.mjs';

const here = path.join(root, 'benches');
export const PEERS = {
  'hand-written': 'hand-written',
  'axios + axios-auth-refresh': 'axios',
  'auth0-spa-js, tokens in its worker': 'auth0',
  'oidc-client-ts, in memory': 'oidc',
  'supabase auth-js, default': 'supabase',
};

/** Returns the folder with a bundle for each. */
export async function buildPeers() {
  const wanted = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8')).dependencies;
  const installed = (name) => {
    const file = path.join(here, 'node_modules', name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version;
  };
  if (Object.keys(wanted).some((name) => installed(name) !== wanted[name])) {
    say('peers: npm ci in benches/');
    const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: here,
      stdio: 'inherit',
      shell: true,
    });
    if (status !== 0) throw new Mend('npm ci in benches/ failed: see above');
  }
  const { build } = await import('esbuild');
  const folder = path.join(root, 'target/peers');
  await build({
    bundle: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    outdir: folder,
    entryPoints: Object.values(PEERS).map((name) => path.join(here, 'peers', `${name}.js`)),
    logLevel: 'warning',
  });
  const auth0 = path.join(here, 'node_modules/@auth0/auth0-spa-js/dist/auth0-spa-js.worker.production.js');
  copyFileSync(auth0, path.join(folder, 'auth0-worker.js'));
  return folder;
}
