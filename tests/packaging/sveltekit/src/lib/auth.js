import { redirect } from '@sveltejs/kit';
import { AuthClient } from 'tokenward';
import { createGuard } from 'tokenward/svelte';
import { browser } from '$app/environment';
import { invalidate } from '$app/navigation';

const isolation = (browser && new URLSearchParams(location.search).get('isolation')) || 'page';
export const auth = new AuthClient({ isolation });
export const guard = createGuard(auth, { redirect, invalidate });
