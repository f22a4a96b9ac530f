/** For messages: without query (keys), credentials and fragment, and not longer than a line. */
export function shownUrl(url: URL): string {
  const text = `${url.protocol}//${url.host}${url.pathname}`;
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

/** The port that is connected to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
