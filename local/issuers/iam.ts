import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listening } from '../listening.ts';
import { createIamOperations, type Operation } from './iam-operations.ts';
import { IamUsers } from './iam-users.ts';
import { answerXml, errorXml, Refusal } from './query-protocol.ts';
import { isSignedWith, signerOf } from './signature.ts';

/** Something that goes wrong once, instead of an operation or after it. */
export interface IamFault {
  readonly operation: string;
  /** An error code; or else the connection ends without an answer, or with a text that is no XML. */
  readonly answer: { readonly status: number; readonly code: string } | 'lost' | { readonly text: string };
  /** Whether the operation was done all the same. */
  readonly done?: boolean;
}

export interface IamOptions {
  readonly account?: string;
  /** Of the function that asks, as the environment of its process has it. */
  readonly role?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly now?: () => Date;
}

export interface FakeIam {
  /** For AWS_ENDPOINT_URL_IAM and AWS_ENDPOINT_URL_STS. */
  readonly endpoint: string;
  readonly users: IamUsers;
  /** Each request as `<operation> <user or key>`; of GetCallerIdentity, the key that signed. */
  readonly calls: string[];
  readonly faults: IamFault[];
  /** ARNs of the users that the role may act on; absent for all of them. */
  allowed: readonly string[] | undefined;
  /** How many requests signed by a key that is made from now on are refused before it is known everywhere. */
  propagation: number;
  /** How many keys a page of ListAccessKeys holds. */
  pageSize: number;
  close(): Promise<void>;
}

const NAMESPACES = {
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
};

/**
 * The operations of IAM and STS that rotate a user's access key, over the query protocol, with their limits and errors.
 * Signatures are checked, also those of the function itself; policies are not, but for which users the role may act on.
 */
export async function startIam(options: IamOptions = {}): Promise<FakeIam> {
  const { account = '123456789012', now = () => new Date() } = options;
  const role = options.role ?? { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'local' };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  const { endpoint, close } = await listening(server);
  const fake: FakeIam = {
    endpoint,
    users: new IamUsers(account, now),
    calls: [],
    faults: [],
    allowed: undefined,
    propagation: 0,
    pageSize: 100,
    close,
  };
  const operations = createIamOperations(fake);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    const form = new URLSearchParams(body);
    const name = form.get('Action') ?? '';
    const operation = operations.get(name);
    const namespace = NAMESPACES[operation?.service ?? 'iam'];
    try {
      if (operation === undefined) throw new Refusal(400, 'InvalidAction', `Could not find operation ${name}`);
      const caller = callerOf(request, body, operation);
      fake.calls.push(`${name} ${operation.about(form, caller)}`);
      const fault = takeFault(name);
      if (fault && !fault.done) return fail(fault.answer);
      const result = operation.run(form, caller);
      if (fault) return fail(fault.answer);
      send(200, answerXml(namespace, name, result));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(error.status, errorXml(namespace, error));
    }

    function fail(how: IamFault['answer']): void {
      if (how === 'lost') request.socket.destroy();
      else if ('text' in how) send(200, how.text);
      else throw new Refusal(how.status, how.code, 'As the test wants it.');
    }

    function send(status: number, xml: string): void {
      response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
    }
  }

  function takeFault(operation: string): IamFault | undefined {
    const index = fake.faults.findIndex((fault) => fault.operation === operation);
    return index === -1 ? undefined : fake.faults.splice(index, 1)[0];
  }

  /** The id of the key that signed: the role's own, or an active one of a user. */
  function callerOf(request: IncomingMessage, body: string, { service }: Operation): string {
    const { method = '', url: path = '', headers } = request;
    const signer = signerOf(headers);
    if (signer?.service !== service) {
      throw new Refusal(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token');
    }
    const isRole = signer.accessKeyId === role.accessKeyId;
    const key = fake.users.key(signer.accessKeyId);
    const secret = isRole ? role.secretAccessKey : key?.secret;
    const known = isRole || (key?.active && key.unknownFor === 0);
    if (key && key.unknownFor > 0) key.unknownFor -= 1;
    if (secret === undefined || !known) {
      throw new Refusal(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
    }
    if (!isSignedWith(secret, { method, path, headers, body }, signer)) {
      throw new Refusal(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );
    }
    if (key) key.lastUsedAt = now();
    return signer.accessKeyId;
  }

  return fake;
}
