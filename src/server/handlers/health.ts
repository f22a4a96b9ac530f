/** The process runs. */
export async function sendHealth(): Promise<unknown> {
  return { status: 'up' };
}
