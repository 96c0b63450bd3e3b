import { createConnection } from 'mariadb';
import type { DatabaseServer, ServerAddress } from './database-server.ts';

/** A server whose sessions are opened with the driver; it runs one statement at a time. */
export function mysqlServerAt(address: ServerAddress, stop: () => Promise<void>): DatabaseServer {
  const { host, port, superuser } = address;
  return {
    ...address,
    stop,
    async query(sql, { username, password, database } = superuser) {
      const connection = await createConnection({
        host,
        port,
        user: username,
        password,
        ...(database !== undefined && { database }),
        allowPublicKeyRetrieval: true,
        connectTimeout: 10_000,
      });
      // Without a listener, a connection that breaks between two queries would end the process.
      connection.on('error', () => {});
      try {
        const answer: unknown = await connection.query(sql);
        return Array.isArray(answer) ? answer : [];
      } finally {
        await connection.end();
      }
    },
  };
}
