// The plugin also runs on the server, where the client starts nothing.
import { AuthClient } from 'tokenward';
import { createAuth, guardRoutes } from 'tokenward/vue';

export default defineNuxtPlugin(({ vueApp }) => {
  const isolation = (import.meta.client && new URLSearchParams(location.search).get('isolation')) || 'page';
  const auth = new AuthClient({ isolation });
  vueApp.use(createAuth(auth));
  if (import.meta.client) guardRoutes(useRouter(), auth);
});
