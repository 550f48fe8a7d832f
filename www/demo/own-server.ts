// The demo page with the user's own server: a form for the client's options, stored in sessionStorage.
import type { AuthClientOptions } from 'tokenward';
import { check, ENDPOINTS, FIELDS, type Finding, type Form, group } from './check.js';
import { element, make } from './page.js';

const STORAGE_KEY = 'tokenward-demo:own-server';

/** Common sets of field names. */
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
const readForm = (): Form => Object.fromEntries(inputs().map(({ name, value }) => [name, value.trim()]));
function fill(values: Form): void {
  for (const input of inputs()) input.value = values[input.name] ?? DEFAULTS[input.name] ?? '';
}

/** The client options that the form describes. */
function toOptions(values: Form): AuthClientOptions {
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

/** The stored form, and the client options that it describes. */
export function loadForm(): { options: AuthClientOptions; values: Form } {
  const stored = sessionStorage.getItem(STORAGE_KEY);
  const values: Form = { ...DEFAULTS, ...(stored ? (JSON.parse(stored) as Form) : {}) };
  return { options: toOptions(values), values };
}

/**
 * Fills the form and adds its event handlers. `optionsError` is the error that `new AuthClient` threw. `isSignedIn` blocks the
 * check while a user is signed in, because the check ends the session.
 */
export function setUpForm(optionsError: unknown, isSignedIn: () => boolean): void {
  fill(loadForm().values);
  const preset = element<HTMLSelectElement>('preset');
  preset.addEventListener('change', () => {
    const { baseUrl = '', api = '' } = readForm();
    fill({ ...PRESETS[preset.value], preset: preset.value, baseUrl, api });
  });
  const results = element('own-results');
  const report = (finding: Finding) => results.append(renderFinding(finding));
  if (optionsError) report({ severity: 'bad', what: 'Options', hint: (optionsError as Error).message });
  form().addEventListener('submit', (event) => {
    event.preventDefault();
    const { credentials: _, ...values } = readForm();
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(values));
    location.reload();
  });
  const button = element<HTMLButtonElement>('own-check');
  button.addEventListener('click', async () => {
    results.replaceChildren();
    if (isSignedIn())
      return report({
        severity: 'bad',
        what: 'Signed in',
        hint: 'Sign out first: the check signs in and out, which ends your session.',
      });
    button.disabled = true;
    await check(readForm(), report).finally(() => {
      button.disabled = false;
    });
  });
}

const ICONS = { good: '✓', bad: '✗', note: 'i' };
const LABELS = { good: 'passed: ', bad: 'error: ', note: 'note: ' };
const renderFinding = ({ severity, what, hint }: Finding) =>
  make(
    'li',
    [
      make('span', ICONS[severity], { class: 'sign', 'aria-hidden': 'true' }),
      make('p', [make('span', LABELS[severity], { class: 'hidden' }), make('strong', what), new Text(` ${hint}`)]),
    ],
    { class: severity },
  );
