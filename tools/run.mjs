// Small helpers that every tool shares: say what is done, run a program, find a program.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const windows = process.platform === 'win32';

/** A step that went wrong and the mend for it; printed without a stack. */
export class Mend extends Error {}

export function say(text) {
  process.stdout.write(`\x1b[36m» ${text}\x1b[0m\n`);
}

/** Runs a program to its end with our own terminal; rejects with its name when it fails. */
export function run(program, args, { env = {} } = {}) {
  // On Windows, what npm installs are scripts, which only a shell can start; and a shell wants blanks quoted.
  const shell = windows && (/^(npm|npx)$/.test(program) || program.includes('.bin'));
  const quoted = (text) => (shell && /\s/.test(text) ? `"${text}"` : text);
  return new Promise((resolve, reject) => {
    const child = spawn(quoted(program), args.map(quoted), {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      shell,
    });
    child.on('error', (error) => reject(new Mend(`${program} could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Mend(`${program} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** What a program prints, or null when it is not there or fails. */
export function output(program, args) {
  const done = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  return done.status === 0 ? done.stdout.trim() : null;
}

/** The first of these files or programs on PATH that can be executed, or null. */
export function find(...names) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const endings = windows ? ['.exe', '.cmd', ''] : [''];
  for (const name of names.filter(Boolean)) {
    const places = path.isAbsolute(name) ? [name] : folders.map((folder) => path.join(folder, name));
    for (const place of places) {
      for (const ending of endings) {
        try {
          accessSync(place + ending, constants.X_OK);
          return place + ending;
        } catch {
          // not here: look on
        }
      }
    }
  }
  return null;
}

/** Runs a tool's main function; a Mend is printed as advice, anything else with its stack. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    process.stderr.write(`\x1b[31m✗ ${error instanceof Mend ? error.message : error.stack}\x1b[0m\n`);
    process.exitCode = 1;
  }
}
