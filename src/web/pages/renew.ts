const AGAIN_AFTER_MS = 2_000;

/** Reads the page again every two seconds while it has an element that matches `selector`, and gives it to `show`. */
export function renewWhile(selector: string, show: (fresh: Document) => void): void {
  const renew = async (): Promise<void> => {
    try {
      const answer = await fetch(location.href);
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    } catch {
      // The server cannot be reached just now.
    }
  };
  setInterval(() => document.querySelector(selector) !== null && void renew(), AGAIN_AFTER_MS);
}
