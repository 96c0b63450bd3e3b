import { realTime } from '../clock.ts';
import { openDeclared } from './declared-provider.ts';
import { DECLARATION, parseDeclaration } from './http-declaration.ts';
import type { Provider } from './provider.ts';

/**
 * Any issuer: its declaration is the deployer's own, in the field `declaration` of the administrator's secret. It says
 * what those of this folder say, but for their name.
 */
export const http: Provider = {
  name: 'http',
  open: (access, limit) => openDeclared(parseDeclaration(access.administrator[DECLARATION]), access, limit, realTime),
};
