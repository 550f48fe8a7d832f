import { AuthClient } from 'tokenward/eager';
import { onTokenward } from './on-tokenward.js';

export const openClient = () => onTokenward(new AuthClient());
