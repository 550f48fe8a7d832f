module.exports = {
  routes: [
    { method: 'GET', path: '/me', handler: 'test.me' },
    { method: 'POST', path: '/echo', handler: 'test.echo' },
  ],
};
