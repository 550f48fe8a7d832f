// The demo page on a server of the visitor's own: a form with what the client must be told, kept for this tab.
import type { AuthClientOptions } from 'tokenward';
import { check, ENDPOINTS, FIELDS, type Finding, type Form, group } from './check.js';
import { element, make } from './page.js';

const SLOT = 'tokenward-demo:own-server';

/** Sets of names that servers use. */
const PRESETS: Readonly<Record<string, Form>> = {
  tokenward: {},
  snake: {
    'fields.accessToken': 'access_token',
    'fields.refreshToken': 'refresh_token',
    'fields.expiresIn': 'expires_in',
  },
  nested: {
    'fields.accessToken': 'data.accessToken',
    'fields.refreshToken': 'data.refreshToken',
    'fields.expiresIn': 'data.expiresIn',
    'fields.user': 'data.user',
  },
  oauth2: { protocol: 'oauth2', transport: 'body', credentials: '{"username": "", "password": ""}' },
};

const DEFAULTS: Form = {
  preset: 'tokenward',
  baseUrl: location.origin,
  protocol: 'json',
  transport: 'cookie',
  api: '/api/me',
  credentials: '{"email": "", "password": ""}',
};

const form = () => element<HTMLFormElement>('own-form');
const inputs = () => [...form().elements].filter((one) => (one as HTMLInputElement).name) as HTMLInputElement[];
const read = (): Form => Object.fromEntries(inputs().map(({ name, value }) => [name, value.trim()]));
function fill(values: Form): void {
  for (const input of inputs()) input.value = values[input.name] ?? DEFAULTS[input.name] ?? '';
}

/** What `new AuthClient` is given. */
function optionsOf(values: Form): AuthClientOptions {
  const { baseUrl, protocol, transport, clientId } = values;
  const [endpoints, fields] = [group(values, 'endpoints', ENDPOINTS), group(values, 'fields', FIELDS)];
  return {
    name: 'own-server',
    ...(baseUrl && { baseUrl }),
    ...(protocol && { protocol: protocol as 'json' | 'oauth2' }),
    ...(transport && { transport: transport as 'cookie' | 'body' }),
    ...(clientId && protocol === 'oauth2' && { clientId }),
    ...(endpoints && { endpoints }),
    ...(fields && { fields }),
  };
}

/** What the visitor chose before the last load of the page. */
export function chosen(): { options: AuthClientOptions; values: Form } {
  const kept = sessionStorage.getItem(SLOT);
  const values: Form = { ...DEFAULTS, ...(kept ? (JSON.parse(kept) as Form) : {}) };
  return { options: optionsOf(values), values };
}

/**
 * Readies the form. `problem` is what the client had to say of the options; `signedIn` tells whether somebody is, whose session
 * a check would end.
 */
export function readyForm(problem: unknown, signedIn: () => boolean): void {
  fill(chosen().values);
  const preset = element<HTMLSelectElement>('preset');
  preset.addEventListener('change', () => {
    const { baseUrl = '', api = '' } = read();
    fill({ ...PRESETS[preset.value], preset: preset.value, baseUrl, api });
  });
  const results = element('own-results');
  const tell = (found: Finding) => results.append(asItem(found));
  if (problem) tell({ mark: 'bad', what: 'Options', hint: (problem as Error).message });
  form().addEventListener('submit', (event) => {
    event.preventDefault();
    const { credentials: _, ...values } = read();
    sessionStorage.setItem(SLOT, JSON.stringify(values));
    location.reload();
  });
  const button = element<HTMLButtonElement>('own-check');
  button.addEventListener('click', async () => {
    results.replaceChildren();
    if (signedIn())
      return tell({
        mark: 'bad',
        what: 'Not now',
        hint: 'Sign out first: the check signs in and out itself, and would end your session.',
      });
    button.disabled = true;
    await check(read(), tell).finally(() => {
      button.disabled = false;
    });
  });
}

const SIGNS = { good: '✓', bad: '✗', note: 'i' };
const IN_WORDS = { good: 'good: ', bad: 'to mend: ', note: 'to know: ' };
const asItem = ({ mark, what, hint }: Finding) =>
  make(
    'li',
    [
      make('span', SIGNS[mark], { class: 'sign', 'aria-hidden': 'true' }),
      make('p', [make('span', IN_WORDS[mark], { class: 'hidden' }), make('strong', what), new Text(` ${hint}`)]),
    ],
    { class: mark },
  );
