import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { create, type Demonstration, newPassword, read } from './demonstration.ts';

export function randomPassword(client: SecretsManagerClient): Demonstration {
  const secretId = 'demo/random-password';
  return {
    secretId,
    about: 'a random password',
    function: 'random-password',
    async prepare() {
      await create(client, secretId, newPassword());
    },
    async prove() {
      const [current, previous] = [await read(client, secretId), await read(client, secretId, 'AWSPREVIOUS')];
      return [{ claim: 'AWSCURRENT is a new value, and AWSPREVIOUS keeps the old one', holds: current !== previous }];
    },
  };
}

export function fieldsOfOneSecret(client: SecretsManagerClient): Demonstration {
  const secretId = 'demo/service-config';
  const value = {
    MONGODB_URI: 'mongodb://db.internal/app',
    JWT_SECRET: newPassword(),
    API_KEY: newPassword(),
    RETRIES: 3,
  };
  return {
    secretId,
    about: 'two fields of a JSON secret, named by the tag rotation:fields',
    function: 'random-password',
    async prepare() {
      const tags = [{ Key: 'rotation:fields', Value: 'JWT_SECRET API_KEY' }];
      await create(client, secretId, JSON.stringify(value), tags);
    },
    async prove() {
      const current = JSON.parse(await read(client, secretId));
      const previous = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      const changed = Object.keys(previous).filter((field) => previous[field] !== current[field]);
      return [
        {
          claim: 'JWT_SECRET and API_KEY are new, all else is as it was',
          holds: changed.join(' ') === 'JWT_SECRET API_KEY',
        },
      ];
    },
  };
}

export function sharedToken(client: SecretsManagerClient): Demonstration {
  const secretId = 'demo/webhook-token';
  return {
    secretId,
    about: 'a token that its signers and verifiers share, and the one before it',
    function: 'shared-token',
    async prepare() {
      const tags = [{ Key: 'rotation:charset', Value: 'base64url' }];
      await create(client, secretId, JSON.stringify({ current: newPassword() }), tags);
    },
    async prove() {
      const now = JSON.parse(await read(client, secretId));
      const before = JSON.parse(await read(client, secretId, 'AWSPREVIOUS'));
      return [
        { claim: 'signers get a new token', holds: now.current !== before.current },
        { claim: 'verifiers also accept the one before', holds: now.previous === before.current },
      ];
    },
  };
}
