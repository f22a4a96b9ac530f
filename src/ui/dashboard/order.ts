import { answerIn, type OrderAnswer } from './overview.ts';

/** Asks the server to do something; what it says, with an error in words if it was not done. Never rejects. */
export async function sendOrder(path: string, order: object | null = null): Promise<OrderAnswer> {
  try {
    const body = order === null ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(order) };
    const answer = await fetch(path, { method: 'POST', ...body });
    const said = await answer.text();
    if (answer.ok) return answerIn(said);
    return { error: errorIn(said) ?? `The server said ${answer.status}` };
  } catch {
    return { error: 'No connection to the server: look whether it was done before you try again' };
  }
}

/** Null if it was not ours: a proxy speaks HTML. */
function errorIn(said: string): string | null {
  try {
    return answerIn(said).error ?? null;
  } catch {
    return null;
  }
}
