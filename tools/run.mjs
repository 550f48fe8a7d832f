// Helpers that every tool shares: print a progress line, run a program, find a program, capture what is printed.
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const windows = process.platform === 'win32';

/** A failed step whose message says how to fix it; printed without a stack. */
export class UserError extends Error {}

export function say(text) {
  process.stdout.write(`\x1b[36m» ${text}\x1b[0m\n`);
}

const capture = new AsyncLocalStorage();
const writeToTerminal = process.stdout.write.bind(process.stdout);

/** `console.log` and `say` inside of `captured` write to its buffer; everywhere else they write to the terminal. */
function writeToBuffer(chunk, ...rest) {
  const chunks = capture.getStore();
  if (!chunks) return writeToTerminal(chunk, ...rest);
  chunks.push(Buffer.from(chunk));
  return true;
}

/**
 * Runs `body` and returns what it and the programs that it runs print, and its error if it throws one. Steps that run side
 * by side do not mix their lines.
 */
export async function captured(body) {
  process.stdout.write = writeToBuffer;
  const chunks = [];
  let value;
  let error = null;
  try {
    value = await capture.run(chunks, body);
  } catch (thrown) {
    error = thrown;
  }
  return { value, error, text: Buffer.concat(chunks).toString() };
}

/**
 * Runs a program to its end; rejects with its command line when it fails. It prints to the terminal, or to the buffer of
 * `captured`. `onOutput` receives each piece of its output besides.
 */
export function run(program, args, { env = {}, onOutput } = {}) {
  // On Windows, npm installs scripts, which only a shell can start; a shell needs quotes around blanks.
  const shell = windows && (/^(npm|npx)$/.test(program) || program.includes('.bin'));
  const quoted = (text) => (shell && /\s/.test(text) ? `"${text}"` : text);
  const chunks = capture.getStore();
  const stream = chunks || onOutput ? 'pipe' : 'inherit';
  return new Promise((resolve, reject) => {
    const child = spawn(quoted(program), args.map(quoted), {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', stream, stream],
      shell,
    });
    const receive = (terminal) => (chunk) => {
      if (chunks) chunks.push(chunk);
      else terminal.write(chunk);
      onOutput?.(chunk);
    };
    child.stdout?.on('data', receive(process.stdout));
    child.stderr?.on('data', receive(process.stderr));
    child.on('error', (error) => reject(new UserError(`${program} could not be started: ${error.message}`)));
    // `close` comes after the last piece of output; `exit` may come before it.
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new UserError(`${program} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The output of a program, or null if it does not exist or fails. */
export function output(program, args) {
  const done = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
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
          // The program is not in this place.
        }
      }
    }
  }
  return null;
}

/** Runs a tool's main function; a UserError is printed as advice, anything else with its stack. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    process.stderr.write(`\x1b[31m✗ ${error instanceof UserError ? error.message : error.stack}\x1b[0m\n`);
    process.exitCode = 1;
  }
}
