import { App, Stack } from 'aws-cdk-lib';
import { RotatedSecret } from './rotated-secret.ts';
import { RotationFunction } from './rotation-function.ts';

// Account and region come from whoever deploys: a stack that names neither needs no look-up to be synthesized.
const stack = new Stack(new App(), 'SecretRotation', {
  description: 'Functions that rotate secrets of AWS Secrets Manager, and the secrets they rotate',
});

new RotatedSecret(stack, 'RandomPasswordSecret', {
  description: 'A random password that nothing else has to be told about.',
  firstValue: { passwordLength: 32 },
  rotatedBy: new RotationFunction(stack, 'RandomPassword', { bundle: 'dist/random-password' }),
});

// The RDS authorities; since Node 20 the runtime reads them only when told to.
const rdsAuthorities = { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' };

new RotatedSecret(stack, 'PostgresSecret', {
  description: 'A PostgreSQL login. Before its first rotation, put the real host, username, dbname and password here.',
  // Every field is to be replaced: `.invalid` (RFC 2606) resolves nowhere, so no placeholder ever reaches a server.
  firstValue: {
    secretStringTemplate: JSON.stringify({
      engine: 'postgres',
      host: 'edit-me.invalid',
      port: 5432,
      username: 'edit-me',
      dbname: 'edit-me',
    }),
    generateStringKey: 'password',
  },
  rotatedBy: new RotationFunction(stack, 'PostgresSingleUser', {
    bundle: 'dist/postgres-single-user',
    environment: rdsAuthorities,
  }),
});

new RotatedSecret(stack, 'MysqlSecret', {
  description:
    'A MySQL or MariaDB login. Before its first rotation, put the real engine, host, username and password here.',
  firstValue: {
    secretStringTemplate: JSON.stringify({
      engine: 'mysql',
      host: 'edit-me.invalid',
      port: 3306,
      username: 'edit-me',
    }),
    generateStringKey: 'password',
  },
  rotatedBy: new RotationFunction(stack, 'MysqlSingleUser', {
    bundle: 'dist/mysql-single-user',
    environment: rdsAuthorities,
  }),
});
