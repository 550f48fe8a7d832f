// Two users, and the permission of signed-in users to call the API of the tests.
const USERS = 'plugin::users-permissions';

module.exports = {
  async bootstrap({ strapi }) {
    const role = await strapi.db.query(`${USERS}.role`).findOne({ where: { type: 'authenticated' } });
    for (const action of ['api::test.test.me', 'api::test.test.echo'])
      await strapi.db.query(`${USERS}.permission`).create({ data: { action, role: role.id } });
    for (const [username, password] of Object.entries({ ada: 'analytical engine', grace: 'nanoseconds' }))
      await strapi
        .plugin('users-permissions')
        .service('user')
        .add({
          username,
          email: `${username}@example.com`,
          password,
          provider: 'local',
          confirmed: true,
          role: role.id,
        });
  },
};
