// The theme of VitePress, with a start page of its own. Its fonts are files of the site.
import Theme from 'vitepress/theme';
import StartPage from './StartPage.vue';
import './style.css';

export default {
  extends: Theme,
  enhanceApp: ({ app }) => app.component('StartPage', StartPage),
};
