import { guard } from '$lib/auth.js';

export const load = guard();
