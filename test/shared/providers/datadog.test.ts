import { fakeDatadog } from '../../../local/issuers/datadog.ts';
import { datadog } from '../../../shared/providers/datadog.ts';
import { providerSuite } from '../../conformance/provider.ts';

providerSuite({ declaration: datadog.declaration, fake: fakeDatadog });
