import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { mysqlAlternating } from '../../../shared/engines/mysql-alternating.ts';
import { Sensitive } from '../../../shared/secrets/sensitive.ts';
import { vouched } from '../../support/claims.ts';
import { failureOf } from '../../support/failure.ts';
import { timeLimit } from '../../support/time-limit.ts';
import { describeWithMysql, MARIADB } from '../../support/with-mysql.ts';
import { startTestServer, type TestServer } from './mysql-server.ts';

const PAIR = { first: 'app', clone: 'app_clone' };
const [KEEPS_THE_RULE, ALSO_DOES, WEAK] = ['Keeps-the-rule-1', 'Also-keeps-it-2', 'weak'];

describeWithMysql(
  'a MariaDB server whose rule for passwords refuses the one that a user is let in with',
  (kind) => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer(kind, { plugins: ['auth_ed25519', 'simple_password_check'] });
    });
    afterAll(() => server.stop());

    async function letIn(user: string, password: string): Promise<void> {
      const { username, password: own } = server.superuser;
      const session = await mysqlAlternating.connect(server.login(username, own), timeLimit());
      await session.letIn(user, PAIR, new Sensitive(password), vouched()).finally(() => session.close());
    }
    const logIn = (user: string, password: string) => server.query('SELECT 1', { username: user, password });
    const stored = () =>
      server.query("SELECT User, Host, Priv FROM mysql.global_priv WHERE User LIKE 'app%' ORDER BY 1");

    describe.each(['mysql_native_password', 'ed25519'])('(%s)', (plugin) => {
      async function newFirst(): Promise<void> {
        await server.query(`CREATE USER app@'%' IDENTIFIED VIA ${plugin} USING PASSWORD('${KEEPS_THE_RULE}')`);
        onTestFinished(async () => {
          await server.query("DROP USER IF EXISTS app@'%', app_clone@'%'");
        });
      }

      async function refused(user: string): Promise<void> {
        const error = await failureOf(letIn(user, WEAK));
        expect(error.name).toBe('CandidateRefused');
        expect(error.message).toMatch(/1819.*rotation:length/);
        expect(error.message).not.toContain(WEAK);
      }

      it.each(['app', 'app_clone'])('is CandidateRefused for %s; both users are as they were', async (user) => {
        await newFirst();
        await letIn('app_clone', ALSO_DOES);
        const before = await stored();
        await refused(user);
        expect(await stored()).toEqual(before);
        await logIn('app', KEEPS_THE_RULE);
        await logIn('app_clone', ALSO_DOES);
      });

      it('makes no clone where there was none, and another password lets it in', async () => {
        await newFirst();
        const before = await stored();
        await refused('app_clone');
        await logIn('app', KEEPS_THE_RULE);
        expect(await stored()).toEqual(before);
        await letIn('app_clone', ALSO_DOES);
        await logIn('app_clone', ALSO_DOES);
      });
    });
  },
  { only: MARIADB, plugins: ['auth_ed25519', 'simple_password_check'] },
);
