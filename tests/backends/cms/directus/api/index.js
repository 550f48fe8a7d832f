// An extension of Directus: the API of the tests below /api.
export default {
  id: 'api',
  handler(router, { database }) {
    router.use(({ accountability }, response, next) => {
      if (accountability?.user) return next();
      const errors = [{ message: "You don't have permission to access this.", extensions: { code: 'FORBIDDEN' } }];
      return response.status(403).json({ errors });
    });
    router.get('/me', async ({ accountability }, response) => {
      response.json(await database('directus_users').select('email').where({ id: accountability.user }).first());
    });
    router.post('/echo', ({ body }, response) => response.json(body));
  },
};
