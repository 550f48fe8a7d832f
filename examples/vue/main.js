import { AuthClient } from 'tokenward';
import { createAuth } from 'tokenward/vue';
import { createApp } from 'vue';
import App from './App.vue';

createApp(App).use(createAuth(new AuthClient())).mount('#app');
