import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mysqlOverlapping } from '../../../shared/engines/mysql-overlapping.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { engineSuite } from '../../conformance/engine.ts';
import { failureOf } from '../../support/failure.ts';
import { strangeText } from '../../support/strange-text.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql, MARIADB } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from './mysql-server.ts';

describeWithMysql('the engine', (kind) => engineSuite(mysqlOverlapping, () => startTestServer(kind)));

describeWithMysql(
  'giving a user two passwords',
  (kind) => {
    describe.each(['', 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'])('where sql_mode is "%s"', (mode) => {
      let server: TestServer;
      beforeAll(async () => {
        server = await startTestServer(kind, { settings: { 'sql-mode': mode } });
      });
      afterAll(() => server.stop());

      const connect = (username: string, password: string) =>
        mysqlOverlapping.connect(server.login(username, password), timeLimit());
      const accepts = async (username: string, password: string) => await (await connect(username, password)).close();

      it('takes any name and any passwords, and both log in', async () => {
        const names = strangeText(mysqlOverlapping.limits('mariadb', 'off').userName.most - 1);
        await fc.assert(
          fc.asyncProperty(names, strangeText(100), strangeText(100), async (name, one, other) => {
            // One letter each, for what the server takes for no name or no password at all.
            const [user, candidate, kept] = [server.nameOf?.(`u${name}`) ?? '', `p${one}`, `q${other}`];
            await server.createUser(user, 'first password');
            try {
              const superuser = await connect(server.superuser.username, server.superuser.password);
              const given = superuser.givePasswords({ user }, new Sensitive(candidate), new Sensitive(kept));
              expect(await given.finally(() => superuser.close())).toBeUndefined();
              await accepts(user, candidate);
              await accepts(user, kept);
              expect(await failureOf(connect(user, 'first password'))).toMatchObject({ name: 'LoginRefused' });
            } finally {
              await server.dropUser(user);
            }
          }),
          { numRuns: 20 },
        );
      });
    });
  },
  { only: MARIADB },
);
