import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import type { Declaration } from '../../../shared/providers/declaration.ts';
import { providerSuite } from '../../conformance/provider.ts';
import { chosenKeys, fakeChosenKeys } from '../../support/chosen-keys.ts';

const { declaration } = datadog;
const { createdAt: _, ...list } = declaration.list ?? { request: 'GET /', items: '', id: '' };
const named = (name: string, fake = fakeDatadog()) => ({ ...fake, name });

/** The classes of issuers that no declared provider of today is of. */
const classes: readonly { readonly declaration: Declaration; readonly limit: number }[] = [
  { declaration: { ...declaration, name: 'two-keys', facts: { ...declaration.facts, livingKeys: 2 } }, limit: 2 },
  { declaration: { ...declaration, name: 'no-dates', list }, limit: 50 },
];
for (const { declaration, limit } of classes) {
  providerSuite({ declaration, fake: () => named(declaration.name, fakeDatadog(limit)) });
}

providerSuite({
  declaration: chosenKeys,
  fake: fakeChosenKeys,
  target: { app: 'app-1' },
  account: 'app-1',
  dedicated: true,
});
