import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/command.ts';
import { type Protocol, startProtocol } from '../support/protocol.ts';
import { describeWithMariadb } from '../support/with-mariadb.ts';

const replay = (...args: string[]) => runCommand('events/replay.ts', ...args);

describe('npm run replay', () => {
  let folder: string;
  let protocol: Protocol;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
    protocol = await startProtocol();
  });

  afterAll(async () => {
    await protocol.close();
    await rm(folder, { recursive: true });
  });

  const file = async (content: unknown) => {
    const path = join(folder, `${randomUUID()}.json`);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  it('sends one event to a secret that it seeds, and shows the version stages before and after', async () => {
    const { exitCode, transcript } = await replay('events/create-secret.json', '--function', 'random-password');
    expect(transcript).toBe(`  before   ● version 1  AWSCURRENT
           ○ version 2  AWSPENDING
  ✓ createSecret … ms  candidate stored
  after    ● version 1  AWSCURRENT
           ○ version 2  AWSPENDING
`);
    expect(exitCode).toBe(0);
  });

  it('brings the secret to the step that a later event asks for', async () => {
    const { exitCode, transcript } = await replay('events/finish-secret.json', '--function', 'random-password');
    expect(transcript).toBe(`  seeded a secret, and ran createSecret, setSecret, testSecret on it first
  before   ● version 1  AWSCURRENT
           ○ version 2  AWSPENDING
  ✓ finishSecret … ms  promoted
  after    ● version 2  AWSCURRENT, AWSPENDING
           ○ version 1  AWSPREVIOUS
`);
    expect(exitCode).toBe(0);
  });

  it.each(['events/set-secret.json', 'events/test-secret.json'])('replays %s', async (event) => {
    expect((await replay(event, '--function', 'random-password')).exitCode).toBe(0);
  });

  it.each([
    ['shared token', 'shared-token'],
    ['real PostgreSQL role', 'postgres-single-user'],
    ['real pair of PostgreSQL roles', 'postgres-alternating-users'],
    ["stand-in issuer's key", 'api-key'],
    ["stand-in IAM user's access key", 'iam-access-key'],
  ])('replays a whole rotation of a %s', async (_, functionName) => {
    const { exitCode, output } = await replay('events/rotation.json', '--function', functionName);
    expect(output.match(/✓ (\w+)/g)).toEqual(['✓ createSecret', '✓ setSecret', '✓ testSecret', '✓ finishSecret']);
    expect(exitCode).toBe(0);
  });

  it('shows the error and the log lines of an event that the function refuses, and exits with 1', async () => {
    const { exitCode, output } = await replay('events/invalid.json', '--function', 'random-password');
    expect(output).toMatch(/✗ create_secret .* InvalidEvent\n {6}Step must be one of createSecret/);
    expect(output).toMatch(/^ {6}\{"level":"ERROR"/m);
    expect(exitCode).toBe(1);
  });

  it("takes a person's own event, value and environment", async () => {
    const event = await file({ Step: 'createSecret', SecretId: 'mine', ClientRequestToken: randomUUID() });
    const secret = await file('{"token":"old"}');
    const wrong = await replay(
      event,
      '--function',
      'random-password',
      '--secret',
      secret,
      '--env',
      'PASSWORD_LENGTH=no',
    );
    expect(wrong.output).toContain('PASSWORD_LENGTH');
    expect(wrong.exitCode).toBe(1);
    const right = await replay(
      event,
      '--function',
      'random-password',
      '--secret',
      secret,
      '--env',
      'PASSWORD_LENGTH=20',
    );
    expect(right.exitCode).toBe(0);
  });

  it.each(['arn:aws-us-gov:secretsmanager:us-gov-west-1', 'arn:aws-cn:secretsmanager:cn-north-1'])(
    "takes partition and Region from the event's ARN: %s",
    async (place) => {
      const SecretId = `${place}:123456789012:secret:replay/example-a1B2c3`;
      const event = await file({ Step: 'createSecret', SecretId, ClientRequestToken: randomUUID() });
      const { exitCode, output } = await replay(event, '--function', 'random-password');
      expect(output).toContain(`"secretArn":"${SecretId}"`);
      expect(exitCode).toBe(0);
    },
  );

  it('uses the secrets of an endpoint that is already running', async () => {
    const SecretId = protocol.createSecret('old');
    const ClientRequestToken = protocol.beginRotation(SecretId);
    const event = await file({ Step: 'createSecret', SecretId, ClientRequestToken });
    const { exitCode } = await replay(event, '--function', 'random-password', '--endpoint', protocol.service.endpoint);
    expect(exitCode).toBe(0);
    expect(protocol.valueOf(SecretId, ClientRequestToken)).toMatch(/^.{32}$/);
  });

  it.each([
    ['no event file', ['--function', 'random-password'], 'Name one event file.'],
    ['no function', ['events/rotation.json'], 'Name the function'],
    ['an unknown function', ['events/rotation.json', '--function', 'nonsense'], 'There is no function nonsense'],
    ['a file that is not there', ['nowhere.json', '--function', 'random-password'], 'nowhere.json cannot be read.'],
    ['a file that is not JSON', ['README.md', '--function', 'random-password'], 'README.md is not JSON.'],
    [
      'an endpoint that is no URL',
      ['events/rotation.json', '--function', 'random-password', '--endpoint', 'x'],
      '--endpoint must be',
    ],
    ['an unknown flag', ['events/rotation.json', '--nonsense'], "Unknown option '--nonsense'"],
  ])('explains itself to somebody who gives %s, and exits with 2', async (_, args, said) => {
    const { exitCode, output } = await replay(...args);
    expect(output).toContain(said);
    expect(output).toContain('Usage: npm run replay');
    expect(exitCode).toBe(2);
  });
});

describeWithMariadb('npm run replay, where a MariaDB server is there,', () => {
  it.each(['mysql-single-user', 'mysql-alternating-users'])('replays a whole rotation of %s', async (functionName) => {
    const { exitCode, output } = await replay('events/rotation.json', '--function', functionName);
    expect(output.match(/✓ (\w+)/g)).toEqual(['✓ createSecret', '✓ setSecret', '✓ testSecret', '✓ finishSecret']);
    expect(exitCode).toBe(0);
  });
});
