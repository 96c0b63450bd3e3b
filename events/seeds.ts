import { randomBytes } from 'node:crypto';
import { startPostgres } from '../local/databases/postgres-server.ts';

/** The first value of a secret to replay events against, and what it needs to be true. */
export interface Seed {
  readonly secretString: string;
  /** Ends what was started for it. */
  close(): Promise<void>;
}

/** One a function, by folder name. A function without one needs `--secret`. */
const seeds: Readonly<Record<string, () => Promise<Seed>>> = {
  'random-password': async () => ({
    secretString: JSON.stringify({ username: 'app', password: newPassword() }),
    close: async () => {},
  }),

  async 'postgres-single-user'() {
    const postgres = await startPostgres();
    const username = `replay_app_${randomBytes(3).toString('hex')}`;
    const password = newPassword();
    await postgres.query(`CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
    const { host, port } = postgres;
    return {
      secretString: JSON.stringify({ engine: 'postgres', host, port, username, password, ssl: false }),
      close: () => postgres.stop(),
    };
  },
};

export function seedFor(functionName: string): (() => Promise<Seed>) | undefined {
  return Object.hasOwn(seeds, functionName) ? seeds[functionName] : undefined;
}

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}
