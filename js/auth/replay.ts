// An API request that can be sent more than once.
import * as captured from '../browser/captured-globals.js';
import { brandOf } from '../util/brand.js';

export interface Replayable {
  readonly request: Request;
  /**
   * What to send again: null without a body, the text, or a copy of the request, which has the bytes of the time of the call.
   * Undefined if the body is a stream, which can be sent only once.
   */
  readonly replayBody: string | Request | null | undefined;
}

/** `body` is the body that the caller passed beside the request, if any. */
export function replayBodyOf(request: Request, body: BodyInit | null | undefined): Replayable['replayBody'] {
  // (Firefox does not show whether there is a body.)
  if (captured.bodyOf(request) === null || /^(GET|HEAD)$/.test(captured.methodOf(request))) return null;
  // The copy of a request with a body costs 0.3 ms.
  return typeof body === 'string' ? body : copyWithBytes(request, body);
}

/** Returns the same request once more, or undefined if its body can be sent only once. */
export function copyRequest({ request, replayBody }: Replayable): Request | undefined {
  if (replayBody === null) return new captured.Request(request);
  if (typeof replayBody !== 'string') return replayBody && captured.clone(replayBody);
  // A Request that is made with an init loses its referrer unless it is passed.
  const referrer = captured.referrerOf(request);
  const referrerPolicy = captured.referrerPolicyOf(request);
  return new captured.Request(request, { __proto__: null, body: replayBody, referrer, referrerPolicy } as RequestInit);
}

/** A copy of the request, or undefined if its body is a stream: the copy of a stream would hold in memory all that passes. */
function copyWithBytes(request: Request, body: BodyInit | null | undefined): Request | undefined {
  if (brandOf(body) === 'ReadableStream' || Symbol.asyncIterator in Object(body)) return undefined;
  const copy = captured.clone(request);
  if (body != null) return copy;
  try {
    // The body is inside the request. The constructor refuses this mode if the body is a stream (Fetch, "new Request", step 39).
    new captured.Request(captured.clone(copy), NO_CORS);
    return copy;
  } catch {
    captured
      .bodyOf(copy)
      ?.cancel()
      .catch(() => {});
    return undefined;
  }
}
const NO_CORS = { __proto__: null, method: 'POST', mode: 'no-cors', cache: 'default', integrity: '' } as RequestInit;
