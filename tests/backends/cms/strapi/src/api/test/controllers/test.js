// The API of the tests, which the server offers to signed-in users alone.
module.exports = {
  me(context) {
    context.body = { email: context.state.user.email };
  },
  echo(context) {
    context.body = context.request.body;
  },
};
