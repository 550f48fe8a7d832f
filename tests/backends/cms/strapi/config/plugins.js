// SESSIONS: the mode of the users-permissions plugin, as its documentation names them.
const SESSIONS = {
  cookie: { jwtManagement: 'refresh', sessions: { httpOnly: true } },
  body: { jwtManagement: 'refresh', sessions: { httpOnly: false } },
  legacy: { jwtManagement: 'legacy-support' },
};

module.exports = ({ env }) => {
  const { jwtManagement, sessions } = SESSIONS[env('SESSIONS')];
  const life = env.int('ACCESS_SECONDS', 300);
  return {
    'users-permissions': {
      config: {
        jwtSecret: 'e'.repeat(32),
        jwtManagement,
        ...(sessions ? { sessions: { ...sessions, accessTokenLifespan: life } } : { jwt: { expiresIn: life } }),
      },
    },
  };
};
