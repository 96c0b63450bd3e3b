import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda';

/** There is nothing to deploy yet. */
export class NotBuilt extends Error {
  override readonly name = 'NotBuilt';

  constructor(file: string) {
    super(`There is no ${file}: run "npm run build" first.`);
  }
}

/**
 * The very files of a folder that `npm run build` wrote for one function.
 *
 * @throws NotBuilt
 */
export function bundleOf(folder: string): AssetCode {
  const file = join(folder, 'index.mjs');
  if (!existsSync(file)) throw new NotBuilt(file);
  return Code.fromAsset(folder);
}
