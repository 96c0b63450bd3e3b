import type { Dialect } from './dialect.ts';
import { braces } from './odbc.ts';
import { readPairs } from './semicolon-pairs.ts';

/** `jdbc:sqlserver://host\instance:1433;user=u;password={p;q};` (https://learn.microsoft.com/sql/connect/jdbc/building-the-connection-url) */
export const jdbcSqlServer: Dialect = {
  name: 'a SQL Server JDBC URL',
  read(text) {
    const [server] = /^\s*jdbc:sqlserver:\/\/[^;]*;/i.exec(text) ?? [];
    return server === undefined ? undefined : readPairs(text, server.length, braces);
  },
};
