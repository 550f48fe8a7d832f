// Whether the page's Content-Security-Policy lets a script start a worker of its own making: such a worker could run the
// library's code behind its own.
import type { Log } from './log.js';

/** What is used, in this order, where `worker-src` is not there (CSP 3 §6.1.16). */
const DIRECTIVES = ['worker-src', 'child-src', 'script-src', 'default-src'];

/** Whether these policies, each of which must allow it, leave a worker from `blob:` or `data:` out. */
function confinesWorkers(policies: readonly string[]): boolean {
  return policies.some((policy) => {
    const rules = new Map(
      policy.split(';').map((rule): [string, string[]] => {
        const [name = '', ...sources] = rule.trim().toLowerCase().split(/\s+/);
        return [name, sources];
      }),
    );
    const rule = DIRECTIVES.find((name) => rules.has(name));
    return (
      rule !== undefined && !rules.get(rule)?.some((source) => /^(\*|blob:|data:|https?:|filesystem:)$/.test(source))
    );
  });
}

/** Looks once per tab, when the browser has nothing better to do; warns in the log and on the console. */
export function warnOfPolicy(log: Log, slot: string) {
  const key = `${slot}:policy`;
  const look = async () => {
    try {
      if (sessionStorage.getItem(key)) return;
      sessionStorage.setItem(key, '1');
      const metas = document.querySelectorAll<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy" i]');
      const policies = [...metas].map(({ content }) => content);
      if (!confinesWorkers(policies)) {
        const { ok, headers } = await fetch(location.href, { method: 'HEAD', cache: 'force-cache' });
        if (!ok) return; // not asked this way
        policies.push(...(headers.get('content-security-policy') ?? '').split(','));
      }
      if (confinesWorkers(policies)) return;
    } catch {
      return; // nothing is known
    }
    log('warn', 'worker-src-missing');
    console.warn(
      "tokenward: without the header Content-Security-Policy: worker-src 'self', a script can start a worker of its own making (docs/secrecy.md)",
    );
  };
  if ('requestIdleCallback' in globalThis) requestIdleCallback(look, { timeout: 5_000 });
  else setTimeout(look, 1_000);
}
