import { AuthClient } from 'tokenward';
import { onTokenward } from './on-tokenward.js';

export const openClient = () => onTokenward(new AuthClient());
