import { afterAll, expect } from 'vitest';
import { startPostgres } from '../../local/databases/postgres-server.ts';
import { createSuperuser } from './alternating-roles.ts';
import { outputOfEachTest } from './captured-output.ts';
import { newPairRotation, type PairOptions, rolesOf } from './pair-rotation.ts';
import { startProtocol } from './protocol.ts';

export type PairRotation = Awaited<ReturnType<typeof newPairRotation>>;

/** What a file of tests about alternating PostgreSQL users needs; it ends with the file. */
export async function pairSetting(settings: Readonly<Record<string, string>> = { ssl: 'off' }) {
  const [server, protocol] = await Promise.all([startPostgres({ settings }), startProtocol()]);
  afterAll(() => Promise.all([server.stop(), protocol.close()]));
  await createSuperuser(server);
  return {
    server,
    protocol,
    output: outputOfEachTest(),

    /** Two users and a rotation of their secret that has begun. */
    begin: (options?: PairOptions) => newPairRotation(server, protocol, options),

    /** What setSecret fails with; that nothing is changed at the server is checked here. */
    async refusal(rotation: PairRotation): Promise<Error> {
      await rotation.step('createSecret');
      const before = await rolesOf(server);
      const error = await rotation.failure('setSecret');
      expect(await rolesOf(server)).toEqual(before);
      return error;
    },
  };
}
