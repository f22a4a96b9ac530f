import { logInPage } from '../pages.tsx';
import { HTML, type Exchange } from '../route.ts';

/** Sends the form to log in. */
export async function sendLogIn({ reply }: Exchange): Promise<unknown> {
  return reply.type(HTML).send(logInPage(null));
}
