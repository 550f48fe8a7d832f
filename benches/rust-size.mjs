// npm run bench:rust-size: what the Rust client adds to an app. Builds the apps of examples/rust, and the same apps with sign-in by
// hand (benches/rust-size), and prints the bytes of each.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RUST_EXAMPLES } from '../tools/examples.mjs';
import { main, root, run, say } from '../tools/run.mjs';
import { setUpBuild } from '../tools/setup.mjs';
import { brotli } from './size.mjs';

const TARGET = 'wasm32-unknown-unknown';
const target = path.join(root, 'target/bench-rust');

/** The arguments of Cargo that select an app. Each is built alone: Cargo unifies the features that two apps need of a crate. */
const byHand = (name) => ['--package', 'tokenward-bench-size', '--features', name, '--bin', `by-hand-${name}`];
const withClient = (name) => ['--package', `tokenward-example-${name}`];

/** Bytes of an app as a page downloads it: its wasm, its JavaScript, and what of that is the glue of wasm-bindgen. */
async function measure(selection, wasmBindgen) {
  const program = selection.at(-1);
  say(`${program}: cargo build --release`);
  const places = ['--manifest-path', path.join(root, 'examples/rust/Cargo.toml'), '--target-dir', target];
  await run('cargo', ['build', '--locked', '--quiet', '--release', '--target', TARGET, ...places, ...selection]);
  const { build } = await import('esbuild');
  const folder = path.join(root, 'target/rust-size', program);
  mkdirSync(folder, { recursive: true });
  const compiled = path.join(target, TARGET, 'release', `${program}.wasm`);
  await run(wasmBindgen, [compiled, '--target', 'web', '--out-dir', folder, '--out-name', 'app', '--no-typescript']);
  const small = path.join(folder, 'small.wasm');
  const features = ['bulk-memory', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];
  await run(path.join(root, 'node_modules/.bin/wasm-opt'), [
    path.join(folder, 'app_bg.wasm'),
    ...['-Oz', '-o', small],
    ...features.map((feature) => `--enable-${feature}`),
  ]);
  const bundle = async (external) => {
    const options = {
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      legalComments: 'none',
      logLevel: 'error',
      external,
    };
    const { outputFiles } = await build({ ...options, entryPoints: [path.join(folder, 'app.js')] });
    return brotli(outputFiles[0].contents);
  };
  return { wasm: brotli(readFileSync(small)), script: await bundle([]), glue: await bundle(['./snippets/*']) };
}

await main(async () => {
  const { wasmBindgen } = await setUpBuild();
  const rows = [];
  for (const name of RUST_EXAMPLES) {
    const former = await measure(byHand(name), wasmBindgen);
    const latter = await measure(withClient(name), wasmBindgen);
    const sum = ({ wasm, script }) => wasm + script;
    rows.push({
      app: name,
      'by hand': sum(former),
      tokenward: sum(latter),
      added: sum(latter) - sum(former),
      wasm: latter.wasm - former.wasm,
      glue: latter.glue - former.glue,
      module: latter.script - latter.glue - (former.script - former.glue),
    });
  }
  console.log(
    '\nbytes of a Rust app (brotli 11), and what tokenward adds: wasm, glue of wasm-bindgen, its JavaScript module',
  );
  console.table(rows);
});
