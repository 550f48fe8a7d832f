module.exports = {
  serveAdminPanel: false,
  auth: { secret: 'a'.repeat(32) },
  apiToken: { salt: 'b'.repeat(32) },
  transfer: { token: { salt: 'c'.repeat(32) } },
  secrets: { encryptionKey: 'd'.repeat(32) },
};
