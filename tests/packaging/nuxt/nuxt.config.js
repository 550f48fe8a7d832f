export default defineNuxtConfig({
  compatibilityDate: '2025-11-01',
  app: { head: { title: 'running' } },
  // The server has no user for a page that needs one.
  routeRules: { '/mine': { ssr: false } },
});
