/** What a service says no with; `code` as the wire has it, which is not always the name that the SDK gives it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Text, elements by name, or several elements of one name. */
export type Content = string | readonly Content[] | { readonly [name: string]: Content | undefined };

/** The answer of an operation: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html */
export function answerXml(namespace: string, operation: string, result: Content | undefined): string {
  const answered = {
    ...(result !== undefined && { [`${operation}Result`]: result }),
    ResponseMetadata: { RequestId: REQUEST_ID },
  };
  return `<${operation}Response xmlns="${namespace}">${xml(answered)}</${operation}Response>`;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
export function errorXml(namespace: string, { status, code, message }: Refusal): string {
  const error = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message };
  return `<ErrorResponse xmlns="${namespace}">${xml({ Error: error, RequestId: REQUEST_ID })}</ErrorResponse>`;
}

const REQUEST_ID = '7a62c49f-347e-4fc4-9331-6e8eEXAMPLE';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function xml(content: Content | undefined, name?: string): string {
  if (content === undefined) return '';
  if (Array.isArray(content)) return content.map((item) => xml(item, name)).join('');
  const inner =
    typeof content === 'string'
      ? content.replace(/[&<>]/g, (character) => ENTITIES[character] ?? '')
      : Object.entries(content).map(([child, value]) => xml(value, child));
  const text = typeof inner === 'string' ? inner : inner.join('');
  return name === undefined ? text : `<${name}>${text}</${name}>`;
}
