/** A URL for messages: without query (which may contain keys), credentials and fragment, and cut to the length of a line. */
export function shownUrl(url: URL): string {
  const text = `${url.protocol}//${url.host}${url.pathname}`;
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
