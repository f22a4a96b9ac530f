import { HubApiError, InvalidApiResponseFormatError } from '@huggingface/hub';
import { messageOf, RetryLater, StopTheRun, WinnowError } from '../../kernel/errors.ts';
import { PUBLISH_CUT } from '../../kernel/publish.ts';
import { isNetwork, networkText } from './hub-fetch.ts';

/** Named in the messages, except for the token, which is removed from them. */
export interface HubPlace {
  readonly hubUrl: string;
  /** `OWNER/NAME` */
  readonly name: string;
  readonly token: string;
}

const ADVICE: Readonly<Record<number, { readonly code: string; readonly text: (place: HubPlace) => string }>> = {
  401: {
    code: 'hub-token',
    text: ({ hubUrl }) =>
      `The Hub does not know the token in HF_TOKEN. Make one that may write at ${hubUrl}/settings/tokens, and set HF_TOKEN to it.`,
  },
  403: {
    code: 'hub-denied',
    text: ({ name }) =>
      `The token in HF_TOKEN may not write to ${name}. Give it write access to that repository, or give --to a repository of its owner.`,
  },
  404: {
    code: 'hub-missing',
    text: ({ name }) => `The Hub has no dataset ${name} that the token in HF_TOKEN may see.`,
  },
};

const MAX_CHARS = 300;

/**
 * The error to show for a failed call. It names neither the token nor the address of a request: the address of an upload
 * is signed and allows anyone who has it to write there.
 */
export function hubFailure(error: unknown, place: HubPlace): unknown {
  if (error instanceof WinnowError) return error;
  if (error instanceof HubApiError) return answerOf(error, place);
  if (error instanceof SyntaxError || error instanceof InvalidApiResponseFormatError)
    return new StopTheRun(
      `${place.hubUrl} does not answer as a Hub does. Is HF_ENDPOINT right, and no login page between?`,
      {
        code: 'hub-answer',
        cause: error,
      },
    );
  if (!isNetwork(error)) return error;
  return new RetryLater(
    `The connection to ${place.hubUrl} broke: ${shown(networkText(error), place)}. What was sent stays there; run the command again to go on.`,
    { code: PUBLISH_CUT },
  );
}

function answerOf({ statusCode: status, data, url }: HubApiError, place: HubPlace): Error {
  // The storage of LFS files is another service, which knows no tokens.
  const advice = url.startsWith(`${place.hubUrl}/`) ? ADVICE[status] : undefined;
  if (advice !== undefined) return new StopTheRun(`${advice.text(place)} (HTTP ${status})`, { code: advice.code });
  const said = `${place.hubUrl} answered HTTP ${status}: ${shown(textOf(data), place)}`;
  if (status === 429)
    return new RetryLater(`${said}. It asks for a pause: run the command again later to go on.`, { code: 'hub-busy' });
  if (status >= 500 || status === 408)
    return new RetryLater(`${said}. What was sent stays there; run the command again to go on.`, { code: PUBLISH_CUT });
  return new StopTheRun(`${said}. The Hub refuses this; what was sent before stays there.`, { code: 'hub-refused' });
}

function textOf(data: HubApiError['data']): string {
  return messageOf(data?.['error'] ?? data?.['message'] ?? 'no reason given');
}

function shown(text: string, { token }: HubPlace): string {
  return text.replaceAll(token, '***').replaceAll(/\s+/g, ' ').trim().slice(0, MAX_CHARS);
}
