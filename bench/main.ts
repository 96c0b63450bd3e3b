import { build, buildOperations } from '../build.ts';
import { MYSQL_KINDS, mysqlMissing } from '../local/databases/mysql-kinds.ts';
import { bundleSizes } from './bundle-size.ts';
import { coldStart } from './cold-start.ts';
import { crashPoints } from './crash-points.ts';
import { isMet, table } from './figure.ts';
import { rotationCost } from './rotation-cost.ts';
import { synthesis } from './synth.ts';

const bundles = await build();
await buildOperations();
const random = bundles.find(({ functionName }) => functionName === 'random-password');
if (random === undefined) throw new Error('There is no function random-password to measure.');
const servers = MYSQL_KINDS.filter((kind) => mysqlMissing(kind) === undefined);
console.error('Measuring, for some minutes: most of them go by while functions are killed at each of their effects.');
const figures = [
  ...bundleSizes(bundles),
  await coldStart(random.file),
  ...(await rotationCost(servers)),
  ...(await crashPoints()),
  ...(await synthesis()),
];
console.log(table(figures));
for (const kind of MYSQL_KINDS) {
  const missing = mysqlMissing(kind);
  if (missing !== undefined) console.log(`\nNot measured: ${missing}`);
}
process.exitCode = figures.every(isMet) ? 0 : 1;
