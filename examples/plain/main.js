import { AuthClient } from 'tokenward';

const auth = new AuthClient();
/** The text for the user depends on the code of the error; the message is for developers. */
const explain = ({ code, message }) => (code === 'INVALID_CREDENTIALS' ? 'Wrong email or password.' : message);
const element = (id) => document.getElementById(id);

auth.subscribe(({ status, user }) => {
  element('login').hidden = status !== 'signed-out';
  element('home').hidden = status !== 'signed-in';
  element('who').textContent = user?.email ?? '';
});

element('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.currentTarget));
  element('problem').textContent = '';
  await auth.login({ email, password }).catch((error) => {
    element('problem').textContent = explain(error);
  });
});

element('call').addEventListener('click', async () => {
  element('answer').textContent = await (await auth.fetch('/api/me')).text();
  element('answer').hidden = false;
});

element('out').addEventListener('click', () => auth.logout());
