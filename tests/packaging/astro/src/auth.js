// One module for all islands: each of them imports the same client.
import { AuthClient } from 'tokenward';

const isolation = new URLSearchParams(globalThis.location?.search).get('isolation') ?? 'page';
export const auth = new AuthClient({ isolation });
