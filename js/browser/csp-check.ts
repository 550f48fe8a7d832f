// Checks whether the page's Content-Security-Policy stops scripts from starting workers from `blob:` or `data:` URLs. Such a
// worker could run an attacker's code before the client's worker code.
import * as captured from './captured-globals.js';

/** The directives that apply to workers, in the order in which a browser falls back (CSP 3 §6.1.16). */
const DIRECTIVES = ['worker-src', 'child-src', 'script-src', 'default-src'];
/** Sources that let a script make a worker's code. */
const OPEN_SOURCE = /^(\*|blob:|data:|https?:|filesystem:)$/;

/** Whether one of these policies (all of them apply) forbids workers from `blob:` and `data:`. */
export function restrictsWorkers(policies: readonly string[]): boolean {
  return policies.some((policy) => {
    const directives = new Map(
      policy.split(';').map((directive): [string, string[]] => {
        const [name = '', ...sources] = directive.trim().toLowerCase().split(/\s+/);
        return [name, sources];
      }),
    );
    const name = DIRECTIVES.find((candidate) => directives.has(candidate));
    return name !== undefined && !directives.get(name)?.some((source) => OPEN_SOURCE.test(source));
  });
}

/** The policies of the document's meta elements and, if they do not suffice, of its response headers; undefined if unknown. */
async function readPolicies(): Promise<string[] | undefined> {
  const metas = document.querySelectorAll<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy" i]');
  const policies = [...metas].map(({ content }) => content);
  if (restrictsWorkers(policies)) return policies;
  const { ok, headers } = await captured.fetch(location.href, {
    __proto__: null,
    method: 'HEAD',
    cache: 'force-cache',
  } as RequestInit);
  if (!ok) return undefined; // the server does not answer HEAD requests
  return policies.concat((headers.get('content-security-policy') ?? '').split(','));
}

/** Checks once per tab, when the browser is idle, and calls `onUnrestricted` and warns on the console if no policy protects workers. */
export function checkWorkerPolicy(storagePrefix: string, onUnrestricted: () => void) {
  const key = `${storagePrefix}:csp-checked`;
  const check = async () => {
    try {
      if (sessionStorage.getItem(key)) return;
      sessionStorage.setItem(key, '1');
      const policies = await readPolicies();
      if (!policies || restrictsWorkers(policies)) return;
    } catch {
      return; // the policy is unknown
    }
    onUnrestricted();
    console.warn(
      "tokenward: the page has no header Content-Security-Policy: worker-src 'self', so a script can start a worker with its own code (docs/explanation/secrecy.md)",
    );
  };
  if ('requestIdleCallback' in globalThis) requestIdleCallback(check, { timeout: 5_000 });
  else setTimeout(check, 1_000);
}
