// The client with Directus and Strapi themselves, too heavy for npm test: npm run test:cms.
import { testBackends } from '../steps.mjs';
import { CMS, stopAll } from './cms.mjs';

testBackends(CMS, { file: 'cms.json', after: stopAll });
