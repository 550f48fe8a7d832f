// The preset for Amazon Cognito: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

const to = (name: string) => ({
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': `AWSCognitoIdentityProviderService.${name}`,
});

/**
 * Amazon Cognito user pools. `options.baseUrl` is `https://cognito-idp.REGION.amazonaws.com`. Needs `options.clientId` of an app
 * client without a secret that allows USER_PASSWORD_AUTH. Log in with `{ username, password }`.
 * Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
export const cognito = {
  login: {
    path: '/',
    headers: to('InitiateAuth'),
    body: {
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: '{clientId}',
      AuthParameters: { USERNAME: '{credentials.username}', PASSWORD: '{credentials.password}' },
    },
  },
  refresh: {
    path: '/',
    headers: to('InitiateAuth'),
    body: {
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      ClientId: '{clientId}',
      AuthParameters: { REFRESH_TOKEN: '{refresh}' },
    },
  },
  logout: {
    path: '/',
    headers: to('RevokeToken'),
    body: { ClientId: '{clientId}', Token: '{refresh}' },
  },
  calls: {
    challenge: {
      path: '/',
      headers: to('RespondToAuthChallenge'),
      body: { ClientId: '{clientId}', '...': '{credentials}' },
    },
  },
  answer: {
    access: 'AuthenticationResult.AccessToken',
    refresh: 'AuthenticationResult.RefreshToken',
    expiresIn: 'AuthenticationResult.ExpiresIn',
    step: 'ChallengeName',
  },
  notOver: ['TooManyRequestsException', 'LimitExceededException', 'InternalErrorException'],
} as const satisfies ServerOptions;
