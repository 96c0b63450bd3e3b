import { cloudflare } from './cloudflare.ts';
import { datadog } from './datadog.ts';
import { grafana } from './grafana.ts';
import { http } from './http.ts';
import { okta } from './okta.ts';
import type { Provider } from './provider.ts';
import { sendgrid } from './sendgrid.ts';

/** What the function `api-key` knows, by the field `provider` of its secrets. */
export const providers: readonly Provider[] = [cloudflare, datadog, grafana, okta, sendgrid, http];
