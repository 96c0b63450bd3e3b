import { auth0 } from './auth0.ts';
import { cloudflare } from './cloudflare.ts';
import { datadog } from './datadog.ts';
import type { DeclaredProvider } from './declared-provider.ts';
import { entraId } from './entra-id.ts';
import { grafana } from './grafana.ts';
import { http } from './http.ts';
import { okta } from './okta.ts';
import type { Provider } from './provider.ts';
import { sendgrid } from './sendgrid.ts';

/** The issuers that are known here. */
export const issuers: readonly DeclaredProvider[] = [auth0, cloudflare, datadog, entraId, grafana, okta, sendgrid];

/** What the function `api-key` knows, by the field `provider` of its secrets. */
export const providers: readonly Provider[] = [...issuers, http];
