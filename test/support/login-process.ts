import { text } from 'node:stream/consumers';
import { mysql } from '../../shared/engines/mysql.ts';
import { postgres } from '../../shared/engines/postgres.ts';
import { Sensitive } from '../../shared/secrets/sensitive.ts';
import { timeLimit } from './time-limit.ts';

// A program: reads a login from its standard input, tries it, and prints what came of it.
const { engineName, password, ...login } = JSON.parse(await text(process.stdin));
const engine = [mysql, postgres].find(({ name }) => name === engineName) ?? postgres;
const outcome = await engine.connect({ ...login, password: new Sensitive(password) }, timeLimit(5_000)).then(
  async (session) => {
    await session.probe();
    await session.close();
    return { name: 'logged in', message: '' };
  },
  (error: Error) => ({ name: error.name, message: error.message }),
);
process.stdout.write(JSON.stringify(outcome));
