// The client with real back ends and with fakes of others (backends.mjs), each with its preset of js/servers.
import { BACKENDS } from './backends.mjs';
import { testBackends } from './steps.mjs';

testBackends(BACKENDS, { file: 'backends.json' });
